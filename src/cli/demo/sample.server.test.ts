import { expect, test } from 'vitest';
import { describeServers, freshDatabase } from '../../../test/servers.ts';
import type { Side } from '../../model/policy.ts';
import { compareSample } from './compare.ts';
import { createSample } from './create-sample.ts';
import { connect, type Connection } from './database.ts';
import { createLoad } from './load.ts';
import { createPlatform, type Platform } from './platform.ts';
import { SAMPLE } from './sample.ts';
import { readWrites } from './writes.ts';

const ann = { fullName: "Ann O'Hara \\ 🙂", phone: null, status: 'active' };
const draft = { content: 'Text', status: 'draft' };

await describeServers('the sample', { postgres: 'postgres', mysql: 'mysql', mariadb: 'mariadb' }, (servers) => {
  test.each([
    ['postgres', 'mysql'],
    ['mysql', 'mariadb'],
    ['mariadb', 'postgres'],
  ] as const)('%s and %s: the comparison sees what is equal and what is not', async (leftName, rightName) => {
    const sideOf = async (name: keyof typeof servers) => ({
      engine: servers[name].engine,
      url: await freshDatabase(servers[name]),
    });
    const sides = { left: await sideOf(leftName), right: await sideOf(rightName) };
    await using left = await connect(sides.left);
    await using right = await connect(sides.right);
    await createSample(left, 'left');
    await createSample(right, 'right');
    const platforms = [createPlatform('left', left), createPlatform('right', right)] as const;

    for (const platform of platforms) await writeSome(platform);
    await sameTimes(left, 'left');
    await sameTimes(right, 'right');
    expect(await compareSample(left, right)).toEqual({ rows: 3, differences: [] });

    const [legacy, revamp] = platforms;
    await legacy.unlike('ann@example.com', 'Hello');
    await revamp.changePost('Hello', { ...draft, status: 'published' });
    await revamp.signUp('bob@example.com', 'bob', ann);
    await sameTimes(right, 'right');
    const { differences } = await compareSample(left, right);
    expect(differences).toEqual([
      { table: 'users', row: 'bob@example.com', found: 'only right', columns: [] },
      { table: 'posts', row: 'Hello', found: 'different', columns: ['post_status'] },
      { table: 'likes', row: 'ann@example.com likes Hello', found: 'only right', columns: [] },
    ]);
  });

  test('the load writes on both sides, and the record of writes tells applications from a sync', async () => {
    const sides = {
      left: { engine: 'postgres', url: await freshDatabase(servers.postgres) },
      right: { engine: 'mysql', url: await freshDatabase(servers.mysql) },
    } as const;
    await using left = await connect(sides.left);
    await using right = await connect(sides.right);
    await createSample(left, 'left');
    await createSample(right, 'right');
    await left.execute("SET tandem.apply = 'on'");
    await right.execute('SET @tandem_apply = 1');
    await createPlatform('left', left).signUp('sync@example.com', 'sync', ann);
    await createPlatform('right', right).signUp('sync@example.com', 'sync', ann);
    expect(await readWrites(left, right)).toEqual([
      { row: 'users sync@example.com', byApplication: { left: 0, right: 0 }, bySync: { left: 1, right: 1 } },
    ]);

    await using load = await createLoad({ ...sides, seed: 7, ratePerSecond: 200 });
    const stop = new AbortController();
    const running = load.run(stop.signal);
    await expect.poll(() => load.counts().inserts, { timeout: 20_000 }).toBeGreaterThan(60);
    stop.abort();
    await running;
    const writes = await readWrites(left, right);
    const { inserts, updates } = load.counts();
    const total = writes.reduce((sum, { byApplication }) => sum + byApplication.left + byApplication.right, 0);
    expect(total).toBeGreaterThanOrEqual(inserts + updates);
    expect(writes.every(({ bySync }) => bySync.left + bySync.right <= 2)).toBe(true);
  });
});

async function writeSome(platform: Platform): Promise<void> {
  expect(await platform.signUp('ann@example.com', 'ann', ann)).toBe(1);
  expect(await platform.changeUser('ann@example.com', { ...ann, status: 'inactive' })).toBe(1);
  expect(await platform.writePost('ann@example.com', 'Hello', draft)).toBe(1);
  expect(await platform.viewPost('Hello')).toBe(1);
  expect(await platform.like('ann@example.com', 'Hello', 'wow')).toBe(1);
}

/** Without a sync each side has times of its own. */
async function sameTimes(connection: Connection, side: Side): Promise<void> {
  await connection.execute(connection.engine === 'postgres' ? "SET tandem.apply = 'on'" : 'SET @tandem_apply = 1');
  for (const table of Object.values(SAMPLE)) {
    for (const column of table.columns) {
      if (column.type.kind !== 'time') continue;
      await connection.execute(`UPDATE ${table.name[side]} SET ${column[side]} = '2026-01-02 03:04:05'`);
    }
  }
}
