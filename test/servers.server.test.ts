import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createConnection as connect } from 'node:net';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { describeServers, freshDatabase, isForeign, type ServerName, startServer } from './servers.ts';

const names: readonly ServerName[] = ['postgres-15', 'postgres-18', 'mysql', 'mariadb'];

for (const name of names) {
  await describeServers(`a ${name} server`, { server: name }, ({ server }) => {
    test.skipIf(isForeign(name))('is of the engine and version that were asked for', () => {
      const expected = { 'postgres-15': /^15\./, 'postgres-18': /^18\./, mysql: /^9\./, mariadb: /^\d+\..*MariaDB/ };
      expect(server.version).toMatch(expected[name as keyof typeof expected]);
    });

    test('gives every test an empty database of its own', async () => {
      const [one, other] = await Promise.all([freshDatabase(server), freshDatabase(server)]);
      await query(server, one, 'create table t (id int primary key)');
      await query(server, other, 'create table t (id int primary key)');
      expect(await query(server, one, 'select count(*) as answer from t')).toBe(0);
    });

    test('cannot be stopped by one test under the others', async () => {
      await expect(server.kill()).rejects.toThrow('belongs to the whole test run');
    });

    test('writes the log that capture reads', async () => {
      if (server.engine === 'postgres') {
        expect(await query(server, server.url, "select current_setting('wal_level') as answer")).toBe('logical');
      } else {
        expect(await query(server, server.url, 'select @@binlog_format as answer')).toBe('ROW');
        expect(await query(server, server.url, 'select @@binlog_row_metadata as answer')).toBe('FULL');
      }
    });

    test.skipIf(isForeign(name))('keeps its data through kill -9 and through a shutdown', async () => {
      await using own = await startServer(name);
      const database = await freshDatabase(own);
      await query(own, database, 'create table t (id int primary key)');
      await query(own, database, 'insert into t values (7)');
      await own.kill();
      await expect(query(own, database, 'select id as answer from t')).rejects.toThrow();
      await own.start();
      expect(await query(own, database, 'select id as answer from t')).toBe(7);
      await own.stop();
      await own.start();
      expect(await query(own, database, 'select id as answer from t')).toBe(7);
    });

    test.skipIf(isForeign(name))('takes settings', async () => {
      const settings = server.engine === 'postgres' ? { work_mem: '3MB' } : { max_connections: '33' };
      await using own = await startServer(name, { settings });
      const sql =
        own.engine === 'postgres'
          ? "select current_setting('work_mem') as answer"
          : 'select @@max_connections as answer';
      expect(String(await query(own, own.url, sql))).toBe(Object.values(settings)[0]);
    });

    test.skipIf(isForeign(name))('names its own last words when it does not come up', async () => {
      const settings = { no_such_setting: '1' };
      await expect(startServer(name, { settings })).rejects.toThrow(/did not start[^]*no.such.setting/);
    });

    test.skipIf(isForeign(name))('disappears with its folder when its owner is killed', async () => {
      const owner = await spawnOwner(name);
      await access(owner.dataDir);
      process.kill(owner.pid, 'SIGKILL');
      await expect.poll(() => isListening(owner.port), { timeout: 10_000 }).toBe(false);
      await expect.poll(() => exists(dirname(owner.dataDir)), { timeout: 10_000 }).toBe(false);
    });
  });
}

async function query(server: Server, url: string, sql: string): Promise<unknown> {
  if (server.engine === 'postgres') {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      const { rows } = await client.query<{ answer: unknown }>(sql);
      const answer = rows[0]?.answer;
      return typeof answer === 'string' && /^\d+$/.test(answer) ? Number(answer) : answer;
    } finally {
      await client.end();
    }
  }
  const connection = await mysql.createConnection(url);
  try {
    const [rows] = await connection.query(sql);
    return (rows as { answer: unknown }[])[0]?.answer;
  } finally {
    await connection.end();
  }
}

/** Runs a program of its own that starts a server and then does nothing. */
async function spawnOwner(name: ServerName): Promise<{ pid: number; port: number; dataDir: string }> {
  const jiti = pathToFileURL(createRequire(import.meta.url).resolve('jiti/package.json'));
  const translator = new URL('lib/jiti-register.mjs', jiti).href;
  const script = new URL('./servers/owner.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', translator, script, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as { pid: number; port: number; dataDir: string };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
