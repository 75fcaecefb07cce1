import { spawnSync } from 'node:child_process';
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openPostgres, readUntil, ref } from '../../../test/postgres.ts';
import { isForeign, startServer } from '../../../test/servers.ts';
import type { Transaction } from '../../model/change.ts';
import type { Endpoint, EndpointOptions } from '../../model/endpoint.ts';
import { database } from './index.ts';
import { forkPoint } from './slot.ts';

const never = new AbortController().signal;

describe.skipIf(isForeign('postgres'))('capture over the life of a server', () => {
  test('a shutdown is not held up by a reader that has acknowledged nothing; then reading goes on', async () => {
    await using server = await startServer('postgres-15');
    await using bench = await openPostgres(server);
    await bench.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await bench.provision([ref('t')]);
    const from = await bench.endpoint.firstPosition();
    const tables = [await bench.inspect('t')];
    await bench.sql('INSERT INTO t VALUES (1)');
    const source = bench.endpoint.source({ tables, chunkRows: 10 });
    const reader = source.read(from, never)[Symbol.asyncIterator]();
    const first = (await reader.next()).value as Transaction;
    const ended = expect(reader.next()).rejects.toMatchObject({ code: 'TD4005', class: 'transient' });
    await server.stop();
    await ended;
    await expect(readUntil(source, first.position, () => true)).rejects.toMatchObject({ code: 'TD4001' });
    await server.start();
    await using again = await openPostgres(server, bench.url);
    await again.sql('INSERT INTO t VALUES (2)');
    const [second] = await readUntil(source, first.position, () => true);
    expect(second?.changes[0]?.after).toEqual([2]);
  });

  test('a crash of the server ends the reading at once, and nothing is lost', async () => {
    await using server = await startServer('postgres-15');
    await using bench = await openPostgres(server);
    await bench.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await bench.provision([ref('t')]);
    const from = await bench.endpoint.firstPosition();
    const source = bench.endpoint.source({ tables: [await bench.inspect('t')], chunkRows: 10 });
    await bench.sql('INSERT INTO t VALUES (1)');
    const reader = source.read(from, never)[Symbol.asyncIterator]();
    await reader.next();
    const ended = expect(reader.next()).rejects.toMatchObject({ class: 'transient' });
    await server.kill();
    await ended;
    await server.start();
    expect(await readUntil(source, from, () => true)).toHaveLength(1);
  });

  test('a new timeline is followed up to the fork, and refused behind it', async () => {
    // Recovery from an archive ends on a new timeline, as a promotion does.
    await using server = await startServer('postgres-15', { settings: { restore_command: 'false' } });
    await using bench = await openPostgres(server);
    await bench.sql('CREATE TABLE t (id int PRIMARY KEY)');
    await bench.provision([ref('t')]);
    const from = await bench.endpoint.firstPosition();
    await bench.sql('INSERT INTO t VALUES (1)');
    const tables = [await bench.inspect('t')];
    await server.stop();
    await writeFile(join(server.dataDir, 'recovery.signal'), '');
    await server.start();
    await using again = await openPostgres(server, bench.url);
    while ((await again.sql('SELECT pg_is_in_recovery()'))[0]?.[0] === 't') await again.context.sleep(20);
    const end = await again.endpoint.logEnd();
    expect(end.split('/')[1]).toBe('2');
    await again.endpoint.verifyPosition(from);
    const [first] = await readUntil(again.endpoint.source({ tables, chunkRows: 10 }), from, () => true);
    expect(first?.changes[0]?.after).toEqual([1]);
    // The same place on the old timeline is one that the new one does not contain.
    const behind = end.replace(/^(\d+)\/2\//, '$1/1/') as typeof end;
    await expect(again.endpoint.verifyPosition(behind)).rejects.toMatchObject({ code: 'TD6004' });
  });

  test('a consumer that stops taking holds the server back, and is not thrown out', async () => {
    await using server = await startServer('postgres-15');
    await using bench = await openPostgres(server);
    await bench.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
    await bench.provision([ref('t')]);
    const from = await bench.endpoint.firstPosition();
    const source = bench.endpoint.source({ tables: [await bench.inspect('t')], chunkRows: 100 });
    for (let batch = 0; batch < 4; batch++) {
      await bench.sql(`INSERT INTO t SELECT ${batch} * 8000 + i, repeat('x', 2000) FROM generate_series(1, 8000) i`);
    }
    const reader = source.read(from, never)[Symbol.asyncIterator]();
    let rows = ((await reader.next()).value as Transaction).changes.length;
    const question = "SELECT sent_lsn - '0/0', extract(epoch FROM reply_time) FROM pg_stat_replication";
    const look = async (): Promise<number[]> => (await bench.sql(question))[0]?.map(Number) ?? [];
    const [, firstReply = 0] = await look();
    let sent = 0;
    // Status updates go on while nobody reads; by the second one the buffers have long been full.
    for (let reply = firstReply; reply < firstReply + 9; ) {
      await bench.context.sleep(100);
      [sent = 0, reply = 0] = await look();
    }
    const [end = 0] = (await bench.sql("SELECT pg_current_wal_lsn() - '0/0'"))[0]?.map(Number) ?? [];
    expect(end - sent).toBeGreaterThan(20e6);
    for (let next = await reader.next(); ; next = await reader.next()) {
      rows += (next.value as Transaction).changes.length;
      if (rows === 32_000) break;
    }
    await reader.return?.();
  });
});

describe('forkPoint', () => {
  test('finds where a timeline was left', () => {
    const history = '1\t0/5000000\tno recovery target specified\n\n2\t1/A\tno recovery target specified\n';
    expect(forkPoint(history, 2)).toBe(0x1_0000_000an);
    expect(forkPoint(history, 3)).toBeNull();
  });
});

const noOpenssl = spawnSync('openssl', ['version']).status !== 0;

test.skipIf(isForeign('postgres') || noOpenssl)(
  'TLS: the log is read through it, and an unknown issuer is refused',
  async () => {
    await using server = await startServer('postgres-15');
    await using bench = await openPostgres(server);
    const [certificate, key] = ['server.crt', 'server.key'].map((file) => join(server.dataDir, file)) as [
      string,
      string,
    ];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const request = ['req', '-new', '-x509', '-days', '2', '-nodes', '-out', certificate, '-keyout', key, ...subject];
    expect(spawnSync('openssl', request).status).toBe(0);
    const { uid, gid } = await stat(server.dataDir);
    for (const file of [certificate, key]) {
      await chmod(file, 0o600);
      await chown(file, uid, gid);
    }
    await bench.sql('ALTER SYSTEM SET ssl = on');
    await bench.sql('SELECT pg_reload_conf()');
    while ((await bench.sql('SHOW ssl'))[0]?.[0] !== 'on') await bench.context.sleep(10);
    await bench.sql('CREATE TABLE t (id int PRIMARY KEY, v text)');
    await bench.provision([ref('t')]);
    const open = (tls: NonNullable<EndpointOptions['tls']>): Promise<Endpoint> =>
      database.open(
        { url: bench.url, label: 'revamp', side: 'left', sync: bench.sync, stateSchema: 'tandem', tls },
        bench.context,
      );
    await expect(open({ verify: true })).rejects.toMatchObject({ code: 'TD4001' });
    await using endpoint = await open({ verify: true, ca: await readFile(certificate, 'utf8') });
    const from = await endpoint.firstPosition();
    await bench.sql("INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 5000) i");
    const source = endpoint.source({ tables: [await bench.inspect('t')], chunkRows: 10_000 });
    const reader = source.read(from, never)[Symbol.asyncIterator]();
    expect(((await reader.next()).value as Transaction).changes).toHaveLength(5000);
    const encrypted = 'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_replication USING (pid)';
    expect(await bench.sql(encrypted)).toEqual([['t']]);
    await reader.return?.();
  },
);
