import fc from 'fast-check';
import { expect, test } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { byColumns, custom, delta, newestWins, park, perColumn, sideWins } from '../mapping/policies.ts';
import type { LinkPlan } from '../model/plan.ts';
import type { Conflict, Policy } from '../model/policy.ts';
import type { Row } from '../model/value.ts';
import { conflictTypeOf } from './custom.ts';
import type { Dispute } from './dispute.ts';
import { increments } from './groups.ts';
import { settle, succeed } from './policy.ts';
import { difference, sum } from './sums.ts';

const columns = [
  column('id', 'int', { kind: 'int' }),
  column('name', 'text'),
  column('street', 'text'),
  column('city', 'text'),
  column('stock', 'int', { kind: 'int' }),
];

function linkWith(policy: Policy): LinkPlan {
  const side = {
    ref: { schema: 's', table: 't' },
    columns,
    key: [0],
    constants: [],
    uniques: [],
    foreignKeys: [],
    where: null,
  };
  return {
    id: 't',
    lane: 't',
    rank: 0,
    left: side,
    right: side,
    pairs: columns.map((each) => ({ left: each, right: each, codec: null, direction: 'both' })),
    direction: 'both',
    keys: 'shared',
    naturalKeys: [],
    parents: [],
    cascades: [],
    policy,
    deletes: 'sync',
    foreignKey: 'park',
    truncate: 'stop',
  };
}

const row = (name: string, street: string, city: string, stock: number): Row => [1, name, street, city, stock];
const base = row('ann', 'elm', 'ulm', 10);

function disputeOf(policy: Policy, given: Partial<Dispute>): Dispute {
  const link = linkWith(policy);
  const { base: was = base, incoming = null } = given;
  const amounts = incoming === null ? null : increments({ link, home: 'left' }, was, incoming);
  return {
    link,
    home: 'left',
    base,
    current: base,
    incoming: base,
    incomingOp: 'update',
    currentAtUs: 1,
    incomingAtUs: 2,
    amounts,
    ...given,
  };
}

const atOnce = <T>(answer: Promise<T>): Promise<T> => answer;
const decide = (policy: Policy, given: Partial<Dispute>) => settle(disputeOf(policy, given), atOnce);

const stockAdds = byColumns(newestWins(), [
  { columns: ['stock'], policy: delta() },
  { columns: ['street', 'city'], policy: sideWins('left') },
]);

test('what one side alone changed is merged, column by column; the newest gets what both changed', async () => {
  const current = row('eve', 'elm', 'bonn', 10);
  const incoming = row('ann', 'oak', 'kiel', 10);
  expect(await decide(perColumn(), { current, incoming })).toMatchObject({
    winner: 'merged',
    row: row('eve', 'oak', 'kiel', 10),
  });
  const older = await decide(perColumn(), { current, incoming, incomingAtUs: 0 });
  expect(older.row).toEqual(row('eve', 'oak', 'bonn', 10));
  expect((await decide(perColumn(sideWins('left')), { current, incoming })).row).toEqual(older.row);
});

test('columns that belong together are decided about as one thing, and counters add up', async () => {
  const current = row('ann', 'elm', 'bonn', 7);
  const incoming = row('eve', 'oak', 'ulm', 15);
  const { winner, row: merged, shares } = await decide(stockAdds, { current, incoming });
  expect(merged).toEqual(row('eve', 'elm', 'bonn', 12));
  expect(winner).toBe('merged');
  expect(shares).toEqual([
    { columns: [4], from: 'sum' },
    { columns: [2, 3], from: 'home' },
    { columns: [1], from: 'remote' },
  ]);
});

test('a change made on top of what stands there takes what it touched, and nothing else', () => {
  const dispute = disputeOf(stockAdds, {
    current: row('ann', 'elm', 'bonn', 7),
    incoming: row('eve', 'elm', 'ulm', 9),
  });
  expect(succeed(dispute).row).toEqual(row('eve', 'elm', 'bonn', 6));
});

test('a delete beats an update, unless a side is to win', async () => {
  const current = row('eve', 'elm', 'ulm', 10);
  const gone = { current, incoming: null, incomingOp: 'delete' } as const;
  expect((await decide(perColumn(), { ...gone, currentAtUs: 9 })).row).toBeNull();
  expect((await decide(stockAdds, gone)).row).toBeNull();
  expect((await decide(sideWins('left'), gone)).row).toEqual(current);
});

