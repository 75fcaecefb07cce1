import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position } from '../../model/change.ts';
import { blockerText, entityOf, Parked, type ParkedRow, retryDelayMs, storedKey } from './parked.ts';

const row = (sourceKey: string, more: Partial<ParkedRow> = {}): ParkedRow => ({
  link: 'users',
  sourceKey,
  rowKey: [sourceKey],
  code: 'TD7001',
  blockedBy: null,
  targetKey: null,
  amounts: null,
  state: 'owed',
  firstPosition: 'p' as Position,
  parkedAtUs: 0,
  op: 'insert',
  transaction: '1',
  attempts: 1,
  nextRetryMs: 1_000,
  ...more,
});

const keys = (rows: readonly ParkedRow[]) => rows.map(({ sourceKey }) => sourceKey);

describe('parked rows', () => {
  it('come due in the order of their times, each once until its answer or long after', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), (times) => {
        const parked = new Parked(times.map((nextRetryMs, at) => row(`${at}`, { nextRetryMs })));
        const due = parked.takeDue(25, Infinity);
        expect(due.map(({ nextRetryMs }) => nextRetryMs)).toEqual(
          times.filter((at) => at <= 25).toSorted((a, b) => a - b),
        );
        expect(parked.takeDue(25, Infinity)).toEqual([]);
        expect(parked.takeDue(10_000_000, Infinity)).toHaveLength(times.length);
      }),
    );
  });

  it('come no faster than asked, and not at all once they are gone', () => {
    const parked = new Parked(['a', 'b', 'c'].map((key) => row(key)));
    parked.remove(entityOf('users', 'b'));
    expect(keys(parked.takeDue(2_000, 1))).toEqual(['a']);
    expect(keys(parked.takeDue(2_000, 5))).toEqual(['c']);
  });

  it('come at once when what they wait for has come', () => {
    const parked = new Parked([row('a'), row('b', { blockedBy: blockerText('users', 'a'), nextRetryMs: 9_000 })]);
    expect(parked.hasWoken).toBe(false);
    expect(parked.wakeWaitingFor('users', 'a')).toBe(1);
    expect(parked.hasWoken).toBe(true);
    expect(keys(parked.takeDue(0, 5))).toEqual(['b']);
    expect(parked.hasWoken).toBe(false);
  });

  it('that were discarded are known, not owed, and never due', () => {
    const parked = new Parked([row('a', { state: 'discarded', nextRetryMs: 0 })]);
    expect([parked.size, parked.has(entityOf('users', 'a')), parked.takeDue(99_999, 5)]).toEqual([0, true, []]);
  });

  it('are left alone twice as long after each refusal, from a second to ten minutes', () => {
    expect([1, 2, 3, 9, 10, 11, 99].map(retryDelayMs)).toEqual([1e3, 2e3, 4e3, 256e3, 512e3, 6e5, 6e5]);
  });

  it('have keys that every state table can hold and tell apart', () => {
    const awkward = ['a', 'a ', 'a\u0000', 'a\u0000 ', 'x'.repeat(150), 'x'.repeat(151), 'x'.repeat(152)];
    const stored = awkward.map(storedKey);
    expect(new Set(stored).size).toBe(awkward.length);
    for (const key of stored) {
      expect(key.length).toBeLessThan(190);
      expect(key.includes('\u0000') || key.endsWith(' ')).toBe(false);
    }
  });
});
