import { describe, expect, test } from 'vitest';
import type { Column } from '../../model/schema.ts';
import type { Value } from '../../model/value.ts';
import { literalWriter, quoteName, quoteTable, quoteText } from './literals.ts';

const plain: Column = {
  name: 'c',
  kind: 'text',
  native: 'varchar(4)',
  nullable: true,
  hasDefault: false,
  auto: false,
  generated: false,
  values: null,
  length: null,
  precision: null,
  scale: null,
  fraction: null,
  unsigned: false,
  charset: null,
  collation: null,
  element: null,
};
const write = (column: Partial<Column>, value: Value) => literalWriter({ ...plain, ...column })(value);

describe('a literal', () => {
  test('escapes what would end or bend a string, and nothing else', () => {
    expect(quoteText(`it's "fine" \\ \0 \n 😀`)).toBe(`'it\\'s "fine" \\\\ \\0 \n 😀'`);
    expect(quoteText('')).toBe("''");
    expect(() => quoteText('half \uD83D')).toThrow(expect.objectContaining({ code: 'TD3006' }));
  });

  test('quotes names', () => {
    expect(quoteName('a`b')).toBe('`a``b`');
    expect(quoteTable({ schema: 's', table: 't.u' })).toBe('`s`.`t.u`');
  });

  const cases: readonly (readonly [Partial<Column>, Value, string])[] = [
    [{ kind: 'int' }, -5, '-5'],
    [{ kind: 'bigint' }, 2n ** 64n - 1n, '18446744073709551615'],
    [{ kind: 'bool' }, true, '1'],
    [{ kind: 'bool' }, 2, '2'],
    [{ kind: 'decimal', precision: 5, scale: 2 }, '-007.500', '-7.5'],
    [{ kind: 'decimal', precision: 2, scale: 2 }, '0.25', '0.25'],
    [{ kind: 'float8' }, 0.1, '0.1e0'],
    [{ kind: 'float8' }, 1e300, '1e+300'],
    [{ kind: 'float8' }, -0, '-0e0'],
    [{ kind: 'bit', length: 4 }, '0101', '5'],
    [{ kind: 'bytes' }, new Uint8Array([0, 255]), "x'00ff'"],
    [{ kind: 'set', native: "set('a','b')", values: ['a', 'b'] }, ['a', 'b'], "'a,b'"],
    [{ kind: 'date' }, '0000-00-00', "'0000-00-00'"],
    [{ kind: 'time' }, '-100:00:00.5', "TIME'-100:00:00.5'"],
    [{ kind: 'timestamp', fraction: 0 }, '2024-01-01 00:00:00.000', "'2024-01-01 00:00:00.000'"],
    [{ kind: 'text' }, null, 'NULL'],
  ];
  test.each(cases)('%j %s', (column, value, sql) => expect(write(column, value)).toBe(sql));

  const refused: readonly (readonly [Partial<Column>, Value, string])[] = [
    [{ kind: 'int', nullable: false }, null, 'TD7003'],
    [{ kind: 'int' }, 1.5, 'TD3004'],
    [{ kind: 'int' }, '1; DROP TABLE users', 'TD3004'],
    [{ kind: 'decimal', precision: 5, scale: 2 }, '1.001', 'TD3002'],
    [{ kind: 'decimal', precision: 5, scale: 2 }, '1000', 'TD3003'],
    [{ kind: 'decimal' }, "1' OR '1", 'TD3004'],
    [{ kind: 'float8' }, Number.NaN, 'TD3004'],
    [{ kind: 'bit', length: 4 }, '2', 'TD3004'],
    [{ kind: 'text', length: 2 }, 'a😀b', 'TD3007'],
    [{ kind: 'text', native: "enum('a')", values: ['a'] }, 'A', 'TD3001'],
    [{ kind: 'timestamp', fraction: 3 }, '2024-01-01 00:00:00.0001', 'TD3002'],
    [{ kind: 'timestamp' }, "2024-01-01 00:00:00' --", 'TD3004'],
    [{ kind: 'interval' }, '1 day', 'TD3004'],
  ];
  test.each(refused)('%j refuses %s', (column, value, code) => {
    expect(() => write(column, value)).toThrow(expect.objectContaining({ code }));
  });

  test('does not count half a character', () => {
    expect(write({ kind: 'text', length: 2 }, '😀😀')).toBe("'😀😀'");
  });
});
