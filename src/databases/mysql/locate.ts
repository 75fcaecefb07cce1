import type { Column } from '../../model/schema.ts';
import type { Row } from '../../model/value.ts';
import type { Flavor } from './flavor.ts';
import { quoteName, quoteText } from './literals.ts';
import type { Session, TableIndex } from './session.ts';
import { type CompiledShape, exactText } from './shape.ts';

/**
 * The table under the name `t`, with a hint to find rows by the index over the columns `by`. Left alone, the optimizer
 * reads a small table as a whole, and then locks, or waits for, rows that nobody asked for.
 */
export async function tableBy(session: Session, compiled: CompiledShape, by: readonly number[]): Promise<string> {
  const columns = by.flatMap((at) => compiled.shape.columns[at]?.name ?? []);
  const fitting = (await indexesOf(session, compiled)).find(
    (index) =>
      index.columns.length >= columns.length &&
      columns.every((name) => index.columns.slice(0, columns.length).includes(name)),
  );
  const hint = fitting === undefined ? '' : ` FORCE INDEX (${quoteName(fitting.name)})`;
  return `${compiled.table} t${hint}`;
}

/** Unique indexes come first, the primary key before all. */
async function indexesOf(session: Session, compiled: CompiledShape): Promise<readonly TableIndex[]> {
  const known = session.indexes.get(compiled.table);
  if (known !== undefined) return known;
  const { schema, table } = compiled.shape.ref;
  const rows = await session.rows(
    'SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS ' +
      `WHERE TABLE_SCHEMA = ${quoteText(schema)} AND TABLE_NAME = ${quoteText(table)} AND INDEX_TYPE = 'BTREE' ` +
      "ORDER BY INDEX_NAME = 'PRIMARY' DESC, NON_UNIQUE, INDEX_NAME, SEQ_IN_INDEX",
  );
  const columns = new Map<string, string[]>();
  for (const [name, column] of rows) {
    const list = columns.get(String(name));
    if (list === undefined) columns.set(String(name), [String(column)]);
    else list.push(String(column));
  }
  const indexes = [...columns].map(([name, list]) => ({ name, columns: list }));
  session.indexes.set(compiled.table, indexes);
  return indexes;
}

/**
 * What stands behind FROM to meet exactly the rows with these keys: a table of literals `v` drives the join and each
 * key is looked up in the index. DELETE ignores index hints for a list of keys, but not for a join.
 */
export async function rowsByKey(
  session: Session,
  flavor: Flavor,
  compiled: CompiledShape,
  keys: readonly Row[],
): Promise<string> {
  const { key } = compiled.shape;
  const writers = key.map((at) => compiled.derivedWriters[at] ?? String);
  const literals = keys.map((values) => writers.map((write, at) => write(values[at] ?? null)).join(','));
  const derived = flavor.derivedTable(
    key.map((_, at) => `c${at}`),
    literals,
  );
  return `${derived} STRAIGHT_JOIN ${await tableBy(session, compiled, key)} ON ${joinConditions(compiled)}`;
}

/** `ON` of a join between the table `t` and a table of literals `v`, whose first columns `c0`, `c1`... are the key. */
export function joinConditions(compiled: CompiledShape): string {
  return compiled.keyColumns.map((column, at) => joinCondition(column, `v.c${at}`)).join(' AND ');
}

/**
 * Texts are compared in the column's own character set and collation, so that its index serves, and then byte by
 * byte.
 */
function joinCondition(column: Column, literal: string): string {
  const own = `t.${quoteName(column.name)}`;
  const { charset, collation } = column;
  if (charset === null || collation === null) return `${own} = ${literal}`;
  const converted = charset === 'utf8mb4' ? literal : `CONVERT(${literal} USING ${charset})`;
  return `${own} = ${converted} COLLATE ${collation} AND ${exactText(own)} = ${exactText(literal)}`;
}
