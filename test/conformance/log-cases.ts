import { describe, expect, it } from 'vitest';
import type { Position, Transaction } from '../../src/model/change.ts';
import type { Source } from '../../src/model/endpoint.ts';
import { eventually, type OpenBench } from './bench.ts';
import { outcome, type Stage, told, untilFree, useStage } from './stage.ts';
import { item } from './tables.ts';

/** What comes out of a log, and in which order. */
export function logCases(openBench: OpenBench): void {
  describe('the log', () => {
    const stage = useStage(openBench);
    const insertItems = (...ids: readonly number[]) =>
      stage().app(async (transaction) => {
        for (const id of ids) await transaction.insert('item', { id, name: `n${id}` });
      });
    const row = (id: number, name: string) => ({ id, name, note: null, amount: null, label: 'none' });

    it('holds inserts, updates and deletes with whole images, in the order they were made', async () => {
      const from = await stage().endpoint.logEnd();
      await stage().app(async (transaction) => {
        await transaction.insert('item', { id: 1, name: 'a', note: 'kept', amount: 5n });
        await transaction.update('item', { id: 1 }, { name: 'b' });
        await transaction.delete('item', { id: 1 });
      });
      const [transaction, ...rest] = await stage().read(from, ['item']);
      const [a, b] = ['a', 'b'].map((name) => ({ ...row(1, name), note: 'kept', amount: 5n }));
      expect(rest).toEqual([]);
      expect(transaction).toMatchObject({ part: 0, last: true });
      expect(transaction?.changes.map(told)).toEqual([
        ['insert item', null, a],
        ['update item', a, b],
        ['delete item', b, null],
      ]);
    });

    it('tells a changed key as one update', async () => {
      await insertItems(1);
      const from = await stage().endpoint.logEnd();
      await stage().app((transaction) => transaction.update('item', { id: 1 }, { id: 2 }));
      const [transaction] = await stage().read(from, ['item']);
      expect(transaction?.changes.map(told)).toEqual([['update item', row(1, 'n1'), row(2, 'n1')]]);
    });

    it('has the order of commits, not of beginnings, and nothing between', async () => {
      const from = await stage().endpoint.logEnd();
      const [first, second] = [await stage().bench.begin(), await stage().bench.begin()];
      await first.insert('item', row(1, 'first'));
      await second.insert('item', row(2, 'second'));
      await first.insert('item', row(3, 'first'));
      await second.commit();
      await first.commit();
      const transactions = await stage().read(from, ['item']);
      expect(transactions.map(idsOf)).toEqual([[2], [1, 3]]);
      expect(new Set(transactions.map(({ id }) => id)).size).toBe(2);
    });

    it('knows nothing of what was rolled back', async () => {
      const from = await stage().endpoint.logEnd();
      const undone = await stage().bench.begin();
      await undone.insert('item', row(1, 'undone'));
      await undone.rollback();
      await insertItems(2);
      expect((await stage().read(from, ['item'])).map(idsOf)).toEqual([[2]]);
    });

    it('gives only the tables asked for', async () => {
      const from = await stage().endpoint.logEnd();
      await stage().app(async (transaction) => {
        await transaction.insert('parent', { id: 1, name: 'p' });
        await transaction.insert('item', row(1, 'a'));
      });
      const [transaction] = await stage().read(from, ['parent']);
      expect(transaction?.changes.map((change) => change.table.ref.table)).toEqual(['parent']);
    });

    it('dates transactions in microseconds, never backwards here', async () => {
      const from = await stage().endpoint.logEnd();
      for (const id of [1, 2, 3]) await insertItems(id);
      const times = (await stage().read(from, ['item'])).map(({ committedAtUs }) => committedAtUs);
      expect(times.toSorted((a, b) => a - b)).toEqual(times);
      expect(times[0]).toBeGreaterThan(Date.UTC(2020, 0) * 1000);
      expect(times[0]).toBeLessThan(Date.UTC(2100, 0) * 1000);
    });

    it('tells when a table was emptied', async () => {
      await insertItems(1);
      const from = await stage().endpoint.logEnd();
      await stage().bench.truncate('item');
      const changes = (await stage().read(from, ['item'])).flatMap((transaction) => transaction.changes);
      expect(changes.map(told)).toEqual([['truncate item', null, null]]);
    });

    it('cuts a giant transaction into parts, and goes on after each of them', async () => {
      const from = await stage().endpoint.logEnd();
      const ids = Array.from({ length: 25 }, (_, at) => at + 1);
      await insertItems(...ids);
      await insertItems(100);
      const parts = await stage().read(from, ['item'], 10);
      expect(parts.map(idsOf)).toEqual([ids.slice(0, 10), ids.slice(10, 20), ids.slice(20), [100]]);
      expect(parts.map(({ part, last }) => [part, last])).toEqual([
        [0, false],
        [1, false],
        [2, true],
        [0, true],
      ]);
      expect(new Set(parts.slice(0, 3).map(({ id }) => id)).size).toBe(1);
      for (const [at, { position }] of parts.entries()) {
        const rest = await stage().read(position, ['item'], 10);
        expect(rest.map(idsOf)).toEqual(parts.slice(at + 1).map(idsOf));
        expect(rest.map(({ last }) => last)).toEqual(parts.slice(at + 1).map(({ last }) => last));
        expect(rest.map(({ position: again }) => again)).toEqual(parts.slice(at + 1).map((part) => part.position));
        // What is not the beginning of a transaction does not look like one.
        expect(rest.map(({ part }) => part === 0)).toEqual(parts.slice(at + 1).map(({ part }) => part === 0));
      }
    });

    it('goes on after every position exactly once', async () => {
      const from = await stage().endpoint.logEnd();
      for (let at = 0; at < 6; at++) await insertItems(...Array.from({ length: at + 1 }, (_, nth) => at * 10 + nth));
      const all = await stage().read(from, ['item']);
      expect(all.map(idsOf)).toHaveLength(6);
      for (const [at, { position }] of all.entries()) {
        expect((await stage().read(position, ['item'])).map(idsOf)).toEqual(all.slice(at + 1).map(idsOf));
      }
    });

    it('has positions in one order, which the end of the log keeps to', async () => {
      const { positions } = stage().endpoint;
      const covers = (upTo: Position, at: Position): boolean => positions.covers(upTo, at);
      const from = await stage().endpoint.logEnd();
      const ends: Position[] = [from];
      await insertItems(...Array.from({ length: 5 }, (_, at) => at));
      ends.push(await stage().endpoint.logEnd());
      await insertItems(10);
      ends.push(await stage().endpoint.logEnd());
      const transactions = await stage().read(from, ['item'], 2);
      const at = transactions.map(({ position }) => position);
      const [first, third] = [at.slice(0, 3), at.slice(3)];
      const chain = [ends[0], ...first, ends[1], ...third, ends[2]] as Position[];
      for (const [lower, a] of chain.entries()) {
        expect(covers(a, a)).toBe(true);
        for (const b of chain.slice(lower + 1)) expect([covers(b, a), a, b]).toEqual([true, a, b]);
      }
      // An end taken between two transactions may equal the one before it, never the one after it.
      for (const [lower, a] of [
        [ends[0], first[0]],
        [ends[1], third[0]],
        [first[0], first[1]],
        [first[1], first[2]],
      ]) {
        expect(covers(lower as Position, a as Position)).toBe(false);
      }
    });

    it('lets its own positions be verified and says how far they are behind', async () => {
      const { endpoint } = stage();
      const first = await endpoint.firstPosition();
      await endpoint.verifyPosition(first);
      const from = await endpoint.logEnd();
      await endpoint.verifyPosition(from);
      const { amount, unit } = await endpoint.behind(from);
      expect(unit).toBe(endpoint.facts.engine === 'postgres' ? 'bytes' : 'transactions');
      for (const id of [1, 2, 3]) await insertItems(id);
      expect((await endpoint.behind(from)).amount).toBeGreaterThanOrEqual(amount + 3);
    });

    it('describes a table as it was when the change was made', async () => {
      const from = await stage().endpoint.logEnd();
      await insertItems(1, 2);
      await stage().bench.addColumn(item, { name: 'later', kind: 'int', nullable: true });
      await insertItems(3);
      const changes = (await stage().read(from, ['item'])).flatMap((transaction) => transaction.changes);
      const columns = item.columns.map(({ name }) => name);
      expect(changes.map((change) => change.table.columns)).toEqual([columns, columns, [...columns, 'later']]);
      // One object per version of the table: what was compiled for it is kept by identity.
      expect(changes[0]?.table).toBe(changes[1]?.table);
    });
  });

  describe('a reader', () => {
    const stage = useStage(openBench);
    const insertItem = (...ids: readonly number[]) =>
      stage().app(async (transaction) => {
        for (const id of ids) await transaction.insert('item', { id, name: `n${id}` });
      });

    it('ends quietly when it is told to, also while it waits', async () => {
      const reader = startReading(stage(), ['item'], await stage().endpoint.logEnd());
      await insertItem(1);
      await eventually('the change is read', () => reader.found.length === 1);
      reader.stop.abort();
      expect(await outcome(reader.ended)).toBe('done');
    });

    it('knows that it has read everything, also where nothing was wanted', async () => {
      const { endpoint } = stage();
      const reader = startReading(stage(), ['parent'], await endpoint.logEnd());
      for (const id of [1, 2, 3]) await insertItem(id);
      const end = await endpoint.logEnd();
      await eventually('the reader has passed the end', () => {
        return endpoint.positions.covers(reader.source.position(), end);
      });
      expect(reader.found).toEqual([]);
      await reader.finish();
    });

    it('is never ahead of what it gave, not for a tick', async () => {
      const { endpoint } = stage();
      const from = await endpoint.logEnd();
      for (let first = 1; first <= 40; first += 4) await insertItem(first, first + 1, first + 2, first + 3);
      const source = sourceOf(stage(), ['item'], 2);
      const stop = new AbortController();
      const reading = untilFree(() => source.read(from, stop.signal))[Symbol.asyncIterator]();
      try {
        await reading.next();
        for (let part = 2; part <= 20; part++) {
          const before: Position[] = [source.position()];
          const next = await watch(reading.next(), () => before.push(source.position()));
          const at = next.value?.position as Position;
          expect([...new Set(before)].filter((position) => endpoint.positions.covers(position, at))).toEqual([]);
        }
      } finally {
        stop.abort();
        await reading.next();
      }
    });

    it('loses nothing by acknowledging what was taken', async () => {
      const { endpoint } = stage();
      const from = await endpoint.logEnd();
      for (const id of [1, 2, 3, 4]) await insertItem(id);
      const reader = startReading(stage(), ['item'], from);
      await eventually('all is read', () => reader.found.length === 4);
      const second = reader.found[1]?.position as Position;
      reader.source.ack(second);
      await reader.finish();
      await endpoint.verifyPosition(second);
      expect((await stage().read(second, ['item'])).map(idsOf)).toEqual([[3], [4]]);
    });
  });
}

interface Reading {
  readonly source: Source;
  readonly found: Transaction[];
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  finish(): Promise<void>;
}

function sourceOf(stage: Stage, names: readonly string[], chunkRows = 1000): Source {
  return stage.endpoint.source({ tables: names.map((name) => stage.schema(name)), chunkRows });
}

function startReading(stage: Stage, names: readonly string[], from: Position): Reading {
  const source = sourceOf(stage, names);
  const found: Transaction[] = [];
  const stop = new AbortController();
  const read = async (): Promise<void> => {
    for await (const transaction of untilFree(() => source.read(from, stop.signal))) {
      if (transaction.changes.length > 0) found.push(transaction);
    }
  };
  const ended = read();
  const finish = (): Promise<void> => {
    stop.abort();
    return ended;
  };
  return { source, found, stop, ended, finish };
}

/** Looks at every tick until the work is done: whoever else runs then may look too. */
async function watch<T>(work: Promise<T>, look: () => void): Promise<T> {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  for (let tick = 1; !done; tick++) {
    look();
    // The log's own events need their turn.
    if (tick % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.resolve();
  }
  return watched;
}

function idsOf({ changes }: Transaction): readonly unknown[] {
  return changes.map(({ after, before }) => (after ?? before)?.[0]);
}
