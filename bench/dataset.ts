import type { Connection } from '../src/cli/demo/database.ts';
import type { Side } from '../src/model/policy.ts';

/** The table of the benchmark: eight columns, some 180 bytes a row, a second unique key. */
export const COLUMNS = ['id', 'email', 'name', 'amount', 'status', 'flag', 'updated_at', 'notes'] as const;

export const TABLE = 'bench_rows';

/** Both sides generate rows of their own in one test, so each has a range of keys to itself. */
export const FIRST_ID: Readonly<Record<Side, number>> = { left: 1, right: 1_000_000_001 };

export const INSERT_ROWS = 500;
export const UPDATE_ROWS = 200;

/** The checkpoint row that the ceiling's transactions move, as Tandem's do. */
export const CHECKPOINT = 'bench_checkpoint';

export async function createTables(connection: Connection): Promise<void> {
  const postgres = connection.engine === 'postgres';
  const suffix = postgres ? '' : ' ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
  await connection.execute(`CREATE TABLE ${TABLE} (
    id bigint PRIMARY KEY, email varchar(100) NOT NULL UNIQUE, name varchar(100) NOT NULL,
    amount decimal(12, 2) NOT NULL, status varchar(20) NOT NULL, flag ${postgres ? 'boolean' : 'tinyint(1)'} NOT NULL,
    updated_at timestamp(6) NOT NULL, notes text)${suffix}`);
  await connection.execute(`CREATE TABLE ${CHECKPOINT} (id int PRIMARY KEY, position bigint NOT NULL)${suffix}`);
  await connection.execute(`INSERT INTO ${CHECKPOINT} VALUES (1, 0)`);
}

/** One row's values as SQL takes them, in the order of {@link COLUMNS}. */
export type BenchRow = readonly [string, string, string, string, string, string, string, string];

const statuses = ['active', 'inactive', 'suspended'] as const;

/** The row with that key. `version` 0 is as inserted, 1 as updated. */
export function makeRow(id: number, version: 0 | 1): BenchRow {
  const cents = String(id % 100).padStart(2, '0');
  const second = String(id % 60).padStart(2, '0');
  const micros = String((id * 7919) % 1_000_000).padStart(6, '0');
  return [
    String(id),
    `user${id}@example.com`,
    `Name of ${id}`,
    `${(id % 100_000) + version}.${cents}`,
    statuses[id % 3] ?? statuses[0],
    id % 2 === version ? '1' : '0',
    `2026-0${version + 1}-01 12:00:${second}.${micros}`,
    `A text of the length that descriptions have, for the row ${id}`,
  ];
}

/** Rows `from` up to but without `to`, `size` at a time. */
export function* inBatches(from: number, to: number, size: number): Generator<readonly [number, number]> {
  for (let at = from; at < to; at += size) yield [at, Math.min(to, at + size)];
}

/** A VALUES list; the engines differ in how they take a truth value. */
export function valuesList(rows: readonly BenchRow[], engine: Connection['engine']): string {
  const truth = engine === 'postgres' ? { '0': 'false', '1': 'true' } : { '0': '0', '1': '1' };
  return rows
    .map(
      ([id, email, name, amount, status, flag, updatedAt, notes]) =>
        `(${id},'${email}','${name}',${amount},'${status}',${truth[flag as '0' | '1']},'${updatedAt}','${notes}')`,
    )
    .join(',');
}

export function makeRows(from: number, to: number, version: 0 | 1): BenchRow[] {
  return Array.from({ length: to - from }, (_, at) => makeRow(from + at, version));
}

/** Inserts `inserts` rows in statements of 500 and changes the first `updates` of them in statements of 200. */
export async function fill(connection: Connection, side: Side, inserts: number, updates: number): Promise<void> {
  const first = FIRST_ID[side];
  for (const [from, to] of inBatches(first, first + inserts, INSERT_ROWS)) {
    await connection.execute(`INSERT INTO ${TABLE} VALUES ${valuesList(makeRows(from, to, 0), connection.engine)}`);
  }
  const later = connection.engine === 'postgres' ? "updated_at + interval '1 month'" : 'updated_at + interval 1 month';
  for (const [from, to] of inBatches(first, first + updates, UPDATE_ROWS)) {
    await connection.execute(
      `UPDATE ${TABLE} SET amount = amount + 1, flag = NOT flag, updated_at = ${later}
        WHERE id >= ${from} AND id < ${to}`,
    );
  }
}

/** Inserts rows one transaction each, over a few connections as applications do. */
export async function fillSingly(connections: readonly Connection[], side: Side, count: number): Promise<void> {
  const first = FIRST_ID[side];
  await Promise.all(
    connections.map(async (connection, offset) => {
      for (let id = first + offset; id < first + count; id += connections.length) {
        await connection.execute(`INSERT INTO ${TABLE} VALUES ${valuesList([makeRow(id, 0)], connection.engine)}`);
      }
    }),
  );
}

/** Rows and a sum of their hashes over all columns: equal on both sides only where the contents are. */
export async function fingerprint(connection: Connection): Promise<string> {
  const postgres = connection.engine === 'postgres';
  const flag = postgres ? 'flag::int' : 'flag';
  const time = postgres
    ? "to_char(updated_at, 'YYYY-MM-DD HH24:MI:SS.US')"
    : "date_format(updated_at, '%Y-%m-%d %H:%i:%s.%f')";
  const text = `concat_ws('|', id, email, name, amount, status, ${flag}, ${time}, notes)`;
  const hash = postgres
    ? `sum(('x' || left(encode(sha256(convert_to(${text}, 'UTF8')), 'hex'), 8))::bit(32)::bigint)::text`
    : `cast(sum(cast(conv(left(sha2(${text}, 256), 8), 16, 10) AS unsigned)) AS char)`;
  const [row] = await connection.query(`SELECT count(*) AS row_count, ${hash} AS hash FROM ${TABLE}`);
  return `${row?.['row_count']} rows, ${row?.['hash']}`;
}
