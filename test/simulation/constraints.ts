import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import type { Side } from '../../src/model/policy.ts';
import { type Ending, textOf } from './family.ts';

/** Every promise of the tables' definitions that the rows break, looked at from scratch and not by any index. */
export function brokenConstraints(
  databases: Ending['databases'],
  tables: Readonly<Record<Side, readonly TableDefinition[]>>,
): string[] {
  return (['left', 'right'] as const).flatMap((side) => {
    const rowsOf = (table: string) => databases[side].rows(table);
    return tables[side].flatMap((definition) =>
      [...duplicates(definition, rowsOf(definition.table)), ...orphans(definition, tables[side], rowsOf)].map(
        (text) => `${text} on the ${side} side`,
      ),
    );
  });
}

function duplicates({ table, key, uniques = [] }: TableDefinition, rows: readonly Fields[]): string[] {
  return [key, ...uniques].flatMap((columns) => {
    const found = rows.flatMap((row) => valuesOf(row, columns) ?? []);
    return new Set(found).size === found.length ? [] : [`two rows of ${table} share ${columns.join(', ')}`];
  });
}

function orphans(
  { table, foreignKeys = [] }: TableDefinition,
  tables: readonly TableDefinition[],
  rowsOf: (table: string) => readonly Fields[],
): string[] {
  return foreignKeys.flatMap(({ columns, references, referencedColumns }) => {
    const parent = tables.find((each) => each.table === references);
    const by = referencedColumns ?? parent?.key ?? [];
    const parents = new Set(rowsOf(references).map((row) => valuesOf(row, by)));
    return rowsOf(table).flatMap((row) => {
      const values = valuesOf(row, columns);
      return values === null || parents.has(values) ? [] : [`a row of ${table} refers to no row of ${references}`];
    });
  });
}

/** Null where a value is NULL: such a row promises nothing. */
function valuesOf(row: Fields, columns: readonly string[]): string | null {
  return columns.some((column) => row[column] === null) ? null : JSON.stringify(columns.map((at) => textOf(row[at])));
}
