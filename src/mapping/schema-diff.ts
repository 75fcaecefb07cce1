import type { Side } from '../model/policy.ts';
import { type Column, type TableSchema, tableName } from '../model/schema.ts';
import type { EngineName } from './declaration.ts';
import type { SchemaFileSide } from './schema-file.ts';
import { type Col, mariadbTable, mysqlTable, pgTable, type Table } from './tables.ts';

export type SchemaAspect =
  | 'table'
  | 'column'
  | 'engine'
  | 'key'
  | 'type'
  | 'nullable'
  | 'values'
  | 'default'
  | 'auto'
  | 'generated'
  | 'references';

/** One thing in which a database is not as tandem.schema.ts has it. */
export interface SchemaDifference {
  readonly side: Side;
  /** `added` and `removed`: in the database, as against the file. */
  readonly change: 'added' | 'removed' | 'changed';
  /** What of it: `table` and `column` where that itself is added or removed. */
  readonly aspect: SchemaAspect;
  /** `schema.table`. */
  readonly table: string;
  /** null where it concerns the table. */
  readonly column: string | null;
  /** What the file and the database say; null where there is no such thing. */
  readonly file: string | null;
  readonly database: string | null;
}

/**
 * In what the databases differ from a schema file's exports. The order of tables, columns and lines makes no
 * difference; that of a key's columns and of an ENUM's labels does.
 */
export function schemaDifferences(
  exported: Readonly<Record<string, unknown>>,
  sides: Readonly<Record<Side, SchemaFileSide>>,
): readonly SchemaDifference[] {
  return (['left', 'right'] as const).flatMap((side) => {
    const { engine, label, tables } = sides[side];
    return diffTables(
      side,
      tablesIn(exported[label]),
      tables.map((table) => tableOf(engine, table)),
    );
  });
}

function tablesIn(exported: unknown): readonly Table[] {
  return typeof exported === 'object' && exported !== null ? Object.values(exported).filter(isTable) : [];
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && 'engine' in value && 'columns' in value && 'key' in value;
}

const MAKERS = { postgres: pgTable, mysql: mysqlTable, mariadb: mariadbTable };

/** A table as a schema file that is written now would export it. */
function tableOf(engine: EngineName, table: TableSchema): Table {
  const columns = Object.fromEntries(table.columns.map((column) => [column.name, colOf(column, table)]));
  return MAKERS[engine](tableName(table.ref), columns, table.key);
}

function colOf(column: Column, table: TableSchema): Col {
  const { kind, native, nullable, auto, generated } = column;
  const hasDefault = column.hasDefault && !auto && !generated;
  const reference = table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === column.name);
  return {
    kind,
    native,
    nullable,
    optional: nullable || auto || hasDefault || generated,
    values: kind === 'text' ? column.values : null,
    auto,
    hasDefault,
    generated,
    references:
      reference === undefined ? null : [tableName(reference.references), reference.referencedColumns[0] ?? ''],
  };
}

function diffTables(side: Side, file: readonly Table[], database: readonly Table[]): readonly SchemaDifference[] {
  const names = [...new Set([...file, ...database].map(({ name }) => name))].toSorted();
  return names.flatMap((table) => {
    const was = file.find(({ name }) => name === table);
    const is = database.find(({ name }) => name === table);
    const about = { side, table, column: null };
    if (was === undefined || is === undefined) {
      return [{ ...about, aspect: 'table', ...changed(was && tableText(was), is && tableText(is)) }];
    }
    const own: readonly SchemaDifference[] = aspects([
      ['engine', was.engine, is.engine],
      ['key', listText(was.key), listText(is.key)],
    ]).map((each) => ({ ...about, ...each }));
    return [...own, ...diffColumns(side, was, is)];
  });
}

function diffColumns(side: Side, { name: table, columns: file }: Table, is: Table): readonly SchemaDifference[] {
  const database = is.columns;
  return [...new Set([...Object.keys(file), ...Object.keys(database)])].flatMap((column) => {
    const before = file[column];
    const after = database[column];
    const about = { side, table, column };
    if (before === undefined || after === undefined) {
      return [{ ...about, aspect: 'column', ...changed(before && colText(before), after && colText(after)) }];
    }
    const [was, now] = [facts(before), facts(after)];
    return aspects(was.map(([aspect, text], at) => [aspect, text, now[at]?.[1] ?? ''])).map((each) => ({
      ...about,
      ...each,
    }));
  });
}

type Aspects = Pick<SchemaDifference, 'aspect' | 'change' | 'file' | 'database'>;

function aspects(pairs: readonly (readonly [SchemaAspect, string, string])[]): readonly Aspects[] {
  return pairs.flatMap(([aspect, file, database]) =>
    file === database ? [] : [{ aspect, change: 'changed' as const, file, database }],
  );
}

function changed(file: string | undefined, database: string | undefined): Omit<Aspects, 'aspect'> {
  return {
    change: file === undefined ? 'added' : 'removed',
    file: file ?? null,
    database: database ?? null,
  };
}

function facts(col: Col): readonly (readonly [SchemaAspect, string])[] {
  return [
    ['type', `${col.native} (${col.kind})`],
    ['nullable', col.nullable ? 'NULL' : 'NOT NULL'],
    ['values', col.values === null ? 'any' : listText(col.values.map((label) => `'${label}'`))],
    ['default', col.hasDefault ? 'yes' : 'no'],
    ['auto', col.auto ? 'yes' : 'no'],
    ['generated', col.generated ? 'yes' : 'no'],
    ['references', col.references === null ? 'nothing' : `${col.references[0]} (${col.references[1]})`],
  ];
}

function tableText({ columns, key }: Table): string {
  return `${listText(Object.keys(columns))}; key ${listText(key)}`;
}

function colText(col: Col): string {
  return `${col.native} ${col.nullable ? 'NULL' : 'NOT NULL'}`;
}

function listText(parts: readonly string[]): string {
  return parts.length === 0 ? 'none' : parts.join(', ');
}
