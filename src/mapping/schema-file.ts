import type { Side } from '../model/policy.ts';
import { type Column, type TableSchema, tableName } from '../model/schema.ts';
import { propertySource, stringSource } from './codec-spec.ts';
import type { EngineName } from './declaration.ts';

export interface SchemaFileSide {
  readonly engine: EngineName;
  /** The name under which the configuration imports this side's tables, such as `legacy`. */
  readonly label: string;
  readonly tables: readonly TableSchema[];
}

const MAKERS: Readonly<Record<EngineName, string>> = {
  postgres: 'pgTable',
  mysql: 'mysqlTable',
  mariadb: 'mariadbTable',
};

/**
 * The text of tandem.schema.ts: both sides' tables as the compiler needs to know them. Equal schemas give equal text,
 * so that a difference in version control is a difference in a database.
 */
export function schemaFile(sides: Readonly<Record<Side, SchemaFileSide>>): string {
  const makers = [...new Set([MAKERS[sides.left.engine], MAKERS[sides.right.engine]])].toSorted();
  return [
    '// Written by `tandem pull` from the databases. Commit it; do not edit it: `tandem pull --check` compares it.',
    `import { c, ${makers.join(', ')} } from 'tandem-sync';`,
    '',
    sideSource(sides.left),
    '',
    sideSource(sides.right),
    '',
  ].join('\n');
}

function sideSource({ engine, label, tables }: SchemaFileSide): string {
  const names = tableProperties(tables);
  const sorted = tables.toSorted((a, b) => compareText(tableName(a.ref), tableName(b.ref)));
  const entries = sorted.map((table) => tableSource(names.get(table) ?? table.ref.table, table, MAKERS[engine]));
  return `export const ${label} = {\n${entries.join('\n')}\n};`;
}

/**
 * `users` for `legacy_users` when all tables share the prefix; the schema's name before it where two tables collide.
 */
export function tableProperties(tables: readonly TableSchema[]): ReadonlyMap<TableSchema, string> {
  const prefix = sharedPrefix(tables.map((table) => table.ref.table));
  const names = new Map(tables.map((table) => [table, table.ref.table.slice(prefix.length)]));
  for (const [table, name] of names) {
    const collides = [...names].some(([other, otherName]) => other !== table && otherName === name);
    if (collides) names.set(table, `${table.ref.schema}_${table.ref.table}`);
  }
  return names;
}

/** What all names have before an underscore, such as `legacy_`; empty for a single table or where nothing is shared. */
export function sharedPrefix(names: readonly string[]): string {
  const [first, ...rest] = names;
  const prefix = /^[a-z0-9]+_/i.exec(first ?? '')?.[0] ?? '';
  return rest.length > 0 && rest.every((name) => name.startsWith(prefix) && name.length > prefix.length) ? prefix : '';
}

function tableSource(property: string, table: TableSchema, maker: string): string {
  const columns = table.columns.map((column) => `    ${propertySource(column.name)}: ${columnSource(column, table)},`);
  const key = table.key.map(stringSource).join(', ');
  return [
    `  ${propertySource(property)}: ${maker}(${stringSource(tableName(table.ref))}, {`,
    ...columns,
    `  }, [${key}]),`,
  ].join('\n');
}

function columnSource(column: Column, table: TableSchema): string {
  const options = [
    ...(column.nullable ? ['null: true'] : []),
    ...(column.auto ? ['auto: true'] : []),
    ...(column.generated ? ['gen: true'] : []),
    ...(column.hasDefault && !column.auto && !column.generated ? ['def: true'] : []),
    ...(column.kind === 'text' && column.values !== null
      ? [`in: [${column.values.map(stringSource).join(', ')}]`]
      : []),
    ...referenceSource(column, table),
  ];
  const suffix = options.length === 0 ? '' : `, { ${options.join(', ')} }`;
  return `c('${column.kind}', ${stringSource(column.native)}${suffix})`;
}

function referenceSource(column: Column, table: TableSchema): readonly string[] {
  const foreignKey = table.foreignKeys.find((key) => key.columns.length === 1 && key.columns[0] === column.name);
  if (foreignKey === undefined) return [];
  const [parent, referenced = ''] = [tableName(foreignKey.references), foreignKey.referencedColumns[0]];
  return [`ref: [${stringSource(parent)}, ${stringSource(referenced)}]`];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
