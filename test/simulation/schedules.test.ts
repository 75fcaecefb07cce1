import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Rules from '../../src/arbiter/rules.ts';
import type * as Lanes from '../../src/pipeline/lane/lane.ts';
import type * as Folds from '../../src/pipeline/map/fold.ts';
import type * as Audits from '../../src/pipeline/recognise/audits.ts';
import type * as Ops from '../../src/pipeline/map/ops.ts';
import type { MemoryTransaction } from '../../src/databases/memory/application.ts';
import type { Fields } from '../../src/databases/memory/definition.ts';
import { Echoes } from '../../src/pipeline/lane/echo.ts';
import { RecentTransactions } from '../../src/pipeline/lane/recent.ts';
import { otherSide, type Side } from '../../src/model/policy.ts';
import { Recogniser } from '../../src/pipeline/recognise/recognise.ts';
import { type Process, rows, Stage } from './stage.ts';

// Moments that chance hardly ever meets, arranged step by step. Each holds with the engine as it is, and goes wrong
// where the rule that it is about is taken away.

const without = vi.hoisted(() => ({ rule: '' }));

vi.mock('../../src/arbiter/rules.ts', async (original) => {
  const real = await original<typeof Rules>();
  return {
    ...real,
    hasRecovered: (...args: Parameters<typeof Rules.hasRecovered>) =>
      without.rule === 'barrier' || real.hasRecovered(...args),
  };
});
vi.mock('../../src/pipeline/lane/lane.ts', async (original) => {
  const real = await original<typeof Lanes>();
  return {
    ...real,
    isExpected: (...args: Parameters<typeof Lanes.isExpected>) =>
      without.rule !== 'disbelief' && real.isExpected(...args),
  };
});
vi.mock('../../src/pipeline/map/fold.ts', async (original) => {
  const real = await original<typeof Folds>();
  const fold: typeof real.fold = (ops, guards, mayBeThere) =>
    real.fold(ops, guards, mayBeThere && without.rule !== 'traces');
  return { ...real, fold };
});
vi.mock('../../src/pipeline/map/ops.ts', async (original) => {
  const real = await original<typeof Ops>();
  return {
    ...real,
    settleEchoes: (...args: Parameters<typeof Ops.settleEchoes>) =>
      without.rule === 'patience' ? Promise.resolve(false) : real.settleEchoes(...args),
  };
});
vi.mock('../../src/pipeline/recognise/audits.ts', async (original) => {
  const real = await original<typeof Audits>();
  return {
    ...real,
    // Else home would mend what goes wrong.
    answerUnasked: (...args: Parameters<typeof Audits.answerUnasked>) =>
      without.rule === 'barrier' ? undefined : real.answerUnasked(...args),
  };
});
afterEach(() => {
  without.rule = '';
  vi.restoreAllMocks();
});

const insert = (mark: string) => (tx: MemoryTransaction) => tx.insert('rows', { id: 1, mark });
const update = (mark: string) => (tx: MemoryTransaction) => tx.update('rows', { id: 1 }, { mark });
const remove = (tx: MemoryTransaction) => tx.delete('rows', { id: 1 });
const row = (mark: string) => [{ id: 1, mark }];

/** A row that both sides hold. */
async function shared(stage: Stage, process: Process): Promise<void> {
  await stage.write('left', insert('first'));
  await process.sync.idle();
}

/**
 * Home's log shows an insert long before anybody sees the row. The other side, which has not seen it either, has made
 * and deleted one of its own, and home has to decide.
 */
async function shownEarly(): Promise<Stage> {
  const stage = await Stage.open();
  const { sync } = await stage.start('one');
  stage.gates.hold(/right\.one\.read/);
  await stage.write('right', insert('other'));
  await stage.write('right', remove);
  stage.gates.hold(/left\.application\.visible/);
  const writing = stage.write('left', insert('early'));
  await stage.until('right', row('early'));
  stage.gates.release(/right\.one\.read/);
  await expect
    .poll(() => {
      const { conflicts, lastError } = sync.status().directions['right->left'];
      return conflicts > 0 || lastError?.code === 'TD7014';
    })
    .toBe(true);
  stage.gates.open();
  await writing;
  await sync.idle();
  return stage;
}

/**
 * A new row is in the log of one side long before anybody sees it there. Its copy has been to the other side and was
 * deleted, which has seen the row by all that the logs tell.
 */
