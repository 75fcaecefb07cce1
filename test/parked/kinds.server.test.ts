import { expect, test } from 'vitest';
import { describeServers } from '../servers.ts';
import { openGoods } from './goods.ts';

const patience = { timeout: 30_000, interval: 50 };

/** A row that cannot cross, what it is owed for, and what removes the cause. */
interface Kind {
  readonly title: string;
  readonly code: string;
  /** Column and value of row 2, as SQL of the left. */
  readonly column: string;
  readonly value: string;
  readonly mend: string;
}

const kinds: readonly Kind[] = [
  ['a check that the target alone has', 'TD7004', 'amount', '13', '12'],
  ['a number out of range', 'TD3003', 'amount', '3000000000', '3'],
  ['a text that is too long', 'TD3007', 'title', "repeat('x', 21)", "'x'"],
  ['a character that the charset of the target lacks', 'TD3006', 'title', "'\u{1F600}'", "'x'"],
  ['digits that would be lost', 'TD3002', 'price', '1.005', '1.01'],
  ['NaN', 'TD3004', 'price', "'NaN'", '1'],
  ['a date that the type of the target does not reach', 'TD3003', 'made', "'1969-07-20'", "'1999-07-20'"],
  ['an unknown label of an enum', 'TD3001', 'kind', "'crate'", "'bag'"],
  ['a function of the user that throws', 'TD3008', 'mood', "'grim'", "'gay'"],
  ['a codec that does not bring the value back', 'TD3002', 'shout', "'stra\u00DFe'", "'strasse'"],
].map(([title, code, column, value, mend]) => ({ title, code, column, value, mend }) as Kind);

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`what ${right} refuses`, { left: 'postgres', right }, (servers) => {
    test.each(kinds)('parks alone and heals: $title', async ({ code, column, value, mend }) => {
      await using stage = await openGoods(servers);
      const first = await stage.start();
      const row = (id: number, more = '', values = '') =>
        `INSERT INTO goods (id, code, title${more}) VALUES (${id}, 'c${id}', 't'${values})`;
      const poison =
        column === 'title'
          ? `INSERT INTO goods (id, code, title) VALUES (2, 'c2', ${value})`
          : row(2, `, ${column}`, `, ${value}`);
      await stage.left(row(1), poison, row(3));
      await stage.left(row(4));
      await expect.poll(() => stage.ids('right'), patience).toEqual([1, 3, 4]);
      await expect.poll(() => stage.owed('right'), patience).toEqual([`goods ${code}`]);
      await first.stop();

      const second = await stage.start();
      await stage.left(row(5));
      await expect.poll(() => stage.ids('right'), patience).toEqual([1, 3, 4, 5]);
      expect(await stage.owed('right')).toEqual([`goods ${code}`]);
      await stage.left(`UPDATE goods SET ${column} = ${mend} WHERE id = 2`);
      await expect.poll(() => stage.ids('right'), patience).toEqual([1, 2, 3, 4, 5]);
      await expect.poll(() => stage.owed('right'), patience).toEqual([]);
      await second.stop();
    });

    test('a row without its parent waits for it, also across a restart', async () => {
      await using stage = await openGoods(servers);
      const first = await stage.start();
      await stage.left(
        "INSERT INTO goods (id, code, title, shelf) VALUES (1, 'a', '', 7)",
        "INSERT INTO goods (id, code, title) VALUES (2, 'b', '')",
      );
      await expect.poll(() => stage.ids('right'), patience).toEqual([2]);
      await expect.poll(() => stage.owed('right'), patience).toEqual(['goods TD7002']);
      const [waiting] = (await stage.project.json<{ parked: { blockedBy: string }[] }>('parked ls')).parked;
      expect(waiting?.blockedBy).toBe('shelves:7');
      await first.stop();

      const second = await stage.start();
      await stage.left("INSERT INTO shelves (id, label) VALUES (7, 'top')");
      await expect.poll(() => stage.ids('right'), patience).toEqual([1, 2]);
      await expect.poll(() => stage.owed('right'), patience).toEqual([]);
      await second.stop();
    });

    test('a row whose unique value a parked row holds comes right after that', async () => {
      await using stage = await openGoods(servers);
      await stage.start();
      await stage.left("INSERT INTO goods (id, code, title) VALUES (1, 'a', '')");
      await expect.poll(() => stage.ids('right'), patience).toEqual([1]);
      await stage.left(
        "UPDATE goods SET code = 'z', amount = 13 WHERE id = 1",
        "INSERT INTO goods (id, code, title) VALUES (2, 'a', '')",
        "INSERT INTO goods (id, code, title) VALUES (3, 'c', '')",
      );
      await expect.poll(() => stage.ids('right'), patience).toEqual([1, 3]);
      await expect.poll(() => stage.owed('right'), patience).toEqual(['goods TD7001', 'goods TD7004']);
      const { parked } = await stage.project.json<{ parked: { id: string; blockedBy: string | null }[] }>('parked ls');
      expect(parked.find(({ id }) => id === 'goods:2')?.blockedBy).toBe('goods:1');
      await stage.left('UPDATE goods SET amount = 14 WHERE id = 1');
      await expect.poll(() => stage.owed('right'), patience).toEqual([]);
      expect(await stage.ids('right')).toEqual([1, 2, 3]);
    });

    test('a row that the other side holds under another spelling comes when that one goes there', async () => {
      await using stage = await openGoods(servers);
      await stage.start();
      await stage.left(
        "INSERT INTO goods (id, code, title) VALUES (1, 'abc', '')",
        "INSERT INTO goods (id, code, title) VALUES (2, 'ABC', '')",
      );
      await expect.poll(() => stage.owed('right'), patience).toEqual(['goods TD7001']);
      await stage.right("UPDATE goods SET code = 'x' WHERE code = 'abc'");
      await expect.poll(() => stage.owed('right'), patience).toEqual([]);
      expect(await stage.ids('right')).toEqual([1, 2]);
    });

    test('a NUL byte parks on the way to PostgreSQL', async () => {
      await using stage = await openGoods(servers);
      await stage.start();
      const insert = 'INSERT INTO goods (id, code, title, amount, kind) VALUES';
      await stage.right(`${insert} (1, 'a', concat('x', char(0)), 0, 'box')`, `${insert} (2, 'b', 'y', 0, 'box')`);
      await expect.poll(() => stage.ids('left'), patience).toEqual([2]);
      await expect.poll(() => stage.owed('left'), patience).toEqual(['goods TD3005']);
      await stage.right("UPDATE goods SET title = 'x' WHERE id = 1");
      await expect.poll(() => stage.ids('left'), patience).toEqual([1, 2]);
      await expect.poll(() => stage.owed('left'), patience).toEqual([]);
    });

    test('a key of two columns, too long for the state table, is asked for and heals by itself', async () => {
      await using stage = await openGoods(servers);
      await stage.start();
      const city = 'x'.repeat(170);
      await stage.left(
        `INSERT INTO places VALUES ('de', '${city}', 5000000000)`,
        "INSERT INTO places VALUES ('de', 'b', 1)",
      );
      await expect.poll(() => stage.owed('right'), patience).toEqual(['places TD3003']);
      expect((await stage.project.tandem(`parked retry country=de,city=${city} -y`)).exit).toBe(2);
      await stage.left(`DELETE FROM places WHERE city = '${city}'`);
      await expect.poll(() => stage.owed('right'), patience).toEqual([]);
    });

    test('keeps a batch in bulk when a few rows of it are refused', async () => {
      await using stage = await openGoods(servers);
      const before = await stage.pair.countWrites();
      await stage.left(
        `INSERT INTO goods (id, code, title, amount)
         SELECT n, 'c' || n, '', CASE WHEN n % 100 = 50 THEN 13 ELSE 1 END FROM generate_series(1, 1000) n`,
      );
      const sync = await stage.start();
      await sync.idle();
      expect(await stage.ids('right')).toHaveLength(990);
      expect(await stage.owed('right')).toHaveLength(10);
      const { right } = await stage.pair.countWrites();
      expect(right - before.right).toBeLessThan(10);
    });
  });
}
