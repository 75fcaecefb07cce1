import { expect, test } from 'vitest';
import type { Side } from '../../src/model/policy.ts';
import { WHOLE_TABLE } from '../../src/pipeline/lane/dirty.ts';
import { describeServers } from '../servers.ts';
import {
  contents,
  declarationOf,
  type DriftPair,
  expectEqual,
  fill,
  openDriftPair,
  patience,
  untilHealed,
  untilStopped,
} from './stage.ts';

const stopCodes = ['TD7005', 'TD5030', 'TD5031'] as const;

/** Each side writes what the other has to get, while the group stands still. */
async function writeBoth(pair: DriftPair, names: Partial<Record<Side, { items?: string; label?: string }>> = {}) {
  for (const side of ['left', 'right'] as const) {
    const { items = 'items', label = 'label' } = names[side] ?? {};
    await pair.run(side, `INSERT INTO ${items} (sku, ${label}, price) VALUES ('new ${side}', '${side}', 7)`);
  }
  await pair.run('right', `UPDATE ${names.right?.items ?? 'items'} SET price = 33 WHERE sku = 'c'`);
}

const afterwards = expect.arrayContaining([
  { sku: 'c', label: 'C', price: 33 },
  { sku: 'new left', label: 'left', price: 7 },
  { sku: 'new right', label: 'right', price: 7 },
]) as unknown;

await describeServers('a table group', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('heals by a mapping that follows the change of its table', async () => {
    await using pair = await openDriftPair(servers);
    const sync = await pair.start();
    await fill(pair, sync);
    await pair.run(
      'left',
      'ALTER TABLE items RENAME COLUMN label TO title',
      "UPDATE items SET price = 1 WHERE sku = 'a'",
    );
    await untilStopped(pair, ...stopCodes);
    await writeBoth(pair, { left: { label: 'title' } });
    await sync.stop();
    const columns = { id: 'id', sku: 'sku', title: 'label', price: 'price' };
    const declaration = declarationOf(pair.declaration, (link, name) =>
      name === 'items' ? { ...link, columns } : link,
    );
    const next = await pair.start({ declaration });
    await untilHealed(pair);
    expect((await expectEqual(pair, next, { left: 'title' })).items).toEqual(afterwards);
  });

  test('is compared whole where more rows changed than are noted one by one', async () => {
    await using pair = await openDriftPair(servers);
    const sync = await pair.start({ declaration: { ...pair.declaration, limits: { dirtyRows: 3 } } });
    await fill(pair, sync);
    await pair.run(
      'left',
      'ALTER TABLE items RENAME COLUMN label TO title',
      "UPDATE items SET price = 1 WHERE sku = 'a'",
    );
    await untilStopped(pair, ...stopCodes);
    const many = Array.from({ length: 20 }, (_, at) => `('many ${at}', 'M', ${at})`).join(', ');
    await pair.run('left', `INSERT INTO items (sku, title, price) VALUES ${many}`, "DELETE FROM items WHERE sku = 'd'");
    await writeBoth(pair, { left: { label: 'title' } });
    await sync.idle();
    const noted = `SELECT source_key FROM ${pair.declaration.right.stateSchema}.dirty WHERE link = 'items'`;
    expect(await pair.connections.right.query(noted)).toContainEqual({ source_key: WHOLE_TABLE });
    await pair.run('left', 'ALTER TABLE items RENAME COLUMN title TO label');
    await untilHealed(pair);
    const { items } = await expectEqual(pair, sync);
    expect(items).toEqual(afterwards);
    expect(items.filter(({ sku }) => sku.startsWith('many'))).toHaveLength(20);
    expect(items.map(({ sku }) => sku)).not.toContain('d');
  });

  test.each(['left', 'right'] as const)(
    'stops where a table is renamed on the %s, until it is called so again',
    async (side) => {
      await using pair = await openDriftPair(servers);
      const sync = await pair.start();
      await fill(pair, sync);
      await pair.run(side, 'ALTER TABLE items RENAME TO things');
      await untilStopped(pair, ...stopCodes);
      await writeBoth(pair, { [side]: { items: 'things' } });
      await pair.run(side, 'ALTER TABLE things RENAME TO items');
      await untilHealed(pair);
      expect((await expectEqual(pair, sync)).items).toEqual(afterwards);
    },
  );

  test.each([
    [
      'left',
      'ALTER TABLE items ALTER COLUMN price TYPE text',
      'ALTER TABLE items ALTER COLUMN price TYPE int USING price::int',
    ],
    ['right', 'ALTER TABLE items MODIFY price varchar(9) NOT NULL', 'ALTER TABLE items MODIFY price int NOT NULL'],
  ] as const)(
    'stops where a column on the %s gets a type that does not fit, until it fits',
    async (side, there, back) => {
      await using pair = await openDriftPair(servers);
      const sync = await pair.start();
      await fill(pair, sync);
      await pair.run(side, there);
      await untilStopped(pair, ...stopCodes);
      await pair.run('left', "INSERT INTO items (sku, label, price) VALUES ('t', 'T', '8')");
      await pair.run(side, back);
      await untilHealed(pair);
      await expectEqual(pair, sync);
    },
  );

  test('goes on by itself where a column becomes wider', async () => {
    await using pair = await openDriftPair(servers);
    const sync = await pair.start();
    await fill(pair, sync);
    await pair.run('left', 'ALTER TABLE items ALTER COLUMN price TYPE bigint');
    await pair.run('right', 'ALTER TABLE items MODIFY price bigint NOT NULL');
    await pair.run('left', "UPDATE items SET price = 5000000000 WHERE sku = 'a'");
    await pair.run('right', "UPDATE items SET price = 6000000000 WHERE sku = 'b'");
    const prices = 'SELECT sku FROM items WHERE price > 4000000000 ORDER BY sku';
    for (const side of ['left', 'right'] as const) {
      await expect.poll(() => pair.connections[side].query(prices), patience).toEqual([{ sku: 'a' }, { sku: 'b' }]);
    }
    await untilHealed(pair);
  });

  test('keeps its rows where TRUNCATE is to be ignored, and what changes later still flows', async () => {
    await using pair = await openDriftPair(servers, (link) => ({ ...link, truncate: 'ignore' }));
    const sync = await pair.start();
    await fill(pair, sync);
    await pair.run(
      'left',
      'TRUNCATE notes',
      "INSERT INTO notes (item_id, body) SELECT id, 'later' FROM items WHERE sku = 'c'",
    );
    const bodies = (side: Side) => pair.connections[side].query('SELECT body FROM notes ORDER BY body');
    const kept = [{ body: 'first' }, { body: 'first' }, { body: 'later' }];
    await expect.poll(() => bodies('right'), patience).toEqual(kept);
    expect(await bodies('left')).toEqual([{ body: 'later' }]);
    await pair.run('right', "UPDATE notes SET body = 'touched' WHERE body = 'first'");
    await expect
      .poll(() => bodies('left'), patience)
      .toEqual([{ body: 'later' }, { body: 'touched' }, { body: 'touched' }]);
    expect(await contents(pair.connections.left)).toEqual(await contents(pair.connections.right));
    expect(pair.log.filter(({ message }) => message.includes('this table group stops'))).toEqual([]);
  });
});
