import mysql from 'mysql2/promise';
import pg from 'pg';

export type Engine = 'postgres' | 'mysql' | 'mariadb';

/** The few things a starter asks of a server it has to know nothing else about. */
export interface Client {
  readonly adminUrl: (port: number, password: string) => string;
  /** Connects, and returns the version; throws while the server cannot be used. */
  readonly version: (url: string) => Promise<string>;
  /** Creates a database and returns its address. */
  readonly createDatabase: (url: string, name: string) => Promise<string>;
}

const connectTimeoutMs = 5_000;

async function queryPostgres(url: string, sql: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  // A server that is killed while we connect reports twice: once to the caller, once as an event.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const result = await client.query<{ answer?: string }>(sql);
    return result.rows[0]?.answer ?? '';
  } finally {
    await client.end();
  }
}

async function queryMysql(url: string, sql: string): Promise<string> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: connectTimeoutMs });
  connection.on('error', () => undefined);
  try {
    const [rows] = await connection.query(sql);
    const row = Array.isArray(rows) ? (rows[0] as { answer?: string } | undefined) : undefined;
    return row?.answer ?? '';
  } finally {
    connection.destroy();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

const postgres: Client = {
  adminUrl: (port, password) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
  version: async (url) => {
    const answer = await queryPostgres(url, "select current_setting('server_version') as answer");
    return answer.split(' ')[0] ?? answer;
  },
  async createDatabase(url, name) {
    await queryPostgres(url, `create database "${name.replaceAll('"', '""')}"`);
    return withDatabase(url, name);
  },
};

const mysqlFamily: Client = {
  adminUrl: (port, password) => `mysql://root:${password}@127.0.0.1:${port}/mysql`,
  version: (url) => queryMysql(url, 'select version() as answer'),
  async createDatabase(url, name) {
    await queryMysql(url, `create database \`${name.replaceAll('`', '``')}\``);
    return withDatabase(url, name);
  },
};

export const clients: Readonly<Record<Engine, Client>> = { postgres, mysql: mysqlFamily, mariadb: mysqlFamily };
