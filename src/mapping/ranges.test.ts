import { expect, test } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { integerRange } from './ranges.ts';

test.each([
  ['tinyint', 'int', false, -128n, 127n],
  ['tinyint unsigned', 'int', true, 0n, 255n],
  ['smallint', 'int', false, -32_768n, 32_767n],
  ['mediumint', 'int', false, -8_388_608n, 8_388_607n],
  ['integer', 'int', false, -(2n ** 31n), 2n ** 31n - 1n],
  ['int(10) unsigned', 'int', true, 0n, 2n ** 32n - 1n],
  ['bigint', 'bigint', false, -(2n ** 63n), 2n ** 63n - 1n],
  ['bigint unsigned', 'bigint', true, 0n, 2n ** 64n - 1n],
  ['year', 'int', false, 0n, 2155n],
] as const)('%s', (native, kind, unsigned, lowest, highest) => {
  expect(integerRange(column('c', native, { kind, unsigned }))).toEqual({ lowest, highest });
});

test('a text has none', () => {
  expect(integerRange(column('c', 'text'))).toBeNull();
});
