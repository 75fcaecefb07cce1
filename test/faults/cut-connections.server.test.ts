import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/cli/demo/random.ts';
import { openEndpoints } from '../../src/engine/prepare.ts';
import { asTandemError } from '../../src/model/error.ts';
import type { Side } from '../../src/model/policy.ts';
import { type SamplePair, silence } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';
import { openProxy, type TcpProxy } from './tcp-proxy.ts';

const cuts = 16;

type Servers = Parameters<typeof openFaultPair>[0];

interface Wired extends AsyncDisposable {
  readonly pair: SamplePair;
  readonly proxies: Readonly<Record<Side, TcpProxy>>;
}

/** The engine goes through proxies; the applications do not. */
async function openWired(servers: Servers): Promise<Wired> {
  const proxies = { left: await openProxy(servers.left.port), right: await openProxy(servers.right.port) };
  const pair = await openFaultPair(servers, {
    declare: (declaration) => ({
      ...declaration,
      left: { ...declaration.left, url: proxies.left.url(declaration.left.url) },
      right: { ...declaration.right, url: proxies.right.url(declaration.right.url) },
    }),
  });
  return {
    pair,
    proxies,
    async [Symbol.asyncDispose]() {
      await pair[Symbol.asyncDispose]();
      await proxies.left[Symbol.asyncDispose]();
      await proxies.right[Symbol.asyncDispose]();
    },
  };
}

/** Is somebody asleep in the server, on behalf of a statement? */
async function isAsleep({ connections }: SamplePair, side: Side): Promise<boolean> {
  const sql =
    side === 'left'
      ? "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
      : "SELECT 1 FROM information_schema.processlist WHERE db = database() AND info LIKE 'DO SLEEP%'";
  return (await connections[side].query(sql)).length > 0;
}

