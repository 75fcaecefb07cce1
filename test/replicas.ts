import { appendFile, chown, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Connection } from '../src/cli/demo/database.ts';
import { type PostgresMajor, postgresRecipe } from '../src/cli/demo/servers/postgres.ts';
import { openServer, type Server } from '../src/cli/demo/servers/server.ts';
import type { TcpProxy } from './faults/tcp-proxy.ts';
import { startServer } from './servers.ts';

// Second servers of the same data: standbys and replicas to fail over to, and copies to go back to.

/** Connects as the administrator, does the work and leaves. */
export async function administer<Result>(
  server: Pick<Server, 'engine' | 'url'>,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  await using connection = await connect(server);
  return await work(connection);
}

/** The server behind a proxy: databases that are made on it have the proxy's address. */
export function through(proxy: TcpProxy, server: Server): Server {
  return { ...server, createDatabase: async (name) => proxy.url(await server.createDatabase(name)) };
}

/**
 * A hot standby of a PostgreSQL server, as pg_basebackup would make it. `settings` come on top of those that connect it
 * to the primary.
 */
export async function startPostgresStandby(
  primary: Server,
  major: PostgresMajor,
  settings: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const { password, port, username } = new URL(primary.url);
  const conninfo = `host=127.0.0.1 port=${port} user=${username} password=${password} dbname=postgres`;
  const following = { primary_conninfo: conninfo, hot_standby_feedback: 'on', ...settings };
  const recipe = await postgresRecipe({ major });
  return openServer(
    {
      ...recipe,
      // A copy has the passwords of what it was copied from.
      client: { ...recipe.client, adminUrl: (at) => recipe.client.adminUrl(at, password) },
      async initialise({ dataDir }) {
        await administer(primary, (connection) => copyRunning(connection, primary.dataDir, dataDir));
        // Where ALTER SYSTEM can change them; on the command line they would be fixed.
        const lines = Object.entries(following).map(
          ([name, value]) => `${name} = '${value}'
`,
        );
        await appendFile(join(dataDir, 'postgresql.auto.conf'), lines.join(''));
      },
    },
    {},
  );
}

/** What must not be in a copy of a running server (PostgreSQL manual, "Making a Non-Exclusive Low-Level Backup"). */
const left = /\/(?:postmaster\.(?:pid|opts)|pg_replslot\/.+|pg_stat_tmp\/.+|pgsql_tmp.*|\.s\.PGSQL.*)$/;

async function copyRunning(connection: Connection, from: string, to: string): Promise<void> {
  await connection.query("SELECT pg_backup_start('standby', true)");
  await cp(from, to, { recursive: true, force: true, filter: (source) => !left.test(source) });
  const [stopped] = await connection.query('SELECT labelfile FROM pg_backup_stop(false)');
  await writeFile(join(to, 'backup_label'), String(stopped?.['labelfile']));
  await writeFile(join(to, 'standby.signal'), '');
  const { uid, gid } = await stat(from);
  if (process.getuid?.() === 0) await chownAll(to, uid, gid);
}

async function chownAll(folder: string, uid: number, gid: number): Promise<void> {
  await chown(folder, uid, gid);
  for (const name of await readdir(folder, { recursive: true })) await chown(join(folder, name), uid, gid);
}

/** Several workers apply what the primary sends; both servers still write their logs in its order. */
const replicaSettings: Readonly<Record<'mysql' | 'mariadb', Readonly<Record<string, string>>>> = {
  mysql: { replica_parallel_workers: '4', replica_preserve_commit_order: 'ON' },
  mariadb: { log_slave_updates: 'ON', slave_parallel_threads: '4', slave_parallel_mode: 'optimistic' },
};

/** A replica by GTID of a MySQL or MariaDB server, from its first transaction on. */
export async function startReplica(primary: Server): Promise<Server> {
  const settings = replicaSettings[primary.engine === 'mariadb' ? 'mariadb' : 'mysql'];
  const replica = await startServer(primary.engine === 'mariadb' ? 'mariadb' : 'mysql', { settings });
  const { username, password, port } = new URL(primary.url);
  await administer(replica, async (connection) => {
    for (const sql of replica.engine === 'mariadb' ? mariadbSteps : mysqlSteps) {
      await connection.execute(sql, [Number(port), username, decodeURIComponent(password)]);
    }
    // Whoever fails over comes with the password of the primary.
    await connection.execute('SET SESSION sql_log_bin = 0');
    await connection.execute("ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY ?", [decodeURIComponent(password)]);
  });
  return { ...replica, url: Object.assign(new URL(replica.url), { password }).href };
}

const mysqlSteps = [
  `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ?, SOURCE_USER = ?, SOURCE_PASSWORD = ?,
   SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
  'START REPLICA',
];
const mariadbSteps = [
  `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ?, MASTER_USER = ?, MASTER_PASSWORD = ?,
   MASTER_USE_GTID = slave_pos`,
  'START SLAVE',
];

/** Stops following the primary, for good. */
export function detach(replica: Server): Promise<number> {
  return administer(replica, (connection) =>
    connection.execute(replica.engine === 'mariadb' ? 'STOP SLAVE' : 'STOP REPLICA'),
  );
}

/** Every transaction of the log, in the server's words. */
export function executed(server: Server): Promise<string> {
  const variable = server.engine === 'mariadb' ? 'gtid_binlog_pos' : 'gtid_executed';
  return administer(server, async (connection) => {
    const [row] = await connection.query(`SELECT @@global.${variable} AS done`);
    return String(row?.['done']);
  });
}

/** A copy of a server's data, taken while it is down for a moment. */
export interface Backup {
  /** Puts the server back to it, data and log. */
  restore(): Promise<void>;
}

export async function backUp(server: Server): Promise<Backup> {
  const copy = `${server.dataDir}.backup`;
  const replace = async (to: string, from: string): Promise<void> => {
    await server.stop();
    const { uid, gid } = await stat(server.dataDir);
    await rm(to, { recursive: true, force: true });
    await mkdir(to, { mode: 0o700 });
    await cp(from, to, { recursive: true, preserveTimestamps: true });
    if (process.getuid?.() === 0) await chownAll(to, uid, gid);
    await server.start();
  };
  await replace(copy, server.dataDir);
  return { restore: () => replace(server.dataDir, copy) };
}
