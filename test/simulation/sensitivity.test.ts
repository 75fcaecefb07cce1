import { afterEach, expect, test, vi } from 'vitest';
import type * as Rules from '../../src/arbiter/rules.ts';
import { ParkedRetries } from '../../src/engine/parked-retries.ts';
import { Claims } from '../../src/pipeline/claims.ts';
import type * as GuardedRows from '../../src/pipeline/guarded.ts';
import type * as Lanes from '../../src/pipeline/lane.ts';
import { StateWrites } from '../../src/pipeline/state-writes.ts';
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
    hasRecovered: (...args: Parameters<typeof Rules.hasRecovered>) =>
      without.rule === 'barrier' || real.hasRecovered(...args),
  };
});
vi.mock('../../src/pipeline/lane.ts', async (original) => {
  const real = await original<typeof Lanes>();
  return {
    ...real,
    isExpected: (...args: Parameters<typeof Lanes.isExpected>) =>
      without.rule !== 'disbelief' && real.isExpected(...args),
  };
});
vi.mock('../../src/pipeline/guarded.ts', async (original) => {
  const real = await original<typeof GuardedRows>();
  return {
    ...real,
    moves: (...args: Parameters<typeof GuardedRows.moves>) => without.rule !== 'fence' && real.moves(...args),
  };
});

afterEach(() => {
  without.rule = '';
  vi.restoreAllMocks();
});

/** The first seed whose run goes wrong; null where none does. */
async function firstWrong(config: string, seeds: number): Promise<number | null> {
  for (let seed = 1; seed <= seeds; seed++) if ((await simulate(seed, config)).wrong.length > 0) return seed;
  return null;
}

test.each([
  ['deferral', 'toggles', 50],
  ['floor', 'toggles', 300],
  ['barrier', 'toggles', 300],
  ['disbelief', 'toggles', 200],
  ['fence', 'swaps', 100],
])(
  'goes wrong without %s',
  async (rule, config, seeds) => {
    without.rule = rule;
    expect(await firstWrong(config, seeds)).not.toBeNull();
  },
  60_000,
);

test('goes wrong without re-asserts', async () => {
  vi.spyOn(StateWrites.prototype, 'restate').mockImplementation(() => undefined);
  expect(await firstWrong('toggles', 50)).not.toBeNull();
}, 60_000);

test('goes wrong without claims', async () => {
  vi.spyOn(Claims.prototype, 'claim').mockResolvedValue(undefined);
  expect(await firstWrong('people', 300)).not.toBeNull();
}, 60_000);

test('goes wrong where parked rows are never tried again', async () => {
  vi.spyOn(ParkedRetries.prototype, 'ask').mockImplementation(() => undefined);
  expect(await firstWrong('claims', 100)).not.toBeNull();
}, 60_000);
