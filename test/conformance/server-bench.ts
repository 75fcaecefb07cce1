import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import { openDatabase } from '../../src/databases/index.ts';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import type { EndpointOptions } from '../../src/model/endpoint.ts';
import { freshDatabase } from '../servers.ts';
import { type ApplicationTransaction, type Bench, context } from './bench.ts';
import {
  columnSql,
  createTableSql,
  deleteSql,
  type Dialect,
  insertSql,
  mysqlDialect,
  postgresDialect,
  quoted,
  updateSql,
} from './sql.ts';

/** One connection that runs statements. */
interface Connection {
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** A fresh database of a real server. */
export async function openServerBench(server: Server): Promise<Bench> {
  const url = await freshDatabase(server);
  const dialect = server.engine === 'postgres' ? postgresDialect : mysqlDialect;
  const connect = (): Promise<Connection> => (server.engine === 'postgres' ? connectPostgres(url) : connectMysql(url));
  const suffix = randomBytes(4).toString('hex');
  const database = await openDatabase(server.engine);
  const names = { label: 'bench', side: 'left', sync: `c_${suffix}`, stateSchema: `tandem_${suffix}` } as const;
  const options: EndpointOptions = { url, ...names };
  const definitions = new Map<string, TableDefinition>();
  const define = async (sql: string): Promise<void> => {
    const connection = await connect();
    await last(connection, sql);
  };
  return {
    engine: server.engine,
    schema: server.engine === 'postgres' ? 'public' : new URL(url).pathname.slice(1),
    open: () => database.open(options, context),
    async createTable(definition) {
      definitions.set(definition.table, definition);
      await define(createTableSql(dialect, definition));
    },
    addColumn: (definition, column) =>
      define(`alter table ${quoted(dialect, definition.table)} add column ${columnSql(dialect, column)}`),
    truncate: (table) => define(`truncate table ${quoted(dialect, table)}`),
    begin: async () => beginTransaction(await connect(), dialect, definitions),
    async [Symbol.asyncDispose]() {
      await using endpoint = await database.open(options, context);
      for (const step of await endpoint.removal()) await endpoint.run(step);
    },
  };
}

async function beginTransaction(
  connection: Connection,
  dialect: Dialect,
  definitions: ReadonlyMap<string, TableDefinition>,
): Promise<ApplicationTransaction> {
  const definitionOf = (table: string): TableDefinition => {
    const definition = definitions.get(table);
    if (definition === undefined) throw new Error(`the bench has no table ${table}`);
    return definition;
  };
  await connection.run('begin');
  return {
    insert: (table, row) => connection.run(insertSql(dialect, definitionOf(table), row)),
    update: (table, key, changes) => connection.run(updateSql(dialect, definitionOf(table), key, changes)),
    clear: (table) => connection.run(`delete from ${quoted(dialect, table)}`),
    delete: (table, key) => connection.run(deleteSql(dialect, definitionOf(table), key)),
    commit: () => last(connection, 'commit'),
    rollback: () => last(connection, 'rollback'),
  };
}

async function last(connection: Connection, sql: string): Promise<void> {
  try {
    await connection.run(sql);
  } finally {
    await connection.close();
  }
}

async function connectPostgres(url: string): Promise<Connection> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  return {
    run: async (sql) => void (await client.query(sql)),
    close: () => client.end(),
  };
}

async function connectMysql(url: string): Promise<Connection> {
  const connection = await mysql.createConnection({ uri: url, charset: 'utf8mb4' });
  await connection.query("set time_zone = '+00:00'");
  return {
    run: async (sql) => void (await connection.query(sql)),
    close: () => connection.end(),
  };
}
