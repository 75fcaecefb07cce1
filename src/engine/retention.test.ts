import { expect, test } from 'vitest';
import type { KeptLog } from '../model/vitals.ts';
import { createContext } from './context.ts';
import { assess, RetentionGuard } from './retention.ts';

const needs = { ageMs: 0, file: null, growth: 0, retainedBytesMax: 1_000 };
const slot = (retainedBytes: number, safeBytes: number | null, state = 'reserved'): KeptLog =>
  ({ kind: 'slot', slot: 's', active: true, state, retainedBytes, safeBytes }) as KeptLog;
const files = (names: readonly string[], expireMs: number | null, bytesMax: number | null = null): KeptLog => ({
  kind: 'files',
  files: names.map((name) => ({ name, bytes: 100 })),
  expireMs,
  bytesMax,
});

test.each([
  [slot(10, 990), 'fine'],
  [slot(500, 500), 'warn'],
  [slot(700, 300), 'throttle'],
  [slot(900, 100), 'critical'],
  [slot(10, 990, 'unreserved'), 'critical'],
  [slot(10, null, 'lost'), 'critical'],
  [slot(0, null, 'missing'), 'critical'],
  // Without a limit of the server's, what fills the disk is measured against ours.
  [slot(499, null), 'fine'],
  [slot(5_000, null), 'critical'],
])('a slot: %o is %s', (kept, level) => {
  expect(assess(kept, needs).level).toBe(level);
});

test('tells how long a slot lasts at the present pace', () => {
  expect(assess(slot(500, 500), { ...needs, growth: 0.1 }).secondsLeft).toBe(5);
  expect(assess(slot(500, 500), { ...needs, growth: -0.1 }).secondsLeft).toBeNull();
});

test.each([
  [0, 'a', 'fine', null],
  [49_000, 'b', 'fine', 51],
  [50_000, 'b', 'warn', 50],
  [95_000, 'b', 'critical', 5],
  // The file that is still needed is gone, whatever its age.
  [1_000, 'z', 'critical', 0],
])('files that are needed for %d ms, from %s on: %s', (ageMs, file, level, secondsLeft) => {
  const found = assess(files(['a', 'b', 'c'], 100_000), { ...needs, ageMs, file });
  expect([found.level, found.secondsLeft]).toEqual([level, secondsLeft]);
});

test('files are also lost by size, where the server limits it', () => {
  const kept = files(['a', 'b', 'c', 'd'], null, 400);
  expect(assess(kept, { ...needs, ageMs: 1_000, file: 'b' })).toMatchObject({ level: 'throttle', used: 0.75 });
  expect(assess(kept, { ...needs, ageMs: 1_000, file: 'd' }).level).toBe('fine');
});

test('says so once for every change of level, with its code', () => {
  const lines: { readonly level: string; readonly code?: string; readonly retention: string }[] = [];
  const context = createContext({ output: { write: (line) => void lines.push(JSON.parse(line)) } });
  const guard = new RetentionGuard('left', context);
  for (const retained of [100, 500, 550, 600, 950, 960, 100, 100]) guard.look(slot(retained, 1_000 - retained), needs);
  expect(lines.map(({ level, code, retention }) => [level, code, retention])).toEqual([
    ['warn', 'TD6052', 'warn'],
    ['error', 'TD6052', 'critical'],
    ['info', undefined, 'fine'],
  ]);
});
