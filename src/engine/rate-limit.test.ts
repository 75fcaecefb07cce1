import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('keeps the rate over time, whatever the sizes of the batches', () => {
  const rate = new RateLimit(1_000, 0);
  let nowMs = 0;
  let rows = 0;
  for (const batch of [1, 999, 400, 1_000, 7, 2_000, 500]) {
    nowMs += rate.waitMs(nowMs);
    expect(rate.waitMs(nowMs)).toBe(0);
    rate.spend(batch);
    rows += batch;
  }
  nowMs += rate.waitMs(nowMs);
  expect(nowMs).toBe(rows);
});

test('does not save up what was not used', () => {
  const rate = new RateLimit(10, 0);
  expect(rate.waitMs(3_600_000)).toBe(0);
  rate.spend(10);
  expect(rate.waitMs(3_600_000)).toBe(1_000);
});

test('lets a low rate begin with few rows', () => {
  expect(new RateLimit(10, 0).rowsMax(2_000)).toBe(10);
  expect(new RateLimit(100_000, 0).rowsMax(2_000)).toBe(2_000);
});

test('without a limit nothing is waited for', () => {
  const rate = new RateLimit(Infinity, 0);
  rate.spend(1e9);
  expect(rate.waitMs(0)).toBe(0);
  expect(rate.rowsMax(2_000)).toBe(2_000);
});
