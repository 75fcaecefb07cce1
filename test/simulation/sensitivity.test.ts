import { afterEach, expect, test, vi } from 'vitest';
import type * as Groups from '../../src/arbiter/groups.ts';
import type * as Rules from '../../src/arbiter/rules.ts';
import type * as Constraints from '../../src/databases/memory/constraints.ts';
import { ParkedRetries } from '../../src/engine/parked-retries.ts';
import type * as Routes from '../../src/engine/route.ts';
import type * as Apply from '../../src/pipeline/apply/apply.ts';
import type * as Children from '../../src/pipeline/write/children.ts';
import type * as Decided from '../../src/pipeline/decide/decided.ts';
import type * as Decide from '../../src/pipeline/decide/decide.ts';
import { Claims } from '../../src/pipeline/lane/claims.ts';
import { Merges } from '../../src/pipeline/lane/merges.ts';
import { StateWrites } from '../../src/pipeline/write/state-writes.ts';
import { simulate } from './simulate.ts';

// Each rule is taken away in turn, and the simulation must see it. A suite that does not fail then tests nothing.

const without = vi.hoisted(() => ({ rule: '' }));

vi.mock('../../src/arbiter/rules.ts', async (original) => {
  const real = await original<typeof Rules>();
  return {
    ...real,
    decideRemote: (...args: Parameters<typeof Rules.decideRemote>) =>
      without.rule === 'deferral' ? 'apply' : real.decideRemote(...args),
    restartFloor: (...args: Parameters<typeof Rules.restartFloor>) =>
      without.rule === 'floor' ? args[1] : real.restartFloor(...args),
  };
});
vi.mock('../../src/pipeline/decide/decided.ts', async (original) => {
  const real = await original<typeof Decided>();
  return {
    ...real,
    meetDecided: (...args: Parameters<typeof Decided.meetDecided>) =>
      without.rule === 'meeting' ? args[1] : real.meetDecided(...args),
  };
});
vi.mock('../../src/pipeline/write/children.ts', async (original) => {
  const real = await original<typeof Children>();
  return {
    ...real,
    tellChildren: async (...args: Parameters<typeof Children.tellChildren>) =>
      without.rule === 'telling' ? undefined : real.tellChildren(...args),
  };
});
vi.mock('../../src/pipeline/decide/decide.ts', async (original) => {
  const real = await original<typeof Decide>();
  return {
    ...real,
    mergeUnderLock: (...args: Parameters<typeof Decide.mergeUnderLock>) =>
      without.rule === 'merge' ? Promise.resolve(false) : real.mergeUnderLock(...args),
  };
});
vi.mock('../../src/arbiter/groups.ts', async (original) => {
  const real = await original<typeof Groups>();
  return {
    ...real,
    addAmounts: (...args: Parameters<typeof Groups.addAmounts>) =>
      without.rule === 'debt' ? args[2] : real.addAmounts(...args),
  };
});
vi.mock('../../src/engine/route.ts', async (original) => {
  const real = await original<typeof Routes>();
  class LaneRoute extends real.LaneRoute {
    constructor(options: Routes.LaneRouteOptions) {
      super(without.rule === 'barrier' ? { ...options, isRecovered: () => true } : options);
    }
  }
  return { ...real, LaneRoute };
});
vi.mock('../../src/pipeline/apply/apply.ts', async (original) => {
  const real = await original<typeof Apply>();
  return {
    ...real,
    applyItems: async (...[applier, items]: Parameters<typeof Apply.applyItems>) => {
      const [first] = items;
      if (without.rule === 'wholeness' && first !== undefined && first.changes.length > 1)
        await real.applyItems(applier, [{ ...first, changes: first.changes.slice(0, 1), last: false }]);
      return real.applyItems(applier, items);
    },
  };
});
vi.mock('../../src/databases/memory/constraints.ts', async (original) => {
  const real = await original<typeof Constraints>();
  return {
    ...real,
    requireParents: async (...args: Parameters<typeof Constraints.requireParents>) =>
      without.rule === 'parents' ? undefined : real.requireParents(...args),
    claimUniques: async (...args: Parameters<typeof Constraints.claimUniques>) =>
      without.rule === 'uniques' ? undefined : real.claimUniques(...args),
  };
});
afterEach(() => {
  without.rule = '';
  vi.restoreAllMocks();
});

/** Some seed must go wrong without the rule, and be right with it. */
async function expectWrong(config: string, seeds: number, takeAway: () => void, first = 1): Promise<void> {
  for (let seed = first; seed < first + seeds; seed++) {
    takeAway();
    const { wrong } = await simulate(seed, config);
    without.rule = '';
    vi.restoreAllMocks();
    if (wrong.length > 0 && (await simulate(seed, config)).wrong.length === 0) return;
  }
  expect.unreachable('no seed goes wrong');
}

test.each([
  ['deferral', 'people', 100],
  ['floor', 'toggles', 600],
  // A change meets what its own transaction has decided about the row.
  ['meeting', 'register', 300],
  // Counters are added to under lock in every write, and what a parked change added stays with the debt.
  ['merge', 'counters', 100],
  ['debt', 'counters', 300],
  // What each of these would let pass, the checks of every run see.
  ['wholeness', 'ledger', 20],
  ['parents', 'people', 60],
  ['uniques', 'swaps', 60],
])(
  'goes wrong without %s',
  async (rule, config, seeds) => {
    await expectWrong(config, seeds, () => {
      without.rule = rule;
    });
  },
  60_000,
);

test('goes wrong without the recovery barrier', async () => {
  const takeAway = () => {
    without.rule = 'barrier';
  };
  await expectWrong('register', 300, takeAway, 70);
}, 60_000);

test('goes wrong without re-asserts', async () => {
  await expectWrong('toggles', 50, () =>
    vi.spyOn(StateWrites.prototype, 'restate').mockImplementation(() => undefined),
  );
}, 60_000);

test('goes wrong without claims', async () => {
  await expectWrong('people', 300, () => vi.spyOn(Claims.prototype, 'claim').mockResolvedValue(undefined));
}, 60_000);

test('goes wrong where the children of a parent that stays are not told', async () => {
  await expectWrong('unlogged', 100, () => {
    without.rule = 'telling';
  });
}, 60_000);

test('goes wrong where a row that came back does not recall its children', async () => {
  const takeAway = () => vi.spyOn(StateWrites.prototype, 'recall').mockImplementation(() => undefined);
  await expectWrong('unlogged', 110, takeAway, 215);
}, 60_000);

test('goes wrong where parked rows are never tried again', async () => {
  await expectWrong('claims', 100, () => vi.spyOn(ParkedRetries.prototype, 'ask').mockImplementation(() => undefined));
}, 60_000);

test('sees what the engine keeps for good', async () => {
  await expectWrong('people', 60, () => vi.spyOn(Merges.prototype, 'forget').mockImplementation(() => undefined));
}, 60_000);
