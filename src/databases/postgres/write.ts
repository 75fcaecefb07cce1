import type { WriteResult, WriteRun } from '../../model/endpoint.ts';
import type { TableShape } from '../../model/plan.ts';
import { tableName } from '../../model/schema.ts';
import { type Row, sameValue } from '../../model/value.ts';
import { holds } from './exact.ts';
import { columnLiteral, decodeRows, encodeCell, pick, shapeSql, unnest } from './rows.ts';
import { keyCondition, lockRows, type Run } from './select.ts';

const NOTHING: WriteResult = { keys: [], missing: [] };

type InsertRun = Extract<WriteRun, { op: 'insert' }>;
type UpdateRun = Extract<WriteRun, { op: 'update' }>;
type DeleteRun = Extract<WriteRun, { op: 'delete' }>;

/** Writes one run within the open transaction. */
export function writeRun(run: Run, work: WriteRun): Promise<WriteResult> {
  switch (work.op) {
    case 'insert':
      return work.rows.length === 0 ? Promise.resolve(NOTHING) : insertRows(run, work);
    case 'update':
      return work.rows.length === 0 ? Promise.resolve(NOTHING) : updateRows(run, work);
    case 'delete':
      return work.keys.length === 0 ? Promise.resolve(NOTHING) : deleteRows(run, work);
  }
}

/** Columns that the rows hold and the database lets us write. */
function writable(shape: TableShape, rows: readonly Row[], omit: readonly number[]): number[] {
  const written: number[] = [];
  for (const [at, column] of shape.columns.entries()) {
    if (rows[0]?.[at] !== undefined && !column.generated && !omit.includes(at)) written.push(at);
  }
  return written;
}

async function insertRows(run: Run, { shape, rows, generated }: InsertRun): Promise<WriteResult> {
  const written = writable(shape, rows, generated ? shape.key : []);
  const sql = written.length === 0 ? insertDefaults(shape) : insertSql(shape, written, rows.length);
  const returning = generated ? ` RETURNING ${pick(shapeSql(shape).names, shape.key).join(', ')}` : '';
  if (written.length === 0) return insertOneByOne(run, shape, sql + returning, rows.length, generated);
  const columns = pick(shapeSql(shape).encoders, written);
  const values = columns.map((encode, at) => {
    const column = written[at] ?? 0;
    return rows.length === 1 ? encodeCell(encode, rows[0]?.[column]) : columnLiteral(rows, column, encode);
  });
  const answer = await run(sql + returning, values, tableName(shape.ref));
  return generated ? { keys: decodeRows(keyShape(shape), answer), missing: [] } : NOTHING;
}

/**
 * Many rows come from arrays, so that one prepared statement serves every number of rows. They are inserted, numbered
 * by their sequences and returned in the order that ORDER BY gives them.
 */
function insertSql(shape: TableShape, written: readonly number[], count: number): string {
  const { table, names } = shapeSql(shape);
  const columns = pick(shape.columns, written);
  // Without it an identity column that is GENERATED ALWAYS refuses a key made elsewhere; others do not mind.
  const overriding = columns.some((column) => column.auto) ? ' OVERRIDING SYSTEM VALUE' : '';
  const into = `INSERT INTO ${table} (${pick(names, written).join(', ')})${overriding}`;
  if (count === 1) return `${into} VALUES (${written.map((_, at) => `$${at + 1}`).join(', ')})`;
  const { from, fields } = unnest(columns, 1);
  return `${into} SELECT ${fields.join(', ')} FROM ${from} ORDER BY v.ord`;
}

function insertDefaults(shape: TableShape): string {
  return `INSERT INTO ${shapeSql(shape).table} DEFAULT VALUES`;
}

async function insertOneByOne(
  run: Run,
  shape: TableShape,
  sql: string,
  count: number,
  generated: boolean,
): Promise<WriteResult> {
  const keys: Row[] = [];
  for (let each = 0; each < count; each++) {
    const answer = await run(sql, [], tableName(shape.ref));
    if (generated) keys.push(...decodeRows(keyShape(shape), answer));
  }
  return { keys, missing: [] };
}

async function updateRows(run: Run, work: UpdateRun): Promise<WriteResult> {
  const { shape, keys, rows } = work;
  const moving: number[] = [];
  const staying: number[] = [];
  for (const [at, key] of keys.entries()) (changesKey(shape, key, rows[at] ?? []) ? moving : staying).push(at);
  if (moving.length === 0) return { keys: [], missing: await updateInPlace(run, work) };
  const missing: number[] = [];
  const inPlace: UpdateRun = { op: 'update', shape, keys: pick(keys, staying), rows: pick(rows, staying) };
  if (staying.length > 0) for (const at of await updateInPlace(run, inPlace)) missing.push(staying[at] ?? 0);
  // A key is free for a row only once the row that held it has left, so rows whose new key nobody waits to leave go
  // first.
  for (const at of leaveFirst(shape, work, moving)) {
    if (!(await updateOne(run, shape, keys[at] ?? [], rows[at] ?? [], true))) missing.push(at);
  }
  return { keys: [], missing: missing.toSorted((a, b) => a - b) };
}

