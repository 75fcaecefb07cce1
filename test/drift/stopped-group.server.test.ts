import { expect, test } from 'vitest';
import { describeServers } from '../servers.ts';
import { openHome } from '../sample-process.ts';
import {
  expectEqual,
  fill,
  openDriftPair,
  type DriftPair,
  patience,
  positions,
  untilHealed,
  untilStopped,
} from './stage.ts';

const rename = (from: string, to: string): string => `ALTER TABLE items RENAME COLUMN ${from} TO ${to}`;

/** Writes of every kind on both sides, some of the same rows; `label` is what the left calls the column now. */
async function writeMeanwhile(pair: DriftPair, label: string): Promise<void> {
  await pair.run(
    'left',
    "UPDATE items SET price = 10 WHERE sku = 'a'",
    `INSERT INTO items (sku, ${label}, price) VALUES ('l', 'L', 7)`,
    "INSERT INTO notes (item_id, body) SELECT id, 'new left' FROM items WHERE sku = 'l'",
    "DELETE FROM notes WHERE item_id = (SELECT id FROM items WHERE sku = 'b')",
    "DELETE FROM items WHERE sku = 'b'",
    `UPDATE items SET ${label} = 'older' WHERE sku = 'd'`,
  );
  await pair.run(
    'right',
    "UPDATE items SET label = 'C2' WHERE sku = 'c'",
    "INSERT INTO items (sku, label, price) VALUES ('r', 'R', 8)",
    "INSERT INTO notes (item_id, body) SELECT id, 'new right' FROM items WHERE sku = 'r'",
    "DELETE FROM items WHERE sku = 'e'",
    "UPDATE items SET label = 'newer' WHERE sku = 'd'",
  );
}

const afterwards = [
  { sku: 'a', label: 'A', price: 10 },
  { sku: 'c', label: 'C2', price: 3 },
  { sku: 'd', label: 'newer', price: 4 },
  { sku: 'l', label: 'L', price: 7 },
  { sku: 'r', label: 'R', price: 8 },
];

const pairs = [
  ['PostgreSQL 18', 'MySQL', { left: 'postgres', right: 'mysql' }],
  ['MariaDB', 'PostgreSQL 15', { left: 'mariadb', right: 'postgres-15' }],
] as const;

for (const [left, right, engines] of pairs) {
  await describeServers(`a table group whose table changes, on ${left} and ${right}`, engines, (servers) => {
    test('stops alone, holds up no log, and heals when the table is changed back', { timeout: 240_000 }, async () => {
      await using pair = await openDriftPair(servers);
      const sync = await pair.start();
      await fill(pair, sync);
      await pair.run('left', rename('label', 'title'), "UPDATE items SET title = 'A1' WHERE sku = 'a'");
      await untilStopped(pair, 'TD7005', 'TD5030');
      const before = await positions(pair);
      await pair.run('left', "UPDATE items SET title = 'A' WHERE sku = 'a'");
      await writeMeanwhile(pair, 'title');
      await pair.run('left', "UPDATE other SET value = 'uno' WHERE id = 1");
      await pair.run('right', "UPDATE other SET value = 'dos' WHERE id = 2");
      const value = (id: number) => `SELECT value FROM other WHERE id = ${id}`;
      await expect.poll(() => pair.connections.right.query(value(1)), patience).toEqual([{ value: 'uno' }]);
      await expect.poll(() => pair.connections.left.query(value(2)), patience).toEqual([{ value: 'dos' }]);
      expect(sync.status().directions['left->right']).toMatchObject({
        state: 'stopped',
        lastError: {},
      });
      // The stopped group's own positions go on, in both directions, and with them the floor of both logs.
      await sync.idle();
      const after = await positions(pair);
      for (const [at, position] of after.entries()) expect(position).not.toBe(before[at]);
      // Nothing of the stopped group has been carried over.
      expect(await pair.connections.right.query("SELECT price FROM items WHERE sku IN ('a', 'l')")).toEqual([
        { price: 1 },
      ]);
      expect(await pair.connections.left.query("SELECT sku FROM items WHERE sku = 'r'")).toEqual([]);
      await pair.run('left', rename('title', 'label'));
      await untilHealed(pair);
      const { items } = await expectEqual(pair, sync);
      expect(items).toEqual(afterwards);
    });

    test('stays stopped over kills and heals through them', { timeout: 300_000 }, async () => {
      await using pair = await openDriftPair(servers);
      const first = await pair.start();
      await fill(pair, first);
      await first.stop();
      await using home = await openHome(pair);
      const kill = async (words: string): Promise<void> => {
        const engine = home.run();
        await expect.poll(() => engine.talk(), { ...patience, timeout: 90_000 }).toContain(words);
        engine.send('SIGKILL');
        expect(await engine.ended, engine.talk()).toEqual([null, 'SIGKILL']);
      };
      await pair.run('left', rename('label', 'title'));
      await writeMeanwhile(pair, 'title');
      await kill('this table group stops');
      await kill('this table group stops');
      await pair.run('left', "UPDATE items SET price = 11 WHERE sku = 'a'");
      await pair.run('right', "UPDATE items SET price = 12 WHERE sku = 'c'");
      await kill('this table group stops');
      await pair.run('left', rename('title', 'label'));
      await kill('what changed is told');
      await kill('what changed is told');
      const sync = await pair.start();
      await untilHealed(pair);
      const { items } = await expectEqual(pair, sync);
      expect(items).toEqual([
        { sku: 'a', label: 'A', price: 11 },
        { sku: 'c', label: 'C2', price: 12 },
        ...afterwards.slice(2),
      ]);
    });
  });
}
