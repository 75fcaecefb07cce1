import type { TableShape } from '../../model/plan.ts';
import { tableName } from '../../model/schema.ts';
import type { Row } from '../../model/value.ts';
import type { Answer } from './connect.ts';
import { holds } from './exact.ts';
import { columnLiteral, decodeRows, encodeCell, pick, shapeSql, unnest } from './rows.ts';
import { castType } from './types.ts';

/** Runs a statement about one table. */
export type Run = (sql: string, values: readonly (string | null)[], table?: string) => Promise<Answer>;

/** The condition that a row has a key; `first` is the number of the key's first parameter. */
export function keyCondition(shape: TableShape, first: number): string {
  const { names } = shapeSql(shape);
  const parts = pick(shape.columns, shape.key).map((column, at) =>
    holds(column, names[shape.key[at] ?? 0] ?? '', `$${first + at}::${castType(column.native)}`),
  );
  return parts.join(' AND ');
}

/** The rows with these keys, locked, in the order of the keys; null = absent. */
export async function lockRows(run: Run, shape: TableShape, keys: readonly Row[]): Promise<(Row | null)[]> {
  const locked: (Row | null)[] = keys.map(() => null);
  if (keys.length === 0) return locked;
  const { table, names, encoders } = shapeSql(shape);
  const columns = pick(shape.columns, shape.key);
  const keyNames = pick(names, shape.key);
  const keyEncoders = pick(encoders, shape.key);
  if (keys.length === 1) {
    const sql = `SELECT ${names.join(', ')} FROM ${table} WHERE ${keyCondition(shape, 1)} FOR UPDATE`;
    const values = keyEncoders.map((encode, at) => encodeCell(encode, keys[0]?.[at]));
    locked[0] = decodeRows(shape, await run(sql, values, tableName(shape.ref)))[0] ?? null;
    return locked;
  }
  const { from, fields } = unnest(columns, 1);
  const equal = columns.map((column, at) => holds(column, `t.${keyNames[at]}`, fields[at] ?? ''));
  const images = names.map((name) => `t.${name}`).join(', ');
  const found = `FROM ${from} JOIN ${table} t ON ${equal.join(' AND ')}`;
  const sql = `SELECT v.ord, ${images} ${found} ORDER BY v.ord FOR UPDATE OF t`;
  const values = keyEncoders.map((encode, at) => columnLiteral(keys, at, encode));
  const answer = await run(sql, values, tableName(shape.ref));
  const rows = decodeRows(shape, answer, 1);
  for (const [at, row] of rows.entries()) locked[Number(answer.rows[at]?.[0]) - 1] = row;
  return locked;
}

/** Rows whose columns `by` equal one of the tuples. */
export async function findRows(
  run: Run,
  shape: TableShape,
  by: readonly number[],
  tuples: readonly Row[],
  forUpdate: boolean,
): Promise<Row[]> {
  if (tuples.length === 0) return [];
  const { table, names, encoders } = shapeSql(shape);
  const columns = pick(shape.columns, by);
  const byNames = pick(names, by).map((name) => `t.${name}`);
  const { from, fields } = unnest(columns, 1);
  const images = names.map((name) => `t.${name}`).join(', ');
  const sql =
    `SELECT ${images} FROM ${table} t WHERE (${byNames.join(', ')}) IN (SELECT ${fields.join(', ')} FROM ${from})` +
    (forUpdate ? ' FOR UPDATE OF t' : '');
  const values = pick(encoders, by).map((encode, at) => columnLiteral(tuples, at, encode));
  return decodeRows(shape, await run(sql, values, tableName(shape.ref)));
}

const scanRows = 4000;

/** All rows in key order, a chunk for each statement. */
export async function* scanRowsOf(run: Run, shape: TableShape): AsyncGenerator<readonly Row[]> {
  const { table, names, encoders } = shapeSql(shape);
  const columns = pick(shape.columns, shape.key);
  const keyNames = pick(names, shape.key).join(', ');
  const after = columns.map((column, at) => `$${at + 1}::${castType(column.native)}`).join(', ');
  const tail = `ORDER BY ${keyNames} LIMIT ${scanRows}`;
  const images = names.join(', ');
  let values: (string | null)[] = [];
  for (;;) {
    const where = values.length === 0 ? '' : `WHERE (${keyNames}) > (${after})`;
    const sql = `SELECT ${images} FROM ${table} ${where} ${tail}`;
    const rows = decodeRows(shape, await run(sql, values, tableName(shape.ref)));
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < scanRows) return;
    values = shape.key.map((index) => {
      const encode = encoders[index];
      return encode === undefined ? null : encodeCell(encode, last[index]);
    });
  }
}