function changesKey(shape: TableShape, key: Row, row: Row): boolean {
  return shape.key.some((column, at) => {
    const next = row[column];
    return next !== undefined && !sameValue(shape.columns[column]?.kind ?? 'text', key[at], next);
  });
}

function leaveFirst(shape: TableShape, { keys, rows }: UpdateRun, moving: readonly number[]): number[] {
  const text = (values: Row): string => values.map(String).join('\0');
  const newKey = (at: number): string => text(shape.key.map((column, part) => rows[at]?.[column] ?? keys[at]?.[part]));
  const holder = new Map(moving.map((at) => [text(keys[at] ?? []), at]));
  const ordered: number[] = [];
  const seen = new Set<number>();
  for (const start of moving) {
    // Along the chain of rows that stand in each other's way; the last of it moves first. A circle is cut anywhere.
    const chain: number[] = [];
    for (let at: number | undefined = start; at !== undefined && !seen.has(at); at = holder.get(newKey(at))) {
      seen.add(at);
      chain.push(at);
    }
    ordered.push(...chain.toReversed());
  }
  return ordered;
}

/** Returns the indexes of rows that were not there. The keys of the rows stay as they are. */
async function updateInPlace(run: Run, { shape, keys, rows }: UpdateRun): Promise<number[]> {
  const written = writable(shape, rows, shape.key);
  if (written.length === 0) {
    const found = await lockRows(run, shape, keys);
    return [...found.keys()].filter((at) => found[at] === null);
  }
  if (rows.length === 1) return (await updateOne(run, shape, keys[0] ?? [], rows[0] ?? [], false)) ? [] : [0];
  const { table, names, encoders } = shapeSql(shape);
  const { from, fields } = unnest([...pick(shape.columns, written), ...pick(shape.columns, shape.key)], 1);
  const set = written.map((column, at) => `${names[column]} = ${fields[at]}`);
  const where = pick(shape.columns, shape.key).map((column, at) =>
    holds(column, `t.${names[shape.key[at] ?? 0]}`, fields[written.length + at] ?? ''),
  );
  const sql = `UPDATE ${table} t SET ${set.join(', ')} FROM ${from} WHERE ${where.join(' AND ')} RETURNING v.ord`;
  const values = pick(encoders, written).map((encode, at) => columnLiteral(rows, written[at] ?? 0, encode));
  for (const [at, encode] of pick(encoders, shape.key).entries()) values.push(columnLiteral(keys, at, encode));
  const answer = await run(sql, values, tableName(shape.ref));
  return absent(keys.length, answer.rows);
}

async function updateOne(run: Run, shape: TableShape, key: Row, row: Row, withKey: boolean): Promise<boolean> {
  const { table, names, encoders } = shapeSql(shape);
  const written = writable(shape, [row], withKey ? [] : shape.key);
  const set = written.map((column, at) => `${names[column]} = $${at + 1}`);
  const where = keyCondition(shape, written.length + 1);
  const sql = `UPDATE ${table} SET ${set.join(', ')} WHERE ${where}`;
  const values = pick(encoders, written).map((encode, at) => encodeCell(encode, row[written[at] ?? 0]));
  for (const [at, encode] of pick(encoders, shape.key).entries()) values.push(encodeCell(encode, key[at]));
  return (await run(sql, values, tableName(shape.ref))).count > 0;
}

async function deleteRows(run: Run, { shape, keys }: DeleteRun): Promise<WriteResult> {
  const { table, names, encoders } = shapeSql(shape);
  const keyEncoders = pick(encoders, shape.key);
  if (keys.length === 1) {
    const values = keyEncoders.map((encode, at) => encodeCell(encode, keys[0]?.[at]));
    const answer = await run(`DELETE FROM ${table} WHERE ${keyCondition(shape, 1)}`, values, tableName(shape.ref));
    return answer.count > 0 ? NOTHING : { keys: [], missing: [0] };
  }
  const { from, fields } = unnest(pick(shape.columns, shape.key), 1);
  const where = pick(shape.columns, shape.key).map((column, at) =>
    holds(column, `t.${names[shape.key[at] ?? 0]}`, fields[at] ?? ''),
  );
  const sql = `DELETE FROM ${table} t USING ${from} WHERE ${where.join(' AND ')} RETURNING v.ord`;
  const values = keyEncoders.map((encode, at) => columnLiteral(keys, at, encode));
  const answer = await run(sql, values, tableName(shape.ref));
  return { keys: [], missing: absent(keys.length, answer.rows) };
}

/** Ordinals (from 1) that came back -> indexes (from 0) that did not. */
function absent(count: number, rows: readonly (readonly (string | null)[])[]): number[] {
  if (rows.length === count) return [];
  const present = new Set(rows.map((row) => Number(row[0]) - 1));
  const missing: number[] = [];
  for (let at = 0; at < count; at++) if (!present.has(at)) missing.push(at);
  return missing;
}

function keyShape(shape: TableShape): TableShape {
  return { ref: shape.ref, columns: pick(shape.columns, shape.key), key: shape.key };
}