await describeServers('connections that break', { left: 'postgres', mysql: 'mysql', mariadb: 'mariadb' }, (servers) => {
  const engines = ['mysql', 'mariadb'] as const;

  test.each(engines)(
    'cut at random moments, lose and repeat nothing, on PostgreSQL and %s',
    {
      timeout: 240_000,
    },
    async (right) => {
      const seed = Date.now() % 1_000_000;
      console.info(`${right}: seed ${seed}`);
      const random = createRandom(seed);
      await using wired = await openWired({ left: servers.left, right: servers[right] });
      const { pair, proxies } = wired;
      const sync = await pair.start();
      const writers = createWriters(pair.sides, seed);
      await whileWriting(async () => {
        for (let cut = 0; cut < cuts; cut += 1) {
          await sleep(random.below(100));
          const proxy = proxies[random.chance(0.5) ? 'left' : 'right'];
          if (random.chance(0.3)) proxy.cut();
          else proxy.cutAfter(random.below(2_000), random.chance(0.5) ? 'toServer' : 'toClient');
          if (random.chance(0.2)) proxies.left.cut();
          await progress(pair);
        }
      }, writers);
      await expectInStep(pair, sync, writers);
      expect(proxies.left.made + proxies.right.made).toBeGreaterThan(cuts);
    },
  );

  test.each(engines)(
    'cut after COMMIT was sent and before the reply, repeat nothing, on PostgreSQL and %s',
    {
      timeout: 240_000,
    },
    async (right) => {
      await using wired = await openWired({ left: servers.left, right: servers[right] });
      const { pair, proxies } = wired;
      const sync = await pair.start();
      const writers = createWriters(pair.sides, 5);
      await whileWriting(async () => {
        for (let round = 0; round < 4; round += 1) {
          await Promise.all([proxies.left.loseReplyTo('COMMIT'), proxies.right.loseReplyTo('COMMIT')]);
          await progress(pair);
        }
      }, writers);
      await expectInStep(pair, sync, writers);
      expect(pair.log.filter(({ message }) => message.endsWith('trying again')).length).toBeGreaterThanOrEqual(8);
    },
  );

  test.each(engines)(
    'half open, with nobody told, are found out, on PostgreSQL and %s',
    {
      timeout: 240_000,
    },
    async (right) => {
      await using wired = await openWired({ left: servers.left, right: servers[right] });
      const { pair, proxies } = wired;
      const sync = await pair.start();
      const writers = createWriters(pair.sides, 7);
      await whileWriting(async () => {
        await progress(pair);
        proxies.right.freeze();
        await progress(pair);
        proxies.left.freeze();
        await progress(pair);
      }, writers);
      await expectInStep(pair, sync, writers);
    },
  );

  const sleepSql = { left: 'SELECT pg_sleep(100)', right: 'DO SLEEP(100)' } as const;

  test('while a question is under way tell who asked, and end no process', async () => {
    await using wired = await openWired({ left: servers.left, right: servers.mysql });
    const { pair, proxies } = wired;
    await using endpoints = await openEndpoints(pair.declaration, pair.context);
    for (const side of ['left', 'right'] as const) {
      const asked = endpoints[side].run({ title: 'sleep', sql: sleepSql[side] });
      const outcome = asked.catch((thrown: unknown) => asTandemError(thrown).class);
      await expect.poll(() => isAsleep(pair, side)).toBe(true);
      proxies[side].cut();
      expect(await outcome).toBe('transient');
    }
  });

  test('half open can be closed', async () => {
    await using wired = await openWired({ left: servers.left, right: servers.mysql });
    const { pair, proxies } = wired;
    const endpoints = await openEndpoints(pair.declaration, pair.context);
    const targets = await Promise.all([endpoints.left.target(), endpoints.right.target()]);
    const asked = (['left', 'right'] as const).map(async (side) => {
      await endpoints[side].run({ title: 'sleep', sql: sleepSql[side] }).catch(() => undefined);
    });
    for (const side of ['left', 'right'] as const) await expect.poll(() => isAsleep(pair, side)).toBe(true);
    proxies.left.freeze();
    proxies.right.freeze();
    for (const target of targets) await target[Symbol.asyncDispose]();
    await endpoints[Symbol.asyncDispose]();
    await asked[0];
  });

  test('are told as mended also where nobody writes', { timeout: 120_000 }, async () => {
    await using wired = await openWired({ left: servers.left, right: servers.mysql });
    const { pair, proxies } = wired;
    const sync = await pair.start();
    await silence(pair, sync);
    const states = () => Object.values(sync.status().directions).map(({ state }) => state);
    expect(states()).toEqual(['running', 'running']);
    proxies.left.cut();
    proxies.right.cut();
    await expect.poll(states, { timeout: 30_000, interval: 1 }).toEqual(['retrying', 'retrying']);
    await expect.poll(states, { timeout: 60_000 }).toEqual(['running', 'running']);
  });

  test('do not end the wait until everything is applied', { timeout: 120_000 }, async () => {
    await using wired = await openWired({ left: servers.left, right: servers.mysql });
    const { pair, proxies } = wired;
    const sync = await pair.start();
    for (let id = 1; id <= 20; id += 1) {
      await pair.connections.left.execute(`INSERT INTO ledger VALUES (${id}, 'from the left')`);
      const idle = sync.idle();
      proxies.left.cut();
      proxies.right.cut();
      await idle;
      expect(await pair.connections.right.query(`SELECT id FROM ledger WHERE id = ${id}`)).toEqual([{ id }]);
    }
  });

  test('that are slow, lose and repeat nothing', { timeout: 240_000 }, async () => {
    await using wired = await openWired({ left: servers.left, right: servers.mysql });
    const { pair, proxies } = wired;
    const sync = await pair.start();
    const writers = createWriters(pair.sides, 6);
    await whileWriting(async () => {
      proxies.right.delay(20);
      await progress(pair, 5);
      proxies.right.delay(0);
    }, writers);
    await expectInStep(pair, sync, writers);
  });
});
