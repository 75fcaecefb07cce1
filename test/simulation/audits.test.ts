import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Ops from '../../src/pipeline/map/ops.ts';
import type { MemoryTransaction } from '../../src/databases/memory/application.ts';
import { Echoes } from '../../src/pipeline/lane/echo.ts';
import { ask } from './nemesis.ts';
import { Stage, timeless } from './stage.ts';

// An application's change at home that was passed over unasked is decided about before anything else is done with its
// row. Arranged step by step; each goes wrong where the rule that it is about is taken away.

const without = vi.hoisted(() => ({ rule: '' }));

vi.mock('../../src/pipeline/map/ops.ts', async (original) => {
  const real = await original<typeof Ops>();
  const prepare: typeof real.prepare = (items, arena, ...rest) =>
    real.prepare(items, without.rule === 'tasks' ? { ...arena, hasTasks: () => false } : arena, ...rest);
  return { ...real, prepare };
});
afterEach(() => {
  without.rule = '';
  vi.restoreAllMocks();
});

/** Deletes of so many rows that home has changed meanwhile do not go into one transaction with anything else. */
const disputed = Array.from({ length: 51 }, (_, at) => 100 + at);
const each = (work: (tx: MemoryTransaction, id: number) => Promise<unknown>) => async (tx: MemoryTransaction) => {
  for (const id of disputed) await work(tx, id);
};
const update = (mark: string) => (tx: MemoryTransaction) => tx.update('rows', { id: 1 }, { mark });
const row = (mark: string) => [{ id: 1, mark }];

/**
 * A change from the other side passes over one of home that is not read yet. Home's log shows that before the commit is
 * answered; another change, which was made upon the first, is to be applied at once. Home wins whatever it is asked.
 */
async function shownBeforeTheAnswer(): Promise<Stage> {
  const stage = await Stage.open({ defaults: { keys: 'shared', conflict: { kind: 'side', side: 'left' } } });
  const { gates, world } = stage;
  const { sync } = await stage.start('one', timeless());
  await stage.write('left', (tx) => tx.insert('rows', { id: 1, mark: 'first' }));
  await stage.write(
    'left',
    each((tx, id) => tx.insert('rows', { id, mark: 'first' })),
  );
  await sync.idle();
  for (const stream of ['left->right', 'right->left']) await ask(world, `paused:${stream}`, 'yes');
  await expect.poll(() => sync.status().directions['right->left'].state).toBe('paused');
  await stage.write(
    'left',
    each((tx, id) => tx.update('rows', { id }, { mark: 'home' })),
  );
  await stage.write('right', update('theirs'));
  await stage.write(
    'right',
    each((tx, id) => tx.delete('rows', { id })),
  );
  await stage.write('right', update('upon it'));
  await expect.poll(() => sync.status().directions['right->left'].queuedRows).toBe(2 + disputed.length);
  gates.hold(/left\.one\.begin/);
  await ask(world, 'paused:right->left', 'no');
  await gates.reached(/left\.one\.begin/);
  gates.hold(/left\.one\.read/);
  await stage.write('left', update('passed over'));
  gates.hold(/left\.one\.visible/);
  gates.release(/left\.one\.begin/);
  await gates.reached(/left\.one\.visible/);
  const met = vi.spyOn(Echoes.prototype, 'meet');
  gates.release(/left\.one\.read/);
  await expect.poll(() => met.mock.calls.length).toBe(1);
  await ask(world, 'paused:left->right', 'no');
  gates.open();
  await sync.idle();
  return stage;
}

describe('a change that was passed over, when the log shows it before the commit is answered', () => {
  test('is decided about before what comes next', async () => {
    expect((await shownBeforeTheAnswer()).both).toEqual([row('passed over'), row('passed over')]);
  });

  test('lets the value that passed it over win where it is not', async () => {
    without.rule = 'tasks';
    expect((await shownBeforeTheAnswer()).both).toEqual([row('theirs'), row('theirs')]);
  });
});
