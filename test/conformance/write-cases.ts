import { describe, expect, it } from 'vitest';
import type { WriteRun } from '../../src/model/endpoint.ts';
import { TandemError } from '../../src/model/error.ts';
import type { Row } from '../../src/model/value.ts';
import type { OpenBench } from './bench.ts';
import { outcome, useStage } from './stage.ts';

/** Runs of every form, and what a write tells. */
export function writeCases(openBench: OpenBench): void {
  describe('writing', () => {
    const stage = useStage(openBench);
    const insert = (table: string, rows: readonly Row[], names?: readonly string[]): WriteRun => ({
      op: 'insert',
      shape: stage().shape(table, names),
      rows,
      generated: false,
    });
    const found = async (table: string, by: readonly number[], tuples: readonly Row[], names?: readonly string[]) => {
      const rows = await (await stage().target()).find(stage().shape(table, names), by, tuples);
      return rows.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
    };
    const item = (id: number, name = `n${id}`): Row => [id, name, null, null, 'none'];
    const count = (table: string) => stage().endpoint.count(stage().schema(table).ref);

    it.each([1, 2, 500])('does %d rows at a time', async (size) => {
      const ids = Array.from({ length: size }, (_, at) => at + 1);
      const route = await stage().route();
      const shape = stage().shape('item');
      const keys = ids.map((id): Row => [id]);
      const inserted = await route.write((transaction) => {
        return transaction.write(
          insert(
            'item',
            ids.map((id) => [id, `n${id}`, null, BigInt(id), 'x']),
          ),
        );
      });
      expect(inserted).toEqual({ keys: [], missing: [] });
      const rows = ids.map((id): Row => [id, `m${id}`, 'note', null, 'y']);
      const updated = await route.write((transaction) => transaction.write({ op: 'update', shape, keys, rows }));
      expect(updated).toEqual({ keys: [], missing: [] });
      const all = await (await stage().target()).find(shape, [0], keys);
      expect(all.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual(rows);
      const deleted = await route.write((transaction) => transaction.write({ op: 'delete', shape, keys }));
      expect(deleted).toEqual({ keys: [], missing: [] });
      expect(await count('item')).toBe(0);
    });

    it('finds rows by keys of several columns, wherever these stand', async () => {
      const route = await stage().route();
      const shape = stage().shape('pair');
      expect(shape.key).toEqual([3, 1]);
      const rows: Row[] = [
        ['x', 'b1', 1, 1],
        ['y', 'b2', 2, 1],
        ['z', 'b1', 3, 2],
      ];
      await route.write((transaction) => transaction.write(insert('pair', rows)));
      const changed: Row[] = [
        ['new', 'b1', 9, 2],
        ['new', 'b9', 9, 9],
        ['new', 'b2', 9, 1],
      ];
      const keys: Row[] = [
        [2, 'b1'],
        [9, 'b9'],
        [1, 'b2'],
      ];
      const updated = await route.write((transaction) => {
        return transaction.write({ op: 'update', shape, keys, rows: changed });
      });
      expect(updated.missing).toEqual([1]);
      const deleted = await route.write((transaction) => {
        return transaction.write({
          op: 'delete',
          shape,
          keys: [
            [1, 'b1'],
            [1, 'b9'],
            [2, 'b2'],
            [2, 'b1'],
          ],
        });
      });
      expect(deleted.missing).toEqual([1, 2]);
      const left = await (await stage().target()).find(shape, shape.key, keys);
      expect(left).toEqual([['new', 'b2', 9, 1]]);
    });

    it('returns the keys that the database makes, in the order of the rows', async () => {
      const rows = Array.from({ length: 300 }, (_, at): Row => [undefined, `name ${at}`]);
      const shape = stage().shape('counted');
      const { keys } = await stage().write((transaction) => {
        return transaction.write({ op: 'insert', shape, rows, generated: true });
      });
      expect(keys).toHaveLength(300);
      const byId = await found('counted', [0], keys);
      const names = new Map(byId.map((row) => [row[0], row[1]]));
      expect(keys.map(([id]) => names.get(id ?? null))).toEqual(rows.map((row) => row[1]));
    });

    it('keeps a given key in a counting column', async () => {
      await stage().write((transaction) => transaction.write(insert('counted', [[5000, 'given']])));
      expect(await found('counted', [1], [['given']])).toEqual([[5000, 'given']]);
    });

    it('leaves a column alone that it is not given', async () => {
      const route = await stage().route();
      await route.write((transaction) => transaction.write(insert('item', [[1, 'a', 'kept', 7n, undefined]])));
      expect(await found('item', [0], [[1]])).toEqual([[1, 'a', 'kept', 7n, 'none']]);
      const update: WriteRun = {
        op: 'update',
        shape: stage().shape('item'),
        keys: [[1]],
        rows: [[undefined, 'b', undefined, null, undefined]],
      };
      await route.write((transaction) => transaction.write(update));
      expect(await found('item', [0], [[1]])).toEqual([[1, 'b', 'kept', null, 'none']]);
    });

    it('writes through a shape with other columns in another order', async () => {
      await stage().write((transaction) => transaction.write(insert('item', [['a', 1]], ['name', 'id'])));
      expect(await found('item', [0], [['a']], ['name', 'label', 'id'])).toEqual([['a', 'none', 1]]);
    });

    it('changes a key, and gives several rows new keys at once', async () => {
      const route = await stage().route();
      await route.write((transaction) => transaction.write(insert('item', [item(1), item(2)])));
      const shape = stage().shape('item');
      const rows = [item(11), item(12)];
      await route.write((transaction) => transaction.write({ op: 'update', shape, keys: [[1], [2]], rows }));
      expect(await found('item', [0], [[1], [2], [11], [12]])).toEqual(rows);
    });

    it('calls no row missing that was already as it should be', async () => {
      const route = await stage().route();
      await route.write((transaction) => transaction.write(insert('item', [item(1), item(2)])));
      const again: WriteRun = {
        op: 'update',
        shape: stage().shape('item'),
        keys: [[1], [2]],
        rows: [item(1), item(2)],
      };
      expect((await route.write((transaction) => transaction.write(again))).missing).toEqual([]);
    });

    it('shows a transaction its own writes, and nobody else before the commit', async () => {
      const route = await stage().route();
      const shape = stage().shape('item');
      const transaction = await route.begin();
      await transaction.write(insert('item', [item(1)]));
      expect(await transaction.find(shape, [1], [['n1']])).toEqual([item(1)]);
      expect(await transaction.lock(shape, [[1]])).toEqual([item(1)]);
      expect(await found('item', [0], [[1]])).toEqual([]);
      await transaction.commit();
      expect(await found('item', [0], [[1]])).toEqual([item(1)]);
    });
  });

  describe('a refused row', () => {
    const stage = useStage(openBench);
    const insert = (table: string, row: Row): WriteRun => {
      return { op: 'insert', shape: stage().shape(table), rows: [row], generated: false };
    };
    const remove = (table: string, key: Row): WriteRun => ({ op: 'delete', shape: stage().shape(table), keys: [key] });
    const item = (name: string | null, amount: bigint | null = null): Row => [1, name, null, amount, 'none'];
    const typedWith = (column: string, value: Row[number]): Row =>
      stage()
        .shape('typed')
        .columns.map(({ name }) => (name === 'id' ? 9 : name === column ? value : null));

    const refusals: [string, string, () => WriteRun][] = [
      ['a key that is taken', 'TD7001', () => insert('parent', [1, 'again'])],
      ['a unique value that is taken', 'TD7001', () => insert('counted', [7, 'taken'])],
      ['a parent that is not there', 'TD7002', () => insert('child', [2, 99])],
      ['a parent that still has children', 'TD7002', () => remove('parent', [1])],
      ['a NULL where none may be', 'TD7003', () => insert('item', item(null))],
      ['a number out of range', 'TD3003', () => insert('typed', typedWith('number', 2 ** 31))],
      ['a decimal with too many digits', 'TD3003', () => insert('typed', typedWith('exact', '123456789.5'))],
      ['a text that is too long', 'TD3007', () => insert('item', item('x'.repeat(41)))],
    ];

    it.each(refusals)('has a code: %s', async (_, code, run) => {
      await stage().app(async (transaction) => {
        await transaction.insert('parent', { id: 1, name: 'p' });
        await transaction.insert('child', { id: 1, parent_id: 1 });
        await transaction.insert('counted', { id: 1, name: 'taken' });
      });
      const route = await stage().route();
      const transaction = await route.begin();
      await transaction.write(insert('item', [8, 'before', null, null, 'none']));
      expect(await outcome(transaction.write(run()))).toBe(code);
      await transaction.rollback();
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(0);
      // The connection is as good as before.
      await route.write((next) => next.write(insert('item', item('after'))));
    });

    it('is said to be of class row, and where it was refused', async () => {
      await stage().app((transaction) => transaction.insert('counted', { id: 1, name: 'taken' }));
      const write = stage().write((transaction) => transaction.write(insert('counted', [7, 'taken'])));
      const error: unknown = await write.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(TandemError);
      if (!(error instanceof TandemError)) return;
      expect(error.class).toBe('row');
      expect(Object.keys(error.details.at ?? {})).toEqual(expect.arrayContaining(['table', 'constraint']));
      expect(error.details.at?.['table']).toContain('counted');
      expect(JSON.stringify(error)).not.toContain('taken');
    });

    it('can be tried: a refused attempt leaves nothing behind, and the transaction goes on', async () => {
      const route = await stage().route();
      const transaction = await route.begin();
      const row = (id: number): Row => [id, 'x', null, null, 'none'];
      await transaction.write(insert('item', row(7)));
      const attempt = transaction.attempt(async () => {
        await transaction.write(insert('item', row(8)));
        await transaction.write(insert('item', row(7)));
      });
      expect(await outcome(attempt)).toBe('TD7001');
      await transaction.attempt(() => transaction.write(insert('item', row(9))));
      await transaction.commit();
      const shape = stage().shape('item', ['id']);
      await using target = await stage().endpoint.target();
      expect(await target.find(shape, [0], [[7], [8], [9]])).toHaveLength(2);
    });

    it('can be tried without a word to the server: what came before stays', async () => {
      const route = await stage().route();
      const transaction = await route.begin();
      await transaction.attempt(() => transaction.write(insert('item', [7, 'x', null, null, 'none'])));
      await transaction.attempt(async () => undefined, true);
      const refused = transaction.attempt(async () => {
        throw new TandemError('TD7001', 'found out before anything was sent');
      });
      expect(await outcome(refused)).toBe('TD7001');
      await transaction.commit();
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(1);
    });

    it('cannot be committed around', async () => {
      const route = await stage().route();
      const transaction = await route.begin();
      await transaction.write(insert('item', item('a')));
      expect(await outcome(transaction.write(insert('item', item('b'))))).toBe('TD7001');
      await transaction.rollback();
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(0);
    });

    it('is told from a table or column that is not there', async () => {
      const route = await stage().route();
      const { ref, columns, key } = stage().shape('item');
      const [id] = columns;
      if (id === undefined) throw new Error('the table has no columns');
      const gone = { ref, columns: [...columns, { ...id, name: 'gone' }], key };
      const row: Row = [1, 'a', null, null, 'x', 1];
      expect(
        await outcome(route.write((to) => to.write({ op: 'insert', shape: gone, rows: [row], generated: false }))),
      ).toBe('TD7005');
      const nowhere = { ref: { ...ref, table: 'nowhere' }, columns, key };
      expect(await outcome(route.write((to) => to.write({ op: 'delete', shape: nowhere, keys: [[1]] })))).toBe(
        'TD7005',
      );
    });
  });
}
