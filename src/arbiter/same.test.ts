import { expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import type { ColumnPair } from '../model/plan.ts';
import { sameInPair } from './same.ts';

const date = column('day', 'date', { kind: 'date', nullable: true });
const pair: ColumnPair = {
  left: date,
  right: date,
  codec: null,
  direction: 'both',
  canon: { left: (value) => (value === '0000-00-00' ? null : value), right: null },
};

it('takes a value that counts as NULL for the same as NULL, on the side that has such values', () => {
  expect(sameInPair(pair, 'left', '0000-00-00', null)).toBe(true);
  expect(sameInPair(pair, 'left', null, '0000-00-00')).toBe(true);
  expect(sameInPair(pair, 'left', null, '2024-01-01')).toBe(false);
  expect(sameInPair(pair, 'right', '0000-00-00', null)).toBe(false);
});
