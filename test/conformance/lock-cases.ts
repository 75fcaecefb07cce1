import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/model/value.ts';
import type { OpenBench } from './bench.ts';
import { outcome, useStage } from './stage.ts';

/** What a transaction may look at before it writes. */
export function lockCases(openBench: OpenBench): void {
  describe('looking', () => {
    const stage = useStage(openBench);
    const item = (id: number, name = `n${id}`): Row => [id, name, null, null, 'none'];
    const fill = (...ids: readonly number[]) =>
      stage().app(async (transaction) => {
        for (const id of ids) await transaction.insert('item', { id, name: `n${id}` });
      });

    it('locks rows in the order of the keys, null where there is none', async () => {
      await fill(1, 2, 3);
      const shape = stage().shape('item');
      const rows = await stage().write((transaction) => transaction.lock(shape, [[3], [9], [1], [8], [2]]));
      expect(rows).toEqual([item(3), null, item(1), null, item(2)]);
    });

    it('locks rows by keys of several columns', async () => {
      await stage().app(async (transaction) => {
        await transaction.insert('pair', { a: 1, b: 'x' });
        await transaction.insert('pair', { a: 2, b: 'y' });
      });
      const keys: Row[] = [
        [2, 'y'],
        [1, 'y'],
        [2, 'x'],
        [1, 'x'],
      ];
      const rows = await stage().write((transaction) => transaction.lock(stage().shape('pair'), keys));
      expect(rows).toEqual([[null, 'y', null, 2], null, null, [null, 'x', null, 1]]);
    });

    it('sees what is committed now, not what was when the transaction began', async () => {
      await fill(1, 2);
      const shape = stage().shape('item');
      const rows = await stage().write(async (transaction) => {
        await transaction.lock(shape, [[1]]);
        await stage().app(async (app) => {
          await app.update('item', { id: 2 }, { name: 'new' });
          await app.insert('item', { id: 3, name: 'n3' });
        });
        return [await transaction.lock(shape, [[2], [3]]), await transaction.find(shape, [1], [['new'], ['n3']])];
      });
      expect(rows[0]).toEqual([item(2, 'new'), item(3)]);
      expect(rows[1]).toHaveLength(2);
    });

    it('waits for an application that holds the row, and then sees its work', async () => {
      await fill(1, 2);
      const shape = stage().shape('item');
      const app = await stage().bench.begin();
      await app.update('item', { id: 1 }, { name: 'busy' });
      await app.delete('item', { id: 2 });
      const transaction = await (await stage().route()).begin();
      let looked = false;
      const looking = transaction.lock(shape, [[1], [2]]).then((rows) => {
        looked = true;
        return rows;
      });
      await stage().endpoint.logEnd();
      expect(looked).toBe(false);
      await app.commit();
      expect(await looking).toEqual([item(1, 'busy'), null]);
      await transaction.rollback();
    });

    it('keeps an application waiting for a locked row', async () => {
      await fill(1);
      const transaction = await (await stage().route()).begin();
      await transaction.lock(stage().shape('item'), [[1]]);
      let written = false;
      const writing = stage()
        .app((app) => app.update('item', { id: 1 }, { name: 'mine' }))
        .then(() => {
          written = true;
        });
      await stage().endpoint.logEnd();
      expect(written).toBe(false);
      await transaction.commit();
      await writing;
      const target = await stage().target();
      expect(await target.find(stage().shape('item'), [0], [[1]])).toEqual([item(1, 'mine')]);
    });

    it('finds rows by any columns, also by several', async () => {
      await stage().app(async (transaction) => {
        for (const [id, name, amount] of [
          [1, 'a', 5n],
          [2, 'b', 5n],
          [3, 'a', 6n],
        ] as const) {
          await transaction.insert('item', { id, name, amount });
        }
      });
      const target = await stage().target();
      const shape = stage().shape('item');
      const ids = async (by: readonly number[], tuples: readonly Row[]) =>
        (await target.find(shape, by, tuples)).map((row) => Number(row[0])).toSorted((a, b) => a - b);
      expect(await ids([1], [['a']])).toEqual([1, 3]);
      expect(await ids([1], [['a'], ['b'], ['c']])).toEqual([1, 2, 3]);
      expect(
        await ids(
          [3, 1],
          [
            [5n, 'a'],
            [6n, 'b'],
            [6n, 'a'],
          ],
        ),
      ).toEqual([1, 3]);
      expect(await ids([1], [])).toEqual([]);
    });

    it('breaks a deadlock as something to try again', async () => {
      await fill(1, 2);
      const shape = stage().shape('item');
      const [first, second] = [await (await stage().route()).begin(), await (await stage().route()).begin()];
      await first.lock(shape, [[1]]);
      await second.lock(shape, [[2]]);
      const codes = await Promise.all(
        [
          outcome(first.lock(shape, [[2]])),
          outcome(second.lock(shape, [[1]])).then(async (code) => {
            await second.rollback();
            return code;
          }),
        ].map(async (waiting, at) => {
          const code = await waiting;
          if (at === 0) await first.rollback();
          return code;
        }),
      );
      expect(codes.toSorted()).toEqual(['TD7006', 'done']);
    });
  });
}
