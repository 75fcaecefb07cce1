import { expect, test } from 'vitest';
import { TandemError } from '../model/error.ts';
import { Backoff } from './backoff.ts';
import { createContext } from './context.ts';

const error = new TandemError('TD4005', 'the connection broke');
const { signal } = new AbortController();

/** What was waited for, of one first millisecond and at most a second, without waiting. */
function backoffOf() {
  const waits: number[] = [];
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(JSON.parse(line).message) };
  const context = { ...createContext({ output }), random: () => 1, sleep: async (ms: number) => void waits.push(ms) };
  return { backoff: new Backoff(context, { firstMs: 1, lastMs: 1_000 }, {}), waits, lines };
}

test('waits twice as long after every attempt that did nothing, until one succeeds', async () => {
  const { backoff, waits } = backoffOf();
  for (let attempt = 0; attempt < 12; attempt += 1) await backoff.wait(error, signal, 7);
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 1_000]);
  backoff.reset();
  await backoff.wait(error, signal, 7);
  expect(waits.at(-1)).toBe(1);
});

test('does not wait longer and longer where every attempt does a part of the work', async () => {
  const { backoff, waits, lines } = backoffOf();
  for (let done = 0; done < 5; done += 1) await backoff.wait(error, signal, done);
  expect(waits).toEqual([1, 1, 1, 1, 1]);
  expect(lines.filter((message) => message === 'went on after retries')).toHaveLength(4);
});
