import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Position } from '../model/change.ts';
import type { LinkPlan } from '../model/plan.ts';
import type { LaneItem } from '../pipeline/lane/linked.ts';
import { createContext } from './context.ts';
import { ItemQueue } from './queue.ts';
import { Spill } from './spill.ts';

const link = { id: 'users' } as LinkPlan;
const everything = { rows: Infinity, bytes: Infinity };
const yes = () => true;

let folder: string;
let lines: { readonly code?: string }[];
let spill: Spill;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-queue-'));
  lines = [];
  spill = new Spill(createContext({ output: { write: (line) => void lines.push(JSON.parse(line)) } }));
});

afterEach(async () => {
  await spill.close();
  rmSync(folder, { recursive: true, force: true });
});

function queueOf(memoryMax: { rows: number; bytes: number }, below = 'q'): ItemQueue {
  return new ItemQueue({ links: [link], folder: () => join(folder, below), spill, memoryMax });
}

function item(ordinal: number, rows = 1, bytes = 100): LaneItem {
  const unread = [{ link, key: [ordinal] }];
  const changes = Array.from({ length: rows }, (_, at) => ({
    link,
    op: 'insert' as const,
    before: null,
    after: [ordinal, at],
    hops: 0,
  }));
  const position = String(ordinal) as Position;
  return {
    position,
    ordinal,
    id: '',
    committedAtUs: 0,
    effectiveUs: 0,
    seen: null,
    changes,
    unread,
    bytes,
    last: true,
  };
}

async function drain(queue: ItemQueue): Promise<number[]> {
  const ordinals: number[] = [];
  for (;;) {
    const taken = await queue.take({ rows: 700, bytes: Infinity }, yes);
    if (taken.length === 0) return ordinals;
    for (const { ordinal, changes, unread } of taken) {
      expect(unread).toEqual([{ link, key: [ordinal] }]);
      expect(changes.every((change) => change.link === link)).toBe(true);
      ordinals.push(ordinal);
    }
  }
}

test('keeps the order across memory and disk, and leaves no file behind', async () => {
  const queue = queueOf({ rows: 1_000, bytes: Infinity });
  for (let at = 0; at < 500; at++) queue.push(item(at, 50));
  expect(queue.isSpilled).toBe(true);
  expect([queue.rows, queue.bytes]).toEqual([25_000, 50_000]);
  await vi.waitFor(() => expect(readdirSync(join(folder, 'q'))).toHaveLength(6));
  expect(spill.bytes).toBeGreaterThan(0);
  expect(await drain(queue)).toEqual(Array.from({ length: 500 }, (_, at) => at));
  expect([queue.rows, queue.bytes, spill.bytes, queue.isEmpty]).toEqual([0, 0, 0, true]);
  // A file that was still being written goes when it is written.
  await vi.waitFor(() => expect(readdirSync(join(folder, 'q'))).toEqual([]));
});

test('spills by bytes where rows are few and huge', async () => {
  const queue = queueOf({ rows: 1_000, bytes: 5_000_000 });
  for (let at = 0; at < 20; at++) queue.push(item(at, 1, 1_000_000));
  expect(queue.isSpilled).toBe(true);
  expect(await queue.take({ rows: 1_000, bytes: 2_500_000 }, yes)).toHaveLength(2);
  expect(await queue.take({ rows: 1_000, bytes: 10 }, yes)).toHaveLength(1);
  expect(await drain(queue)).toHaveLength(17);
});

test('a disk that refuses loses nothing and ends nothing: what it does not take is read from memory', async () => {
  writeFileSync(join(folder, 'taken'), 'a file where the folder should be');
  const queue = queueOf({ rows: 10, bytes: Infinity }, 'taken');
  for (let at = 0; at < 9_000; at++) queue.push(item(at));
  await vi.waitFor(() => expect(lines.map(({ code }) => code)).toEqual(['TD6050']));
  expect(queue.backlog).not.toBeNull();
  expect(await drain(queue)).toHaveLength(9_000);
  expect(spill.bytes).toBe(0);
});

test('a disk that has room again takes what waited', async () => {
  writeFileSync(join(folder, 'q'), '');
  const queue = queueOf({ rows: 10, bytes: Infinity });
  for (let at = 0; at < 9_000; at++) queue.push(item(at));
  const backlog = queue.backlog;
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  rmSync(join(folder, 'q'));
  await backlog;
  expect(queue.backlog).toBeNull();
  expect(await drain(queue)).toHaveLength(9_000);
});

test('what somebody removed from the disk is named, and nothing behind it is given out in its stead', async () => {
  const queue = queueOf({ rows: 10, bytes: Infinity });
  for (let at = 0; at < 9_000; at++) queue.push(item(at));
  await queue.backlog;
  await vi.waitFor(() => expect(readdirSync(join(folder, 'q'))).toHaveLength(2));
  rmSync(join(folder, 'q', '0'));
  await expect(queue.take(everything, yes)).rejects.toMatchObject({ code: 'TD6057', details: { found: 'ENOENT' } });
});

test('takes whole items only, at least one, and stops where it is told', async () => {
  const queue = queueOf({ rows: 100, bytes: Infinity });
  for (let at = 0; at < 4; at++) queue.push(item(at, 10));
  expect((await queue.take({ rows: 5, bytes: Infinity }, yes)).map(({ ordinal }) => ordinal)).toEqual([0]);
  expect(await queue.take(everything, ({ ordinal }) => ordinal < 3)).toHaveLength(2);
  expect(queue.peek()?.ordinal).toBe(3);
});

test('closing removes what was spilled', async () => {
  const queue = queueOf({ rows: 10, bytes: Infinity });
  for (let at = 0; at < 9_000; at++) queue.push(item(at));
  await spill.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('lets go of what was taken, though it never runs empty', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = queueOf({ rows: 1_000, bytes: Infinity });
  const taken: WeakRef<LaneItem>[] = [];
  for (let at = 0; at < 600; at++) {
    queue.push(item(at));
    if (at <= 20) continue;
    for (const each of await queue.take({ rows: 1, bytes: Infinity }, yes)) taken.push(new WeakRef(each));
  }
  // What was looked at through a WeakRef lives until the turn of the event loop has ended.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  // The last one may still be held by the call that took it.
  expect(taken.slice(0, -1).filter((each) => each.deref() !== undefined)).toEqual([]);
  expect(queue.isEmpty).toBe(false);
});
