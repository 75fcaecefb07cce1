import { expect, test } from 'vitest';
import { connect, databaseOf } from '../../src/cli/demo/database.ts';
import { describeServers } from '../servers.ts';
import { type DriftPair, expectEqual, fill, openDriftPair, patience, untilHealed } from './stage.ts';

const writes = [
  "INSERT INTO items (sku, label, price) SELECT 'z', 'Z', 9",
  "UPDATE items SET label = 'changed' WHERE sku = 'e'",
  "DELETE FROM items WHERE sku = 'd'",
];

const afterwards = [
  { sku: 'a', label: 'A', price: 1 },
  { sku: 'b', label: 'B', price: 2 },
  { sku: 'c', label: 'C', price: 3 },
  { sku: 'e', label: 'changed', price: 5 },
  { sku: 'z', label: 'Z', price: 9 },
];

const said = (pair: DriftPair, words: string) => pair.log.filter(({ message }) => message.includes(words));

/** The group stops by this code, once, while the other group goes on. */
async function expectStopAlone(pair: DriftPair, code = 'TD6006'): Promise<void> {
  await expect.poll(() => said(pair, 'this table group stops'), patience).toHaveLength(1);
  expect(said(pair, 'this table group stops')).toMatchObject([{ code, lane: 'items' }]);
  await pair.run('left', "UPDATE other SET value = 'uno' WHERE id = 1");
  const value = 'SELECT value FROM other WHERE id = 1';
  await expect.poll(() => pair.connections.right.query(value), patience).toEqual([{ value: 'uno' }]);
}

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`rows of ${right}`, { left: 'postgres', right }, (servers) => {
    test.each([
      ['STATEMENT', "SET SESSION binlog_format = 'STATEMENT'"],
      ['MINIMAL', "SET SESSION binlog_row_image = 'MINIMAL'"],
    ])(
      'that the log does not tell because of %s stop their group alone; it heals by what the tables hold',
      async (_, setting) => {
        await using pair = await openDriftPair(servers);
        const sync = await pair.start();
        await fill(pair, sync);
        await using session = await connect(pair.sides.right);
        for (const sql of [setting, ...writes]) await session.execute(sql);
        await expectStopAlone(pair);
        await expect.poll(() => said(pair, 'in step again'), patience).not.toEqual([]);
        await untilHealed(pair);
        expect((await expectEqual(pair, sync)).items).toEqual(afterwards);
      },
    );

    test('written by XA arrive when it commits, also if it was prepared before the engine started', async () => {
      await using pair = await openDriftPair(servers);
      const first = await pair.start();
      await fill(pair, first);
      // Its name is one for the whole server, which other tests use, too.
      const name = `'${databaseOf(pair.sides.right.url)}'`;
      {
        await using session = await connect(pair.sides.right);
        const prepared = [`XA START ${name}`, ...writes, `XA END ${name}`, `XA PREPARE ${name}`];
        for (const sql of prepared) await session.execute(sql);
      }
      await pair.run('left', "INSERT INTO notes (item_id, body) SELECT id, 'second' FROM items WHERE sku = 'a'");
      await first.idle();
      await first.stop();
      const sync = await pair.start();
      await pair.run('right', `XA COMMIT ${name}`);
      expect((await expectEqual(pair, sync)).items).toEqual(afterwards);
      expect(pair.log.filter(({ message }) => message.includes('this table group stops'))).toEqual([]);
    });
  });
}

await describeServers('a text that is none in its character set', { left: 'postgres', right: 'mariadb' }, (servers) => {
  test('stops its group alone, until it is mended and the engine starts again', { timeout: 200_000 }, async () => {
    await using pair = await openDriftPair(servers);
    const sync = await pair.start();
    await fill(pair, sync);
    // MariaDB takes half of a surrogate pair for a character.
    await pair.run('right', "UPDATE items SET label = x'EDA08041' WHERE sku = 'a'", ...writes);
    await expectStopAlone(pair, 'TD3006');
    await pair.run('right', "UPDATE items SET label = 'A' WHERE sku = 'a'");
    await sync.idle();
    expect(said(pair, 'in step again')).toEqual([]);
    await sync.stop();
    const next = await pair.start();
    await untilHealed(pair);
    expect((await expectEqual(pair, next)).items).toEqual(afterwards);
  });
});