test('under park nobody decides, unless both sides hold the same', async () => {
  const [current, incoming] = [row('eve', 'elm', 'ulm', 10), row('ann', 'oak', 'ulm', 10)];
  expect(await decide(park(), { current, incoming })).toMatchObject({ winner: 'nobody', row: current });
  expect((await decide(park(), { current, incoming: current })).winner).toBe('home');
  expect((await decide(park(), { current: null, incoming: null, incomingOp: 'delete' })).winner).toBe('home');
  const counting = byColumns(park(), [{ columns: ['stock'], policy: delta() }]);
  expect(
    await decide(counting, { current: row('ann', 'elm', 'ulm', 9), incoming: row('ann', 'elm', 'ulm', 12) }),
  ).toMatchObject({ row: row('ann', 'elm', 'ulm', 11) });
  expect((await decide(counting, { current, incoming })).winner).toBe('nobody');
});

test('a custom function sees both rows, their base, times and what met; columns it leaves out stay', async () => {
  let seen: Conflict | null = null;
  const policy = custom((conflict) => {
    seen = conflict;
    return Promise.resolve({ name: `${String(conflict.left?.['name'])}+${String(conflict.right?.['name'])}` });
  });
  const current = row('eve', 'elm', 'ulm', 10);
  const { row: merged } = await decide(policy, { current, incoming: row('joe', 'oak', 'ulm', 10) });
  expect(merged).toEqual(row('eve+joe', 'elm', 'ulm', 10));
  expect(seen).toMatchObject({
    type: 'update_origin_differs',
    home: 'left',
    key: { id: 1 },
    base: { name: 'ann' },
    leftOperation: 'update',
    rightOperation: 'update',
    leftAtUs: 1,
    rightAtUs: 2,
  });
});

test.each([
  ['throws', custom(() => Promise.reject(new Error('no')))],
  ['names a column that is not there', custom(() => ({ nam: 'x' }))],
  ['answers nonsense', custom(() => 7 as unknown as null)],
])('a custom function that %s decides nothing', async (_what, policy) => {
  await expect(decide(policy, { incoming: row('joe', 'elm', 'ulm', 10) })).rejects.toMatchObject({ code: 'TD8002' });
});

test('counters add up beside a custom function, too', async () => {
  const policy = byColumns(
    custom(() => 'right'),
    [{ columns: ['stock'], policy: delta() }],
  );
  const current = row('eve', 'elm', 'ulm', 7);
  expect((await decide(policy, { current, incoming: row('joe', 'elm', 'ulm', 13) })).row).toEqual(
    row('joe', 'elm', 'ulm', 10),
  );
});

test('what met has the names of PostgreSQL', () => {
  const type = (current: Row | null, incomingOp: Dispute['incomingOp'], isMissing = false) =>
    conflictTypeOf({ current, incomingOp, isMissing });
  expect(type(base, 'insert')).toBe('insert_exists');
  expect(type(base, 'update')).toBe('update_origin_differs');
  expect(type(null, 'update')).toBe('update_deleted');
  expect(type(null, 'update', true)).toBe('update_missing');
  expect(type(base, 'delete')).toBe('delete_origin_differs');
  expect(type(null, 'delete')).toBe('delete_missing');
});

const words = fc.constantFrom('a', 'b', 'c');
const anyRow = fc.tuple(words, words, words, fc.integer({ min: -99, max: 99 })).map((values): Row => [1, ...values]);

test('merging never invents a value, and never touches what neither side changed', async () => {
  await fc.assert(
    fc.asyncProperty(anyRow, anyRow, anyRow, async (was, current, incoming) => {
      const link = linkWith(stockAdds);
      const amounts = increments({ link, home: 'left' }, was, incoming);
      const { row: merged } = await decide(stockAdds, { base: was, current, incoming, amounts });
      for (const at of [1, 2, 3]) {
        expect([current[at], incoming[at]]).toContain(merged?.[at]);
        if (was[at] === current[at] && at === 1) expect(merged?.[at]).toBe(incoming[at]);
        if (was[at] === incoming[at] && at === 1) expect(merged?.[at]).toBe(current[at]);
      }
      expect(merged?.[4]).toBe(Number(current[4]) + Number(incoming[4]) - Number(was[4]));
    }),
  );
});

test('sums of decimals are exact, and differences undo them', () => {
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 9 }))
    .map(([units, scale]) => {
      const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
      const whole = digits.slice(0, digits.length - scale);
      return `${units < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
    });
  fc.assert(
    fc.property(decimal, decimal, (a, b) => {
      const there = difference('decimal', sum('decimal', a, b), b);
      expect(difference('decimal', there, a)).toMatch(/^-?[0.]+$/);
    }),
  );
  expect(sum('decimal', '0.10', '0.2')).toBe('0.30');
  expect(sum('decimal', null, '-1.5')).toBe('-1.5');
  expect(sum('bigint', 9_007_199_254_740_993n, 2n)).toBe(9_007_199_254_740_995n);
  expect(() => sum('decimal', 'NaN', '1')).toThrow(expect.objectContaining({ code: 'TD8012' }));
});
