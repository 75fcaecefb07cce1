import { expect, test } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { titleCase, trim } from './codecs.ts';
import type { DeclaredCodec } from './declaration.ts';
import { compilePair } from './pair.ts';
import { codecRoundTrips } from './round-trip.ts';

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

const check = (declared: DeclaredCodec | null, side: Side, values: readonly (string | null)[]) =>
  codecRoundTrips(link as unknown as Pick<LinkPlan, 'id' | Side>, pairOf(declared), side, values);

test('values that survive are no finding', () => {
  expect(check(titleCase(), 'left', ['active', 'in_review', null])).toEqual([]);
  expect(check(titleCase(), 'right', ['Active', 'In Review'])).toEqual([]);
  expect(check(trim(), 'left', [' a ', 'a'])).toEqual([]);
  expect(check(null, 'left', ['anything'])).toEqual([]);
});

test('values that do not are counted, and not named', () => {
  const findings = check(titleCase(), 'left', ['active', 'McDonald', 'OPEN']);
  expect(findings).toMatchObject([
    {
      code: 'TD3002',
      severity: 'warning',
      message: expect.stringContaining('2 values of status'),
      path: ['links', 'users', 'columns', 'status'],
      at: { side: 'left', table: 'public.users', column: 'status' },
    },
  ]);
  expect(JSON.stringify(findings)).not.toContain('McDonald');
});
