import { describe, expect, test } from 'vitest';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import { administer, startPostgresStandby, through } from '../replicas.ts';
import type { SamplePair } from '../sample-pair.ts';
import { isForeign, sharedServer, startServer } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';
import { openProxy } from './tcp-proxy.ts';

const major = 18;
const settings = { fsync: 'off', full_page_writes: 'off' };

/** The same sync, whose left side is another server now. */
function movedTo({ declaration }: SamplePair, server: Server) {
  const url = Object.assign(new URL(declaration.left.url), { port: String(server.port) }).href;
  return { declaration: { ...declaration, left: { ...declaration.left, url } } };
}

const insert = (id: number): string => `INSERT INTO ledger VALUES (${id}, 'row ${id}')`;

async function promote(server: Server): Promise<void> {
  await administer(server, (connection) => connection.query('SELECT pg_promote(true, 60)'));
}

/** Whether a standby has everything that the primary has written. */
async function isLevel(primary: Server, standby: Server): Promise<boolean> {
  const [end] = await administer(primary, (each) => each.query('SELECT pg_current_wal_flush_lsn()::text AS lsn'));
  const sql = 'SELECT pg_last_wal_replay_lsn() >= ?::pg_lsn AS level';
  return (await administer(standby, (each) => each.query(sql, [end?.['lsn']])))[0]?.['level'] as unknown as boolean;
}

/** Whether the standby has a slot of its own that it would keep; it becomes that only while the primary's moves on. */
async function isSynced(primary: Server, standby: Server): Promise<boolean> {
  await administer(primary, (each) => each.query('SELECT pg_log_standby_snapshot()'));
  const sql = 'SELECT count(*)::int AS n FROM pg_replication_slots WHERE synced AND NOT temporary';
  return (await administer(standby, (each) => each.query(sql)))[0]?.['n'] === 1;
}

describe.skipIf(isForeign('postgres'))('a failover of PostgreSQL', () => {
  test('to a standby with the slot goes on under a running engine', { timeout: 240_000 }, async () => {
    await using primary = await startServer(`postgres-${major}`, { settings });
    await using proxy = await openProxy(primary.port);
    const servers = { left: through(proxy, primary), right: await sharedServer('mysql') };
    await using pair = await openFaultPair(servers, { leavesServers: true });
    await administer(primary, (each) => each.query("SELECT pg_create_physical_replication_slot('standby')"));
    await using standby = await startPostgresStandby(primary, major, {
      ...settings,
      primary_slot_name: 'standby',
      sync_replication_slots: 'on',
    });
    // Readers see nothing that the standby may lack.
    await administer(primary, async (each) => {
      await each.execute("ALTER SYSTEM SET synchronized_standby_slots = 'standby'");
      await each.query('SELECT pg_reload_conf()');
    });
    const sync = await pair.start();
    const writers = createWriters(pair.sides, 31);
    await whileWriting(async () => {
      await progress(pair, 5);
      await expect.poll(() => isSynced(primary, standby), { timeout: 90_000 }).toBe(true);
    }, writers);
    await expectInStep(pair, sync, writers);
    await expect.poll(() => isLevel(primary, standby), { timeout: 60_000 }).toBe(true);
    await primary.kill();
    await promote(standby);
    // Only now: the new primary would wait for a standby of its own.
    await administer(standby, async (each) => {
      await each.execute('ALTER SYSTEM RESET synchronized_standby_slots');
      await each.query('SELECT pg_reload_conf()');
    });
    proxy.redirect(standby.port);
    await pair.reconnect();
    const more = createWriters(pair.sides, 32, 100_000);
    await whileWriting(() => progress(pair, 5), more);
    await expectInStep(pair, sync, more);
  });

  test('without the slot stops by SLOT_LOST, and one that lost changes by SOURCE_REWOUND', {
    timeout: 240_000,
  }, async () => {
    await using primary = await startServer(`postgres-${major}`, { settings });
    const servers = { left: primary, right: await sharedServer('mysql') };
    await using pair = await openFaultPair(servers, { leavesServers: true });
    await using complete = await startPostgresStandby(primary, major, settings);
    await using behind = await startPostgresStandby(primary, major, settings);
    const sync = await pair.start();
    await pair.connections.left.execute(insert(1));
    await pair.connections.right.execute(insert(2));
    await sync.idle();
    await expect.poll(() => isLevel(primary, behind), { timeout: 60_000 }).toBe(true);
    await administer(behind, async (each) => {
      await each.execute("ALTER SYSTEM SET primary_conninfo = ''");
      await each.query('SELECT pg_reload_conf()');
    });
    const receivers = 'SELECT count(*)::int AS n FROM pg_stat_wal_receiver';
    const following = () => administer(behind, async (each) => (await each.query(receivers))[0]?.['n']);
    await expect.poll(following, { timeout: 60_000 }).toBe(0);
    await pair.connections.left.execute(insert(3));
    await sync.idle();
    await sync.stop();
    await expect.poll(() => isLevel(primary, complete), { timeout: 60_000 }).toBe(true);
    await primary.kill();
    // What is no primary yet is waited for.
    const early = new AbortController();
    const waiting = pair.start({ ...movedTo(pair, complete), signal: early.signal });
    const ended = waiting.catch((thrown: unknown) => thrown);
    await expect.poll(() => pair.log.map(({ code }) => code), { timeout: 30_000 }).toContain('TD7008');
    early.abort('enough');
    expect(await ended).toBe('enough');
    await promote(complete);
    await expect(pair.start(movedTo(pair, complete))).rejects.toMatchObject({ code: 'TD6001' });
    await promote(behind);
    await expect(pair.start(movedTo(pair, behind))).rejects.toMatchObject({ code: 'TD6004' });
  });

  test('is not needed to lose a slot: one beyond max_slot_wal_keep_size is told', { timeout: 120_000 }, async () => {
    const small = { max_slot_wal_keep_size: '16MB', min_wal_size: '32MB', max_wal_size: '32MB' };
    await using left = await startServer(`postgres-${major}`, { settings: { ...settings, ...small } });
    await using pair = await openFaultPair({ left, right: await sharedServer('mysql') }, { leavesServers: true });
    const status = "SELECT wal_status FROM pg_replication_slots WHERE slot_name LIKE 'tandem_%'";
    await expect
      .poll(
        async () => {
          await pair.connections.left.query("SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000))");
          await pair.connections.left.query('SELECT pg_switch_wal()');
          await pair.connections.left.execute('CHECKPOINT');
          return (await pair.connections.left.query(status))[0]?.['wal_status'];
        },
        { timeout: 60_000, interval: 10 },
      )
      .toBe('lost');
    await expect(pair.start()).rejects.toMatchObject({ code: 'TD6001' });
  });
});