async function hidden(side: Side): Promise<Stage> {
  const stage = await Stage.open();
  const { sync } = await stage.start('one');
  const { gates } = stage;
  gates.hold(new RegExp(`${side}\\.application\\.visible`));
  const writing = stage.write(side, insert('hidden'));
  await stage.until(otherSide(side), row('hidden'));
  await stage.write(otherSide(side), remove);
  const stream = side === 'left' ? 'right->left' : 'left->right';
  await expect
    .poll(() => {
      const { transactions, lastError } = sync.status().directions[stream];
      return transactions > 0 || lastError?.code === 'TD7014';
    })
    .toBe(true);
  gates.open();
  await writing;
  await sync.idle();
  return stage;
}

/** Both sides delete a row. While the other side's delete, which finds nothing, is open, home makes the row again. */
async function madeAgain(isCrashing: boolean): Promise<Stage> {
  const stage = await Stage.open();
  const one = await stage.start('one');
  await shared(stage, one);
  stage.gates.hold(/left\.one\.read/);
  await stage.write('left', remove);
  stage.gates.hold(/left\.one\.commit/);
  await stage.write('right', remove);
  await stage.gates.reached(/left\.one\.commit/);
  await stage.write('left', insert('again'));
  const before = stage.world.databases.left.logged();
  stage.gates.release(/left\.one\.commit/);
  await expect.poll(() => stage.world.databases.left.logged()).toBeGreaterThan(before);
  if (isCrashing) one.crash();
  stage.gates.release(/left\.one\.read/);
  await (isCrashing ? await stage.start('two') : one).sync.idle();
  return stage;
}

/** The other side makes and deletes a row in one batch, while home makes it without its log being read. */
async function cameAndWent(): Promise<Stage> {
  const stage = await Stage.open();
  const { sync } = await stage.start('one');
  stage.gates.hold(/left\.one\.begin/);
  stage.gates.hold(/left\.one\.read/);
  await stage.write('left', insert('home'));
  await stage.write('right', (tx) => tx.insert('rows', { id: 9, mark: 'goes first' }));
  await stage.gates.reached(/left\.one\.begin/);
  await stage.write('right', insert('gone'));
  await stage.write('right', remove);
  await expect.poll(() => sync.status().directions['right->left'].queuedRows).toBe(2);
  stage.gates.release(/left\.one\.begin/);
  await expect.poll(() => sync.status().directions['right->left'].transactions).toBe(3);
  stage.gates.open();
  await sync.idle();
  return stage;
}

/** While a write of ours over a newer change of home is not read back yet, a parked row's state is asked for. */
async function askedTooEarly(): Promise<Stage> {
  const right = { ...rows, check: ({ mark }: Fields) => mark !== 'refused' };
  const stage = await Stage.open({ tables: { left: [rows], right: [right] } });
  const waits = vi.spyOn(Echoes.prototype, 'settled');
  const { sync } = await stage.start('one');
  await stage.write('left', insert('refused'));
  await sync.idle();
  stage.gates.hold(/left\.one\.read/);
  stage.clockUs.left += 3_600_000_000;
  await stage.write('left', update('newest'));
  await stage.write('right', insert('theirs'));
  await stage.until('left', row('theirs'));
  const told = stage.world.databases.left.logged();
  // Its turn comes a second after it was parked; then its state is told, or waits for this very log.
  await expect.poll(() => waits.mock.calls.length > 0 || stage.world.databases.left.logged() > told).toBe(true);
  stage.gates.open();
  await sync.idle();
  return stage;
}

/** The same writes, with the engine started anew between them or not: who wins must not depend on that. */
async function ahead(isCrashing: boolean): Promise<Stage> {
  const stage = await Stage.open();
  const one = await stage.start('one');
  await shared(stage, one);
  stage.clockUs.right += 3_600_000_000;
  await stage.write('right', update('ahead'));
  stage.clockUs.right -= 3_600_000_000;
  await one.sync.idle();
  // Nothing of this row goes to the other side, but the position that is saved for it has seen the change from there.
  const floor = () => stage.world.databases.right.rows('tandem.checkpoint', { stream: 'left->right' })[0]?.['floor'];
  const before = floor();
  await stage.write('left', (tx) => tx.update('rows', { id: 1 }, { own: 1 }));
  await expect.poll(floor).not.toBe(before);
  if (isCrashing) one.crash();
  const { sync } = isCrashing ? await stage.start('two') : one;
  await sync.idle();
  stage.gates.hold(/\.(one|two)\.read/);
  await stage.write('left', update('left'));
  for (const mark of ['right', 'last']) await stage.write('right', update(mark));
  stage.gates.open();
  await sync.idle();
  return stage;
}

/**
 * A rival takes over one direction; then both sides write, and the older engine carries the other side's write over
 * home's in the direction that it still has. The rival has read its own marker, but not that write.
 */
