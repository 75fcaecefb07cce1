import { afterEach, expect, test, vi } from 'vitest';
import type * as Rules from '../../src/arbiter/rules.ts';
import { ParkedRetries } from '../../src/engine/parked-retries.ts';
import { Claims } from '../../src/pipeline/claims.ts';
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
afterEach(() => {
  without.rule = '';
  vi.restoreAllMocks();
});

/** Some seed must go wrong, and must be right again once the rule is back. */
async function expectWrong(config: string, seeds: number): Promise<void> {
  let seed = 1;
  while (seed <= seeds && (await simulate(seed, config)).wrong.length === 0) seed++;
  expect(seed, 'no seed goes wrong').toBeLessThanOrEqual(seeds);
  without.rule = '';
  vi.restoreAllMocks();
  expect((await simulate(seed, config)).wrong).toEqual([]);
}

test.each([
  ['deferral', 'register', 300],
  ['floor', 'toggles', 300],
  ['barrier', 'toggles', 300],
  ['disbelief', 'register', 400],
])(
  'goes wrong without %s',
  async (rule, config, seeds) => {
    without.rule = rule;
    await expectWrong(config, seeds);
  },
  60_000,
);

test('goes wrong without re-asserts', async () => {
  vi.spyOn(StateWrites.prototype, 'restate').mockImplementation(() => undefined);
  await expectWrong('toggles', 50);
}, 60_000);

test('goes wrong without claims', async () => {
  vi.spyOn(Claims.prototype, 'claim').mockResolvedValue(undefined);
  await expectWrong('people', 300);
}, 60_000);

test('goes wrong where parked rows are never tried again', async () => {
  vi.spyOn(ParkedRetries.prototype, 'ask').mockImplementation(() => undefined);
  await expectWrong('claims', 100);
}, 60_000);
