import mysql from 'mysql2/promise';
import pg from 'pg';

/** The engines that the sample has tables for. */
export type SampleEngine = 'postgres' | 'mysql' | 'mariadb';

/** Where one side of the sample lives. */
export interface SampleSide {
  readonly engine: SampleEngine;
  readonly url: string;
}

/** A row as the drivers give it; times are to be asked for as text. */
export type Found = Readonly<Record<string, string | number | null>>;

/**
 * One connection, as an application would hold it: plain SQL with `?` for values, text and numbers back. Times are UTC.
 * Deliberately knows nothing of Tandem, so that what it reads and writes is independent evidence.
 */
export interface Connection extends AsyncDisposable {
  readonly engine: SampleEngine;
  query(sql: string, values?: readonly unknown[]): Promise<readonly Found[]>;
  /** Returns how many rows the statement matched. */
  execute(sql: string, values?: readonly unknown[]): Promise<number>;
  /** Commits when `work` returns and rolls back when it throws. */
  transaction<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function connect(side: SampleSide): Promise<Connection> {
  return side.engine === 'postgres' ? connectPostgres(side.url) : connectMysql(side.engine, side.url);
}

/** The database that a URL names. */
export function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

async function connectPostgres(url: string): Promise<Connection> {
  const client = new pg.Client({ connectionString: url });
  // A broken connection also fails the next query, and that one has somebody who waits for it.
  client.on('error', () => undefined);
  await client.connect();
  await client.query("SET TIME ZONE 'UTC'");
  const numbered = (sql: string): string => {
    let count = 0;
    return sql.replaceAll('?', () => `$${++count}`);
  };
  return {
    engine: 'postgres',
    query: async (sql, values = []) => (await client.query<Found>(numbered(sql), [...values])).rows,
    execute: async (sql, values = []) => (await client.query(numbered(sql), [...values])).rowCount ?? 0,
    transaction: (work) => bracket((sql) => client.query(sql), work),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function connectMysql(engine: SampleEngine, url: string): Promise<Connection> {
  const connection = await mysql.createConnection({ uri: url, timezone: 'Z', charset: 'utf8mb4' });
  connection.on('error', () => undefined);
  await connection.query("SET time_zone = '+00:00'");
  return {
    engine,
    async query(sql, values = []) {
      const [rows] = await connection.query(sql, [...values]);
      return rows as Found[];
    },
    async execute(sql, values = []) {
      const [result] = await connection.query(sql, [...values]);
      return (result as mysql.ResultSetHeader).affectedRows;
    },
    transaction: (work) => bracket((sql) => connection.query(sql), work),
    [Symbol.asyncDispose]: async () => connection.destroy(),
  };
}

async function bracket<Result>(run: (sql: string) => Promise<unknown>, work: () => Promise<Result>): Promise<Result> {
  await run('BEGIN');
  try {
    const result = await work();
    await run('COMMIT');
    return result;
  } catch (error) {
    await run('ROLLBACK');
    throw error;
  }
}
