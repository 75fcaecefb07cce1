import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Bulk from '../../src/pipeline/apply/bulk.ts';
import type * as Pieces from '../../src/pipeline/apply/pieces.ts';
import type * as Ops from '../../src/pipeline/map/ops.ts';
import type { MemoryTransaction } from '../../src/databases/memory/application.ts';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import { LookAgain } from '../../src/pipeline/decide/standing.ts';
import { Echoes } from '../../src/pipeline/lane/echo.ts';
import { ask } from './nemesis.ts';
import { links, rows, Stage, timeless } from './stage.ts';

// An application's change at home that was passed over unasked is decided about before anything else is done with its
// row. Arranged step by step; each goes wrong where the rule that it is about is taken away.

const without = vi.hoisted(() => ({ rule: '' }));

vi.mock('../../src/pipeline/map/ops.ts', async (original) => {
  const real = await original<typeof Ops>();
  const prepare: typeof real.prepare = (items, arena, ...rest) =>
    real.prepare(items, without.rule === 'tasks' ? { ...arena, hasTasks: () => false } : arena, ...rest);
  return { ...real, prepare };
});
vi.mock('../../src/pipeline/apply/pieces.ts', async (original) => {
  const real = await original<typeof Pieces>();
  return {
    ...real,
    isDisputed: (...[applier, op]: Parameters<typeof Pieces.isDisputed>) => {
      const { lane, target } = applier.arena;
      return (without.rule !== 'sight' || target !== lane.home) && real.isDisputed(applier, op);
    },
  };
});
/** What happens before the target refuses a whole batch, once; null = it takes what fits. */
const refusal = vi.hoisted(() => ({ after: null as (() => Promise<void>) | null }));
vi.mock('../../src/pipeline/apply/bulk.ts', async (original) => {
  const real = await original<typeof Bulk>();
  const refuse = async (isLast: boolean): Promise<void> => {
    const { after } = refusal;
    if (after === null) return;
    if (isLast) {
      refusal.after = null;
      await after();
    }
    throw new LookAgain();
  };
  return {
    ...real,
    applyRuns: (...args: Parameters<typeof Bulk.applyRuns>) => refuse(false).then(() => real.applyRuns(...args)),
    applyFitting: (...args: Parameters<typeof Bulk.applyFitting>) =>
      refuse(true).then(() => real.applyFitting(...args)),
  };
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

const letters: TableDefinition = {
  table: 'letters',
  columns: [...rows.columns, { name: 'row_id', kind: 'int' }],
  key: ['id'],
  foreignKeys: [{ columns: ['row_id'], references: 'rows', onDelete: 'cascade' }],
};
const family = {
  tables: { left: [rows, letters], right: [rows, letters] },
  links: {
    ...links,
    letters: { left: 'letters', right: 'letters', columns: { id: 'id', mark: 'mark', row_id: 'row_id' } },
  },
  defaults: { keys: 'shared', conflict: { kind: 'side', side: 'left' } },
} as const;

/**
 * The other side deletes a parent that home keeps, so that home tells its child. What stands in the child is our own
 * write, which home's log has not shown yet and which has passed over a change of home's.
 */
async function toldTooEarly(): Promise<readonly string[]> {
  const stage = await Stage.open(family, { logsCascades: false });
  const { gates, world } = stage;
  const { left, right } = world.databases;
  const { sync } = await stage.start('one', timeless());
  await stage.write('left', (tx) => tx.insert('rows', { id: 1, mark: 'first' }));
  await stage.write('left', (tx) => tx.insert('letters', { id: 7, mark: 'first', row_id: 1 }));
  await sync.idle();
  await ask(world, 'paused:left->right', 'yes');
  await stage.write('left', update('kept'));
  await expect.poll(() => sync.status().directions['left->right'].queuedRows).toBe(1);
  gates.hold(/left\.one\.read/);
  const write = (mark: string) => (tx: MemoryTransaction) => tx.update('letters', { id: 7 }, { mark });
  await stage.write('left', write('passed over'));
  await stage.write('right', write('theirs'));
  await expect.poll(() => left.rows('letters', { mark: 'theirs' })).toHaveLength(1);
  const before = left.logged();
  const waits = vi.spyOn(Echoes.prototype, 'settled');
  await stage.write('right', (tx) => tx.delete('rows', { id: 1 }));
  await expect.poll(() => waits.mock.calls.length > 0 || left.logged() > before).toBe(true);
  await ask(world, 'paused:left->right', 'no');
  gates.open();
  await sync.idle();
  return [left, right].flatMap((database) => database.rows('letters').map(({ mark }) => String(mark)));
}

describe('the child of a parent that home keeps', () => {
  test('is told once our own write of it has been read back', async () => {
    expect(await toldTooEarly()).toEqual(['passed over', 'passed over']);
  });

  test('is told as we wrote it over a change that nobody asked where that is not waited for', async () => {
    vi.spyOn(Echoes.prototype, 'isUnread').mockReturnValue(false);
    expect(await toldTooEarly()).toEqual(['theirs', 'theirs']);
  });
});

/**
 * Nothing competes with a change from the other side when it is first looked at. The target refuses the batch, and
 * before it is done again home's log has shown a change that home wants to keep.
 */
async function shownBetweenLooks(): Promise<Stage> {
  const stage = await Stage.open({ defaults: { keys: 'shared', conflict: { kind: 'side', side: 'left' } } });
  const { gates, world } = stage;
  const { sync } = await stage.start('one', timeless());
  await stage.write('left', (tx) => tx.insert('rows', { id: 1, mark: 'first' }));
  await sync.idle();
  await ask(world, 'paused:left->right', 'yes');
  await expect.poll(() => sync.status().directions['left->right'].state).toBe('paused');
  gates.hold(/left\.one\.read/);
  await stage.write('left', update('kept'));
  refusal.after = async () => {
    gates.release(/left\.one\.read/);
    await expect.poll(() => sync.status().directions['left->right'].queuedRows).toBe(1);
  };
  await stage.write('right', update('theirs'));
  await expect.poll(() => sync.status().directions['right->left'].transactions).toBe(1);
  await ask(world, 'paused:left->right', 'no');
  await sync.idle();
  return stage;
}

describe('a change that a second look finds disputed', () => {
  test('is decided about', async () => {
    expect((await shownBetweenLooks()).both).toEqual([row('kept'), row('kept')]);
  });

  test('is just written where it goes by the first look', async () => {
    without.rule = 'sight';
    expect((await shownBetweenLooks()).both).toEqual([row('theirs'), row('theirs')]);
  });
});