async function halfRead(isHeldUp: boolean): Promise<Stage> {
  const stage = await Stage.open({ strict: false }, { trickles: true });
  const one = await stage.start('one');
  await shared(stage, one);
  const { gates, world } = stage;
  gates.hold(/left\.one\.read/);
  gates.hold(/left\.two\.takeOver/);
  const starting = stage.start('two');
  await gates.reached(/left\.two\.takeOver/);
  await stage.write('left', update('home'));
  await stage.write('right', update('theirs'));
  await stage.until('left', row('theirs'));
  const last = lastBefore(`m:right:${world.databases.right.logged()}`);
  const taken = vi.spyOn(Recogniser.prototype, 'take');
  const hasMarker = () => taken.mock.calls.some(([{ position }]) => position === last);
  gates.hold(/right\.two\.read/);
  gates.release(/left\.two\.takeOver/);
  const two = await starting;
  while (!hasMarker()) {
    await gates.reached(/right\.two\.read/);
    gates.step(/right\.two\.read/);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (isHeldUp) expect(two.sync.status().directions['left->right'].state).toBe('recovering');
  else await stage.until('right', row('home'));
  gates.open();
  await two.sync.idle();
  return stage;
}

function lastBefore(position: string): string {
  const at = position.lastIndexOf(':') + 1;
  return `${position.slice(0, at)}${Number(position.slice(at)) - 1}`;
}

describe('what the log shows before the database does', () => {
  test('is not taken for absent', async () => {
    const [left, right] = (await shownEarly()).both;
    expect(left).toEqual(right);
  });

  test('stays on one side where it is', async () => {
    without.rule = 'disbelief';
    // Else the server would be asked what it hides.
    vi.spyOn(RecentTransactions.prototype, 'hasAny').mockReturnValue(false);
    expect((await shownEarly()).both).toEqual([row('early'), []]);
  });
});

describe('a row that its own side does not see yet when its delete comes back', () => {
  test.each(['left', 'right'] as const)('goes once it is seen: %s', async (side) => {
    expect((await hidden(side)).both).toEqual([[], []]);
  });

  test('stays on one side where nobody asks what is hidden', async () => {
    vi.spyOn(RecentTransactions.prototype, 'hasAny').mockReturnValue(false);
    expect((await hidden('right')).both).toEqual([[], row('hidden')]);
  });
});

describe('a row that is made again while a delete finds nothing', () => {
  test.each([false, true])('is told, also by the next engine: %s', async (isCrashing) => {
    expect((await madeAgain(isCrashing)).both).toEqual([row('again'), row('again')]);
  });

  test('stays on one side where deletes of absent rows are not remembered', async () => {
    vi.spyOn(Echoes.prototype, 'announceAbsent').mockImplementation(() => undefined);
    expect((await madeAgain(false)).both).toEqual([row('again'), []]);
  });

  test('stays on one side where the next engine does not keep what it reads again', async () => {
    vi.spyOn(Echoes.prototype, 'remembersUntil').mockImplementation(() => undefined);
    expect((await madeAgain(true)).both).toEqual([row('again'), []]);
  });
});

describe('a row that came and went in one batch', () => {
  test('leaves its delete at home', async () => {
    const [left, right] = (await cameAndWent()).both;
    expect(left).toEqual(right);
  });

  test('makes the sides differ where it leaves nothing', async () => {
    without.rule = 'traces';
    expect((await cameAndWent()).both).toEqual([row('home'), []]);
  });
});

describe('a state that is asked for while our own write is unread', () => {
  test('waits for it, and what was passed over is asked', async () => {
    expect((await askedTooEarly()).both).toEqual([row('newest'), row('newest')]);
  });

  test('passes over the newest change where it does not wait', async () => {
    without.rule = 'patience';
    expect((await askedTooEarly()).both).toEqual([row('theirs'), row('theirs')]);
  });
});

describe('a clock that was ahead', () => {
  test.each([false, true])('is remembered, also by the next engine: %s', async (isCrashing) => {
    expect((await ahead(isCrashing)).both).toEqual([row('last'), row('last')]);
  });

  test('is forgotten where the next engine starts from the wall clock', async () => {
    vi.spyOn(Recogniser.prototype, 'resumeFrom').mockImplementation(() => undefined);
    expect((await ahead(true)).both).not.toEqual([row('last'), row('last')]);
  });
});

describe('a rival that has read its own marker and no further', () => {
  test('waits for what was applied already', async () => {
    expect((await halfRead(true)).both).toEqual([row('theirs'), row('theirs')]);
  });

  test('makes the sides differ where it does not', async () => {
    without.rule = 'barrier';
    expect((await halfRead(false)).both).toEqual([row('theirs'), row('home')]);
  });
});
