import { describe, expect, it } from 'vitest';
import { restartFloor } from '../../src/arbiter/rules.ts';
import { simulate } from './many-rows/simulate.ts';
import { allHabits, type Habits, type Plan } from './many-rows/world.ts';
import { productionRules, type PolicyName, type Rules } from './rules.ts';

// Random runs of many rows: ids that each side makes for itself, a natural key to compete for, rows that are merged,
// parked and asked for again, several changes in a transaction, crashes. Rules and window are those of src/arbiter.
// TANDEM_MODEL_SIZE=long runs a hundred times as many seeds.

const isLong = process.env['TANDEM_MODEL_SIZE'] === 'long';
const seeds = isLong ? 50_000 : 500;
const timeoutMs = isLong ? 3_600_000 : 60_000;
const everyPolicy: readonly PolicyName[] = ['home', 'remote', 'newest', 'custom'];

const usual: Plan = {
  policy: 'home',
  writes: 6,
  naturals: 3,
  crashes: 0,
  batch: 3,
  rules: productionRules,
  habits: allHabits,
};

interface Campaign {
  /** The shortest run that ended with rows that differ and are not parked. */
  readonly worst: string | null;
  readonly conflicts: number;
  readonly parkedRuns: number;
}

function campaign(plan: Plan, runs: number): Campaign {
  let [conflicts, parkedRuns] = [0, 0];
  let worst: { readonly seed: number; readonly trace: readonly string[] } | null = null;
  for (let seed = 1; seed <= runs; seed++) {
    const outcome = simulate(seed, plan);
    conflicts += outcome.conflicts;
    if (outcome.parked > 0) parkedRuns++;
    const isWorse = outcome.different > 0 && (worst === null || outcome.trace.length < worst.trace.length);
    if (isWorse) worst = { seed, trace: outcome.trace };
  }
  return { worst: worst === null ? null : `seed ${worst.seed}: ${worst.trace.join(' | ')}`, conflicts, parkedRuns };
}

describe('many rows', () => {
  describe.each<[string, Partial<Plan>]>([
    ['three natural keys', {}],
    ['one change at a time', { batch: 1 }],
    ['more rows, more writes', { writes: 12, naturals: 5 }],
    ['crashes', { crashes: 2 }],
  ])('%s', (_name, given) => {
    it.each(everyPolicy)(
      'end equal or parked under the policy %s',
      (policy) => {
        const { worst, conflicts, parkedRuns } = campaign({ ...usual, ...given, policy }, seeds);
        expect(worst).toBeNull();
        expect(conflicts).toBeGreaterThan(seeds);
        // Two rows may claim each other's natural keys; that stays parked, but must stay rare.
        expect(parkedRuns).toBeLessThan(seeds * 0.3);
      },
      timeoutMs,
    );
  });
});

type Mutation = readonly [string, { habits?: Partial<Habits>; rules?: Partial<Rules> }, Partial<Plan>];

const wrong: readonly Mutation[] = [
  ['a decision is not re-asserted', { habits: { reasserts: false } }, {}],
  ['a merge is not re-asserted', { habits: { reassertsMerges: false } }, {}],
  ['a row that waits for a merge is not owed', { habits: { owesTwins: false } }, {}],
  ["home drops a row's state that meets an unseen change", { habits: { answersRefreshes: false } }, {}],
  [
    "a row's state on its way home is not in the window",
    { habits: { remembersRefreshes: false, waitsForEcho: false } },
    { crashes: 2 },
  ],
  [
    'the remote side does not stand aside, and nothing is audited',
    { rules: { decideRemote: () => 'apply', auditHome: () => null } },
    {},
  ],
  [
    'changes are applied before the windows are complete',
    { rules: { hasRecovered: () => true }, habits: { readsOwnFirst: false } },
    { crashes: 2 },
  ],
  [
    'a reader restarts without what the other checkpoint had seen',
    {
      rules: {
        restartFloor: (positions, checkpoint, _seen, known) => restartFloor(positions, checkpoint, null, known),
      },
    },
    { crashes: 2 },
  ],
  [
    'a reader restarts at its own checkpoint',
    { rules: { restartFloor: (_, checkpoint) => checkpoint } },
    { crashes: 2 },
  ],
];

describe('the simulation notices that', () => {
  it.each(wrong)('%s', (_name, { habits, rules }, given) => {
    const plan = { ...usual, ...given, habits: { ...allHabits, ...habits }, rules: { ...productionRules, ...rules } };
    expect(campaign(plan, 3_000).worst).not.toBeNull();
  });
});
