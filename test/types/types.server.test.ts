import { beforeAll, expect, test } from 'vitest';
import { describeServers, type ServerName } from '../servers.ts';
import { codecCases } from './codec-cases.ts';
import { typeCases } from './cases.ts';
import { carryAll, type Judged } from './stage.ts';

const pairs: readonly (readonly [ServerName, ServerName])[] = [
  ['postgres', 'mysql'],
  ['postgres', 'mariadb'],
  ['mysql', 'mariadb'],
];

const allCases = [...typeCases, ...codecCases];
const seed = Number(process.env['TANDEM_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

for (const [left, right] of pairs) {
  await describeServers(`values between ${left} and ${right}`, { left, right }, (servers) => {
    let judged: ReadonlyMap<string, readonly Judged[]> = new Map();

    beforeAll(async () => {
      console.log(`TANDEM_TEST_SEED=${seed} draws the same values between ${left} and ${right} again`);
      judged = await carryAll(servers, allCases, seed);
    });

    test.each(allCases.filter((each) => right !== 'mariadb' || each.mariadb !== null).map((each) => [each.name]))(
      '%s come back as they were, or are parked',
      (name) => {
        const values = judged.get(name) ?? [];
        expect(values.length).toBeGreaterThan(0);
        const wrong = values.filter(({ expected, found }) => JSON.stringify(expected) !== JSON.stringify(found));
        expect(
          wrong.map(({ found }) => brief(found)),
          `seed ${seed}`,
        ).toEqual(wrong.map(({ expected }) => brief(expected)));
      },
    );
  });
}

/** Long values by their length. */
function brief(outcome: Judged['found']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(outcome).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > 200 ? `${value.length} characters` : value,
    ]),
  );
}
