import { expect, onTestFinished, test } from 'vitest';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import type { MemoryBackup, MemoryDatabase } from '../../src/databases/memory/server.ts';
import { asTandemError } from '../../src/model/error.ts';
import { createWorld, type World } from './world.ts';

// What cannot be proved ends a run, by the code that says why; it is never passed over (correctness 13, I2).

const notes: TableDefinition = {
  table: 'notes',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'text', kind: 'text' },
  ],
  key: ['id'],
};
const links = { notes: { left: 'notes', right: 'notes', columns: { id: 'id', text: 'text' } } };

async function open(slots: boolean): Promise<World> {
  return createWorld({ tables: { left: [notes], right: [notes] }, links, memory: { left: { slots } } });
}

const write = (database: MemoryDatabase, id: number) =>
  database.transact((tx) => tx.insert('notes', { id, text: String(id) }));

/** A sync that has carried something over and was stopped, and more that was written since. */
async function stopped({ databases: { left }, ...world }: World): Promise<MemoryBackup> {
  const running = await world.start();
  const before = left.backup();
  await write(left, 1);
  await running.sync.idle();
  await running.stop();
  await write(left, 2);
  await write(left, 3);
  return before;
}

async function codeOfStart(world: World): Promise<string> {
  try {
    const running = await world.start();
    onTestFinished(() => running.stop());
    return 'started';
  } catch (thrown) {
    return asTandemError(thrown).code;
  }
}

type Fault = (left: MemoryDatabase, before: MemoryBackup) => void;

test.each<readonly [string, string, boolean, Fault]>([
  ['is purged', 'TD6002', false, (left) => left.purgeLog(left.logged())],
  ['lost its slot', 'TD6001', true, (left) => left.dropSlot('world')],
  ['begins anew', 'TD6005', false, (left) => left.resetLog()],
  ['went back to before what was applied', 'TD6004', false, (left, before) => left.restore(before)],
])('a log that %s ends the run with %s', async (_what, code, slots, fault) => {
  const world = await open(slots);
  const before = await stopped(world);
  fault(world.databases.left, before);
  expect(await codeOfStart(world)).toBe(code);
  // Nothing was skipped on the way to that.
  expect(world.databases.right.rows('notes')).toHaveLength(1);
});

test('a log that is whole is no reason to stop', async () => {
  const world = await open(true);
  await stopped(world);
  expect(await codeOfStart(world)).toBe('started');
});

test('a marker that somebody else has written ends the run with TD6007', async () => {
  const world = await open(false);
  const { left } = world.databases;
  const running = await world.start();
  const stream = 'right->left';
  const [held] = left.rows('tandem.checkpoint', { stream });
  await left.transact((tx) => tx.update('tandem.checkpoint', { stream, lane: held?.['lane'] ?? '' }, { seq: 99n }));
  const code = await running.sync.finished.then(
    () => 'ended',
    (thrown: unknown) => asTandemError(thrown).code,
  );
  expect(code).toBe('TD6007');
});
