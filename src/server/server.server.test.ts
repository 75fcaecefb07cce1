import { expect, test, vi } from 'vitest';
import { openProxy } from '../../test/faults/tcp-proxy.ts';
import { type Exposition, parseExposition } from '../../test/exposition.ts';
import { openSamplePair, type SamplePair, silence } from '../../test/sample-pair.ts';
import { describeServers, startServer } from '../../test/servers.ts';
import { StatusReader } from '../engine/status-reader.ts';
import type { StoredStatus } from '../engine/status.ts';
import type { Sync } from '../engine/sync-status.ts';
import { openSyncServer, type SyncServer } from './serve.ts';

const poison = 'poison-4711';
const patience = { timeout: 100_000, interval: 200 };

interface Served extends AsyncDisposable {
  readonly sync: Sync;
  readonly server: SyncServer;
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  scrape(): Promise<Exposition>;
}

async function serve(pair: SamplePair): Promise<Served> {
  const { declaration, context } = pair;
  const server = await openSyncServer({
    listen: '127.0.0.1:0',
    token: undefined,
    name: declaration.name,
    version: '1.2.3',
    links: Object.keys(declaration.links).length,
    stored: new StatusReader(declaration, context),
    context,
  });
  const sync = await pair.start();
  server.show(sync);
  const get = async (path: string) => {
    const answer = await fetch(`${server.url}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  return {
    sync,
    server,
    get,
    scrape: async () => parseExposition((await get('/metrics')).text),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await sync.stop().catch(() => undefined);
    },
  };
}

/** Waits for it; where it does not come true, the failing checks show. */
async function expectReady(served: Served): Promise<void> {
  const failing = async () => (await served.get('/readyz?verbose')).text.match(/^(?:\[-\] .*|not ready)$/gm) ?? [];
  await vi.waitFor(async () => expect(await failing()).toEqual([]), patience);
}

const insertUser = (name: string, status = 'active') =>
  `INSERT INTO legacy_users (username, email, full_name, status)
   VALUES ('${name}', '${name}@example.com', '${poison}', '${status}')`;

/** What everybody may know of that run. */
function expectFigures(found: Exposition): void {
  const toRight = { direction: 'left->right' };
  expect(found.value('tandem_build_info', { version: '1.2.3' })).toBe(1);
  expect(found.value('tandem_replication_lag_seconds', toRight)).toBe(0);
  expect(found.value('tandem_direction_state', { ...toRight, state: 'running' })).toBe(1);
  expect(found.sum('tandem_direction_state', toRight)).toBe(1);
  expect(found.value('tandem_events_captured_total', { side: 'left', link: 'users', op: 'insert' })).toBe(2);
  expect(found.value('tandem_events_applied_total', { ...toRight, link: 'users', op: 'insert' })).toBe(2);
  expect(found.value('tandem_events_dropped_total', { ...toRight, reason: 'unchanged' })).toBe(1);
  expect(found.sum('tandem_events_dropped_total', { direction: 'right->left', reason: 'echo' })).toBeGreaterThan(0);
  // Parked once, and again whenever it was asked for in vain.
  expect(found.value('tandem_parked_total', { ...toRight, link: 'users', code: 'TD3001' })).toBeGreaterThan(0);
  expect(found.value('tandem_parked_rows', toRight)).toBe(1);
  expect(found.value('tandem_commit_to_apply_seconds_count', toRight)).toBeGreaterThan(1);
  for (const stage of ['capture', 'wait', 'map', 'apply']) {
    expect(found.value('tandem_stage_seconds_count', { ...toRight, stage })).toBeGreaterThan(0);
  }
  expect(found.value('tandem_captured_bytes_total', { side: 'left' })).toBeGreaterThan(100);
  expect(found.value('tandem_pg_slot_retained_bytes', { side: 'left' })).toBeGreaterThanOrEqual(0);
  expect(found.value('tandem_mysql_binlog_position_age_seconds', { side: 'right' })).toBeGreaterThanOrEqual(0);
  expect(Math.abs(found.value('tandem_clock_skew_seconds', { side: 'right' }) ?? Infinity)).toBeLessThan(60);
  expect(found.value('tandem_checkpoint_timestamp_seconds', toRight)).toBeGreaterThan(1_700_000_000);
  expect(found.value('tandem_queue_events', toRight)).toBe(0);
  expect(found.value('process_resident_memory_bytes')).toBeGreaterThan(0);
}

await describeServers('what the server shows', { left: 'postgres', mysql: 'mysql', mariadb: 'mariadb' }, (servers) => {
  test.each(['mysql', 'mariadb'] as const)('PostgreSQL and %s, scraped', async (right) => {
    await using pair = await openSamplePair(
      { left: servers.left, right: servers[right] },
      {
        async prepare({ left }) {
          await left.execute('ALTER TABLE legacy_users DROP CONSTRAINT legacy_users_status_check');
        },
      },
    );
    await using served = await serve(pair);
    await pair.connections.left.execute(insertUser('ann'));
    await pair.connections.left.execute(insertUser('eve', `${poison}-status`));
    await pair.connections.left.execute("UPDATE legacy_users SET full_name = full_name WHERE username = 'ann'");
    await silence(pair, served.sync);
    await expectReady(served);
    const slot = async () => (await served.scrape()).value('tandem_pg_slot_active', { side: 'left' });
    await vi.waitFor(async () => expect(await slot()).toBe(1), patience);

    // A parked row is asked for again now and then, so that a single look may find something under way.
    await vi.waitFor(async () => expectFigures(await served.scrape()), patience);

    const status = JSON.parse((await served.get('/status')).text) as Record<string, unknown>;
    expect(status).toMatchObject({ schema: 'tandem.status/1', sync: pair.declaration.name, applied: true });
    expect(status['running']).toMatchObject({ state: 'running', healthy: true });

    const paths = ['/livez', '/readyz', '/readyz?verbose', '/metrics', '/status', `/${poison}?x=${poison}`];
    const shown = await Promise.all(paths.map((path) => served.get(path)));
    const everything = shown.map(({ text }) => text).join('\n') + JSON.stringify(pair.log);
    expect(everything).not.toContain(poison);
    for (const side of ['left', 'right'] as const) {
      const password = decodeURIComponent(new URL(pair.declaration[side].url).password);
      if (password !== '') expect(everything).not.toContain(password);
    }
  });

  test('a table group that halts is red, with its code', async () => {
    await using pair = await openSamplePair({ left: servers.left, right: servers.mysql });
    await using served = await serve(pair);
    await expectReady(served);
    served.sync.finished.catch(() => undefined);
    await pair.connections.left.execute('TRUNCATE legacy_users CASCADE');
    await vi.waitFor(async () => {
      const ready = await served.get('/readyz?verbose');
      expect(ready.status).toBe(503);
      expect(ready.text).toMatch(/^\[-\] (?:direction:left->right|engine): TD7011/m);
    }, patience);
    const found = await served.scrape();
    expect(found.sum('tandem_halts_total', { code: 'TD7011' })).toBeGreaterThan(0);
    expect(found.value('tandem_healthy')).toBe(0);
    expect(pair.log.some(({ code }) => code === 'TD7011')).toBe(true);
    const groups = async () => (JSON.parse((await served.get('/status')).text) as StoredStatus).groups;
    const halted = { state: 'stopped', reason: { code: 'TD7011' } };
    await vi.waitFor(async () => expect(await groups()).toMatchObject([{ ...halted, misfit: null }]), patience);
    expect((await served.scrape()).sum('tandem_schema_drift')).toBe(0);
    // The connections that the status is read over have been open for a while.
    await pair.connections.left.execute('ALTER TABLE legacy_users RENAME COLUMN full_name TO name');
    const misfit = { code: 'TD5030' };
    await vi.waitFor(async () => expect(await groups()).toMatchObject([{ ...halted, misfit }]), patience);
    expect((await served.scrape()).sum('tandem_schema_drift')).toBe(1);
  });

  test.each(['left', 'right'] as const)(
    'a connection that goes dead without a word is red until there is a new one, on the %s',
    { timeout: 240_000 },
    async (side) => {
      await using proxy = await openProxy(side === 'left' ? servers.left.port : servers.mysql.port);
      await using pair = await openSamplePair(
        { left: servers.left, right: servers.mysql },
        {
          declare: (given) => ({
            ...given,
            limits: { silenceMs: 4_000 },
            [side]: { ...given[side], url: proxy.url(given[side].url) },
          }),
        },
      );
      await using served = await serve(pair);
      await expectReady(served);
      proxy.freeze();
      await vi.waitFor(async () => {
        expect((await served.get('/readyz?verbose')).text).toContain(`[-] log:${side}: TD6053`);
      }, patience);
      proxy.cut();
      await expectReady(served);
      await pair.connections.left.execute(insertUser('ann'));
      await silence(pair, served.sync);
    },
  );

  test('a server that is away makes the lag unknown and the sync unhealthy; its return mends both', {
    timeout: 240_000,
  }, async () => {
    await using right = await startServer('mysql');
    await using pair = await openSamplePair(
      { left: servers.left, right },
      { declare: (given) => ({ ...given, limits: { silenceMs: 4_000, retryLastMs: 1_000 } }) },
    );
    await using served = await serve(pair);
    await expectReady(served);
    await right.stop();
    await vi.waitFor(async () => {
      const { text } = await served.get('/readyz?verbose');
      expect(text).toMatch(/^\[-\] server:right: TD\d{4}/m);
      expect(text).toContain('[-] lag:right->left: TD6055');
    }, patience);
    const found = await served.scrape();
    expect(found.value('tandem_replication_lag_seconds', { direction: 'right->left' })).toBeUndefined();
    const retries = async () =>
      (await served.scrape()).sum('tandem_retries_total', { direction: 'right->left', stage: 'capture' });
    await vi.waitFor(async () => expect(await retries()).toBeGreaterThan(0), patience);
    await right.start();
    await expectReady(served);
    await pair.reconnect();
  });
});
