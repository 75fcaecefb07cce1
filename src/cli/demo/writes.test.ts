import { describe, expect, test } from 'vitest';
import { countEchoes, countRepeats, type RowWrites } from './writes.ts';

function row(application: readonly [number, number], sync: readonly [number, number]): RowWrites {
  return {
    row: 'users ann',
    byApplication: { left: application[0], right: application[1] },
    bySync: { left: sync[0], right: sync[1] },
  };
}

describe('countEchoes', () => {
  test('one write on the other side per write is as it should be', () => {
    expect(countEchoes([row([3, 0], [0, 3]), row([0, 2], [2, 0]), row([4, 5], [5, 4])], 0)).toBe(0);
  });

  test('a write of the sync where the application alone wrote came back', () => {
    expect(countEchoes([row([3, 0], [1, 3])], 0)).toBe(1);
    expect(countEchoes([row([0, 3], [3, 1])], 5)).toBe(1);
  });

  test('a row that both wrote may have one more write per decision, and no more', () => {
    expect(countEchoes([row([1, 1], [1, 2])], 1)).toBe(0);
    expect(countEchoes([row([1, 1], [1, 2])], 0)).toBe(1);
    expect(countEchoes([row([1, 1], [3, 2])], 9)).toBe(1);
  });

  test('changes that lost their conflict leave nothing for echoes to hide in on rows of one writer', () => {
    expect(countEchoes([row([2, 2], [0, 0]), row([1, 0], [1, 1])], 0)).toBe(1);
  });
});

test('countRepeats counts what was written to the other side more often than the application wrote', () => {
  expect(countRepeats([row([3, 0], [0, 3]), row([0, 3], [2, 0]), row([2, 2], [5, 5])])).toBe(0);
  expect(countRepeats([row([3, 0], [0, 4]), row([0, 1], [3, 0])])).toBe(3);
});
