import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { connect, type SampleSide } from '../src/cli/demo/database.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { type BenchRow, CHECKPOINT, COLUMNS, createTables, inBatches, makeRows, TABLE, valuesList } from './dataset.ts';
import type { Backlog } from './drain.ts';

/** What the target takes at best, without any sync: rows per second. */
export interface Ceiling {
  /** The same rows by the same driver, in transactions of 1000 with a checkpoint row. */
  readonly driver: number;
  /** COPY or LOAD DATA, inserts alone. */
  readonly bulk: number;
}

const batchRows = 1000;

export async function measureCeiling(server: Server, backlog: Backlog, name: string): Promise<Ceiling> {
  const driver = await onFreshTable(server, `${name}_driver`, (side) =>
    side.engine === 'postgres' ? writePostgres(side.url, backlog) : writeMysql(side.url, backlog),
  );
  const bulk = await onFreshTable(server, `${name}_bulk`, (side) =>
    side.engine === 'postgres' ? copyPostgres(side.url, backlog.inserts) : loadMysql(side.url, backlog.inserts),
  );
  return { driver: Math.round(driver), bulk: Math.round(bulk) };
}

async function onFreshTable(
  server: Server,
  name: string,
  write: (side: SampleSide) => Promise<number>,
): Promise<number> {
  const side = { engine: server.engine, url: await server.createDatabase(name) };
  await using connection = await connect(side);
  await createTables(connection);
  return write(side);
}

/** Runs one transaction a batch and returns rows per second; making the SQL is not counted. */
async function timed(rows: number, batches: readonly (() => Promise<unknown>)[]): Promise<number> {
  const began = performance.now();
  for (const write of batches) await write();
  return rows / ((performance.now() - began) / 1000);
}

const moveCheckpoint = `UPDATE ${CHECKPOINT} SET position = position + 1 WHERE id = 1`;

async function writePostgres(url: string, { inserts, updates }: Backlog): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const types = ['bigint', 'text', 'text', 'numeric', 'text', 'bool', 'timestamp', 'text'];
  const unnest = `unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`;
  const insert = { name: 'insert', text: `INSERT INTO ${TABLE} (${COLUMNS.join(', ')}) SELECT * FROM ${unnest}` };
  const update = {
    name: 'update',
    text: `UPDATE ${TABLE} t SET ${COLUMNS.slice(1)
      .map((column) => `${column} = n.${column}`)
      .join(', ')}
      FROM ${unnest} AS n (${COLUMNS.join(', ')}) WHERE t.id = n.id`,
  };
  const batch = (statement: typeof insert, rows: readonly BenchRow[]) => {
    const values = COLUMNS.map((_, at) => rows.map((row) => row[at]));
    return async (): Promise<void> => {
      await client.query('BEGIN');
      await client.query(moveCheckpoint);
      await client.query({ ...statement, values });
      await client.query('COMMIT');
    };
  };
  const batches = [
    ...[...inBatches(1, inserts + 1, batchRows)].map(([from, to]) => batch(insert, makeRows(from, to, 0))),
    ...[...inBatches(1, updates + 1, batchRows)].map(([from, to]) => batch(update, makeRows(from, to, 1))),
  ];
  const perSecond = await timed(inserts + updates, batches);
  await client.end();
  return perSecond;
}

async function writeMysql(url: string, { inserts, updates }: Backlog): Promise<number> {
  const connection = await mysql.createConnection({ uri: url });
  const replace = COLUMNS.slice(1)
    .map((column) => `${column} = VALUES(${column})`)
    .join(', ');
  const batch = (rows: readonly BenchRow[], suffix: string) => {
    const sql = `INSERT INTO ${TABLE} VALUES ${valuesList(rows, 'mysql')}${suffix}`;
    return async (): Promise<void> => {
      await connection.query('BEGIN');
      await connection.query(moveCheckpoint);
      await connection.query(sql);
      await connection.query('COMMIT');
    };
  };
  const batches = [
    ...[...inBatches(1, inserts + 1, batchRows)].map(([from, to]) => batch(makeRows(from, to, 0), '')),
    ...[...inBatches(1, updates + 1, batchRows)].map(([from, to]) =>
      batch(makeRows(from, to, 1), ` ON DUPLICATE KEY UPDATE ${replace}`),
    ),
  ];
  const perSecond = await timed(inserts + updates, batches);
  await connection.end();
  return perSecond;
}

/** Tab-separated text, which both bulk tools read. */
function* tabbed(rows: number): Generator<string> {
  for (const [from, to] of inBatches(1, rows + 1, batchRows)) {
    yield `${makeRows(from, to, 0)
      .map((row) => row.join('\t'))
      .join('\n')}\n`;
  }
}

async function copyPostgres(url: string, rows: number): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const text = [...tabbed(rows)];
  const perSecond = await timed(rows, [
    () => pipeline(Readable.from(text), client.query(copyFrom(`COPY ${TABLE} FROM STDIN`))),
  ]);
  await client.end();
  return perSecond;
}

async function loadMysql(url: string, rows: number): Promise<number> {
  const connection = await mysql.createConnection({ uri: url });
  const text = [...tabbed(rows)];
  const load = {
    sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${TABLE}`,
    infileStreamFactory: () => Readable.from(text.map((part) => Buffer.from(part))),
  };
  const perSecond = await timed(rows, [() => connection.query(load)]);
  await connection.end();
  return perSecond;
}
