import { expect, test } from 'vitest';
import { CONFIGS } from './scenarios.ts';
import { simulate } from './simulate.ts';

const SEEDS_PER_CONFIG = 20;

test('a seed gives the same run every time', async () => {
  for (const config of ['mixed', 'claims']) {
    const [one, other] = [await simulate(3, config), await simulate(3, config)];
    expect(other.digest).toBe(one.digest);
    expect(other.turns).toBe(one.turns);
  }
});

test('runs are rough: engines crash and writes meet', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, at) => at + 1).map((seed) => simulate(seed, 'register')),
  );
  expect(outcomes.some(({ crashes }) => crashes > 0)).toBe(true);
  expect(outcomes.some(({ conflicts }) => conflicts > 0)).toBe(true);
});

test.each(CONFIGS)(
  'everything holds in the end: %s',
  async (config) => {
    for (let seed = 1; seed <= SEEDS_PER_CONFIG; seed++) {
      const { wrong } = await simulate(seed, config);
      expect(wrong, `npm run simulate -- --seed ${seed} --config ${config}`).toEqual([]);
    }
  },
  60_000,
);
