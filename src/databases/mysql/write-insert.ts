import { TandemError } from '../../model/error.ts';
import type { Row } from '../../model/value.ts';
import type { Flavor } from './flavor.ts';
import type { LiteralWriter } from './literals.ts';
import type { Session } from './session.ts';
import { type CompiledShape } from './shape.ts';

/** Beyond some hundred rows a statement gains nothing; see the bench. */
export const rowsMax = 1_000;

/** Characters of a statement after which the next one begins: in bytes at most half of what the server takes. */
export function charactersMax(session: Session): number {
  return Math.min(session.packetBytesMax / 6, 1 << 20);
}

/** Indexes of the columns that a run writes: all its rows leave out the same ones. */
export function writtenColumns(rows: readonly Row[], skip: readonly number[] = []): readonly number[] {
  const columns: number[] = [];
  const [first] = rows;
  for (let at = 0; first !== undefined && at < first.length; at++) {
    if (first[at] !== undefined && !skip.includes(at)) columns.push(at);
  }
  return columns;
}

/**
 * `1,'a',NULL`. Joined, because a text that grows piece by piece is a tree of small objects (900 bytes a row) until it
 * is written out.
 */
export function rowText(writers: readonly LiteralWriter[], columns: readonly number[], row: Row): string {
  const cells = columns.map((at) => {
    const value = row[at];
    const write = writers[at];
    if (value === undefined || write === undefined) throw uneven();
    return write(value);
  });
  return cells.join(',');
}

function uneven(): TandemError {
  return new TandemError('TD9002', 'the rows of one run leave out different columns');
}

/**
 * Multi-row INSERTs. Plain ones: ON DUPLICATE KEY UPDATE, REPLACE and IGNORE act on any unique key, so they could hit
 * another row than the one meant.
 */
export async function insertRows(session: Session, compiled: CompiledShape, rows: readonly Row[]): Promise<void> {
  const columns = writtenColumns(rows);
  for (const values of valueLists(session, compiled, columns, rows)) await session.execute(values.sql, 'TD7012');
}

/**
 * INSERTs that leave the key to the database. Returns the keys in the order of the rows: by RETURNING in MariaDB. MySQL
 * names the first one only; the others follow it in steps of auto_increment_increment, because an INSERT whose rows are
 * counted before it runs gets its values in one piece, whatever others insert meanwhile (manual, "AUTO_INCREMENT
 * Handling in InnoDB", simple inserts, for every innodb_autoinc_lock_mode).
 */
export async function insertGenerated(
  session: Session,
  flavor: Flavor,
  compiled: CompiledShape,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  const columns = writtenColumns(rows, compiled.shape.key);
  const returning = compiled.shape.key.map((at) => compiled.names[at]).join(',');
  const keys: Row[] = [];
  for (const values of valueLists(session, compiled, columns, rows)) {
    if (flavor.returning) {
      const made = await session.rows(`${values.sql} RETURNING ${returning}`, 'TD7012');
      for (const cells of made) keys.push(compiled.decodeKey(cells));
    } else {
      keys.push(...(await insertCounted(session, compiled, values.sql, values.rows)));
    }
  }
  return keys;
}

async function insertCounted(session: Session, compiled: CompiledShape, sql: string, rows: number): Promise<Row[]> {
  const [column] = compiled.keyColumns;
  if (column === undefined || compiled.keyColumns.length !== 1 || !column.auto) {
    throw new TandemError('TD7005', `the key of ${compiled.table} is not made by AUTO_INCREMENT`, {
      fix: 'Let the key be an AUTO_INCREMENT column, or share the keys of both sides.',
    });
  }
  const first = BigInt((await session.execute(sql, 'TD7012')).insertId);
  return Array.from({ length: rows }, (_, at) => {
    const key = first + session.autoIncrementStep * BigInt(at);
    return [column.kind === 'bigint' ? key : Number(key)];
  });
}

function insertHead(compiled: CompiledShape, columns: readonly number[]): string {
  return `INSERT INTO ${compiled.table} (${columns.map((at) => compiled.names[at]).join(',')}) VALUES `;
}

/** The rows as INSERTs of bounded size. */
function* valueLists(session: Session, compiled: CompiledShape, columns: readonly number[], rows: readonly Row[]) {
  const head = insertHead(compiled, columns);
  const insert = (texts: readonly string[]) => ({ sql: `${head}(${texts.join('),(')})`, rows: texts.length });
  const limit = charactersMax(session);
  let texts: string[] = [];
  let length = 0;
  for (const row of rows) {
    const next = rowText(compiled.writers, columns, row);
    if (texts.length > 0 && (texts.length === rowsMax || length + next.length > limit)) {
      yield insert(texts);
      texts = [];
      length = 0;
    }
    texts.push(next);
    length += next.length + 3;
  }
  if (texts.length > 0) yield insert(texts);
}
