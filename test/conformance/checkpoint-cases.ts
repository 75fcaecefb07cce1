import { describe, expect, it } from 'vitest';
import type { Position } from '../../src/model/change.ts';
import type { Target } from '../../src/model/endpoint.ts';
import type { Row } from '../../src/model/value.ts';
import type { OpenBench } from './bench.ts';
import { move, outcome, type Route, type Stage, told, useStage } from './stage.ts';

/** Position, fence and mark of origin in one row (correctness 2.2). */
export function checkpointCases(openBench: OpenBench): void {
  describe('the checkpoint', () => {
    const stage = useStage(openBench);
    const stored = async ({ held }: Route) => (await stage().target()).checkpoint(held.stream, held.lane);

    it('is made once, with epoch 0 and seq 0', async () => {
      const target = await stage().target();
      expect(await target.checkpoint('new', 'main')).toBeNull();
      await target.seed('new', 'main', {
        ...move('first'),
        floor: 'f' as Position,
        effectiveUs: 1_700_000_000_123_456,
      });
      await target.seed('new', 'main', move('second'));
      expect(await target.checkpoint('new', 'main')).toEqual({
        stream: 'new',
        lane: 'main',
        position: 'first',
        epoch: 0,
        seq: 0,
        floor: 'f',
        known: null,
        effectiveUs: 1_700_000_000_123_456,
      });
      expect(await target.checkpoint('new', 'other')).toBeNull();
    });

    it('is taken over with a higher epoch, and only where it is', async () => {
      const target = await stage().target();
      expect(await outcome(target.takeOver('nowhere', 'main'))).toBe('TD5013');
      const route = await stage().route();
      const again = await target.takeOver(route.held.stream, 'main');
      expect([route.held.epoch, again.epoch]).toEqual([1, 2]);
      expect(await stored(route)).toEqual(again);
    });

    it('is not taken back from whoever has taken it over since', async () => {
      const route = await stage().route();
      const { stream, epoch } = route.held;
      const other = await (await stage().target()).takeOver(stream, 'main');
      expect(await outcome(route.target.takeOver(stream, 'main', epoch))).toBe('TD9001');
      // Nothing happened, and nothing is open.
      expect(await stored(route)).toEqual(other);
      expect((await route.target.takeOver(stream, 'main', other.epoch)).epoch).toBe(other.epoch + 1);
    });

    it('moves with the transaction, whole', async () => {
      const route = await stage().route();
      const to = { position: 'p'.repeat(5000), floor: 'f'.repeat(3000), known: null, effectiveUs: 42 };
      const transaction = await route.target.begin(route.held, to as ReturnType<typeof move>);
      expect(await stored(route)).toEqual(route.held);
      await transaction.commit();
      expect(await stored(route)).toEqual({ ...route.held, ...to, seq: route.held.seq + 1 });
    });

    it('stands still when the transaction is rolled back', async () => {
      const route = await stage().route();
      const transaction = await route.begin();
      await insertItem(stage(), transaction, 1);
      await transaction.rollback();
      expect(await stored(route)).toEqual(route.held);
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(0);
      await route.write((next) => insertItem(stage(), next, 2));
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(1);
    });

    it('stands still when the target is closed in the middle', async () => {
      const route = await stage().route();
      const transaction = await route.begin();
      await insertItem(stage(), transaction, 1);
      await route.target[Symbol.asyncDispose]();
      const after = await (await stage().target()).takeOver(route.held.stream, 'main');
      expect(after.position).toBe(route.held.position);
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(0);
    });

    it('refuses whoever does not hold its latest state', async () => {
      const route = await stage().route();
      const { target, held } = route;
      await route.write(async () => undefined);
      expect(await outcome(target.begin(held, move('x')))).toBe('TD9001');
      const other = await stage().target();
      await other.takeOver(held.stream, 'main');
      expect(await outcome(target.begin(route.held, move('x')))).toBe('TD9001');
      expect(await outcome(target.begin({ ...held, stream: 'nobody' }, move('x')))).toBe('TD9001');
      // A refusal leaves nothing open behind it.
      expect(await outcome((await stage().target()).takeOver(held.stream, 'main'))).toBe('done');
    });

    it.each(['commit', 'rollback'] as const)(
      'is taken over only after the open transaction has ended: %s',
      async (how) => {
        const route = await stage().route();
        const transaction = await route.begin('moved');
        await insertItem(stage(), transaction, 1);
        const other = await stage().target();
        let decided = false;
        const taking = other.takeOver(route.held.stream, 'main').then((checkpoint) => {
          decided = true;
          return checkpoint;
        });
        await roundTrips(stage());
        expect(decided).toBe(false);
        await transaction[how]();
        const taken = await taking;
        expect(taken.position).toBe(how === 'commit' ? 'moved' : route.held.position);
        expect(await outcome(route.target.begin({ ...route.held, seq: taken.seq }, move('x')))).toBe('TD9001');
        expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(how === 'commit' ? 1 : 0);
      },
    );

    it('comes first in the log of an engine’s transaction', async () => {
      const route = await stage().route();
      const from = await stage().endpoint.logEnd();
      await route.write(async (transaction) => {
        await insertItem(stage(), transaction, 1);
        await insertItem(stage(), transaction, 2);
      }, 'moved');
      const [transaction] = await stage().read(from, ['item', 'checkpoint']);
      const [marker, ...rows] = (transaction?.changes ?? []).map(told) as [string, object, object][];
      expect(marker?.[0]).toBe('update checkpoint');
      const { stream, lane, epoch, seq, position } = route.held;
      const fields = { stream, lane, epoch: BigInt(epoch) };
      expect(marker?.[1]).toMatchObject({ ...fields, seq: BigInt(seq - 1), position: 'start' });
      expect(marker?.[2]).toMatchObject({ ...fields, seq: BigInt(seq), position });
      expect(rows.map(([what]) => what)).toEqual(['insert item', 'insert item']);
    });

    it('counts each of its writes, so that the log shows a chain', async () => {
      const from = await stage().endpoint.logEnd();
      const route = await stage().route();
      await route.write(async () => undefined);
      await (await stage().target()).takeOver(route.held.stream, 'main');
      const changes = (await stage().read(from, ['checkpoint'])).flatMap((transaction) => transaction.changes);
      const seqs = changes.map(({ table, after }) => after?.[table.columns.indexOf('seq')]);
      expect(seqs).toEqual([0n, 1n, 2n, 3n]);
    });
  });
}

type OpenTransaction = Awaited<ReturnType<Target['begin']>>;

async function insertItem(stage: Stage, transaction: OpenTransaction, id: number): Promise<void> {
  const rows: Row[] = [[id, `n${id}`]];
  await transaction.write({ op: 'insert', shape: stage.shape('item', ['id', 'name']), rows, generated: false });
}

/** Time for a statement that does not wait to be done. */
async function roundTrips(stage: Stage): Promise<void> {
  for (let at = 0; at < 5; at++) await stage.endpoint.count(stage.schema('item').ref);
}
