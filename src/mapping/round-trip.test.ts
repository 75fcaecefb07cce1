import { expect, test } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { titleCase, trim } from './codecs.ts';
import { zeroDateAs } from './date-codecs.ts';
import type { DeclaredCodec } from './declaration.ts';
import { compilePair } from './pair.ts';
import { roundTripsOf } from './round-trip.ts';

const [left, right] = [column('status', 'text', { nullable: true }), column('state', 'text', { nullable: true })];
const link = {
  id: 'users',
  left: { ref: { schema: 'public', table: 'users' } },
  right: { ref: { schema: 'app', table: 'users' } },
};

function pairOf(declared: DeclaredCodec | null): ColumnPair {
  const at = { link: 'users', left: 'status', right: 'state' };
  const { codec, canon } = compilePair(
    { engine: 'mysql', column: left, at },
    { engine: 'mysql', column: right, at },
    declared,
  );
  return { left, right, codec, direction: 'both', ...(canon === null ? {} : { canon }) };
}

function check(declared: DeclaredCodec | null, side: Side, values: readonly (string | null)[], showValues = false) {
  const trips = roundTripsOf(link as unknown as Pick<LinkPlan, 'id' | Side>, pairOf(declared), side, showValues);
  for (const value of values) trips.add(value);
  return trips.findings();
}

test('values that survive are no finding', () => {
  expect(check(titleCase(), 'left', ['active', 'in_review', null])).toEqual([]);
  expect(check(titleCase(), 'right', ['Active', 'In Review'])).toEqual([]);
  expect(check(trim(), 'left', [' a ', 'a'])).toEqual([]);
  expect(check(null, 'left', ['anything'])).toEqual([]);
});

test('values of which one stands for all, NULL among them, are no finding', () => {
  const day = (name: string) => column(name, 'date', { kind: 'date', nullable: true });
  const at = { link: 'users', left: 'status', right: 'state' };
  const [own, other] = [day('status'), day('state')];
  const ends = [
    { engine: 'mysql', column: own, at },
    { engine: 'postgres', column: other, at },
  ] as const;
  const placed = zeroDateAs(null).between?.(...ends) as DeclaredCodec;
  const { codec, canon } = compilePair(...ends, placed);
  const pair: ColumnPair = { left: own, right: other, codec, direction: 'both', ...(canon === null ? {} : { canon }) };
  const trips = roundTripsOf(link as unknown as Pick<LinkPlan, 'id' | Side>, pair, 'left', false);
  for (const value of ['0000-00-00', '2024-00-15', '2024-02-29', null]) trips.add(value);
  expect(trips.findings()).toEqual([]);
});

test('values that do not are counted, and not named', () => {
  const findings = check(titleCase(), 'left', ['active', 'McDonald', 'OPEN', 'OPEN']);
  expect(findings).toMatchObject([
    {
      code: 'TD3002',
      severity: 'warning',
      message: expect.stringContaining('status of 3 rows: '),
      path: ['links', 'users', 'columns', 'status'],
      at: { side: 'left', table: 'public.users', column: 'status' },
    },
  ]);
  expect(JSON.stringify(findings)).not.toContain('McDonald');
});

test('values are named where they are asked for, five at most, and not to their full length', () => {
  const [finding] = check(titleCase(), 'left', ['active', 'OPEN', 'OPEN', `A${'B'.repeat(200)}`], true);
  expect(finding?.found).toBe(`"OPEN", "A${'B'.repeat(78)}...`);
  const [many] = check(titleCase(), 'left', ['A', 'B', 'C', 'D', 'E', 'F', 'G'], true);
  expect(many).toMatchObject({ found: '"A", "B", "C", "D", "E", ...', message: expect.stringContaining('7 rows') });
});
