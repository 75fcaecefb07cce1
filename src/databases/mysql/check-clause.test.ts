import { expect, test } from 'vitest';
import { parseCheck, parseJsonValid, parseLabels, unescapeClause } from './check-clause.ts';

test.each([
  ["`st` in ('a','it\\'s','b\\\\c')", 'st', ['a', "it's", 'b\\c']],
  ["((`s``t` in (_utf8mb4'a', _latin1'b''c')))", 's`t', ['a', "b'c"]],
  ["(`st` in (''))", 'st', ['']],
])('%s is a list of values', (clause, column, values) => {
  expect(parseCheck(clause)).toEqual({ column, values });
});

test.each([
  '`n` in (1,2)',
  "(`st` in ('a')) and (`n` > 0)",
  "(`st` not in ('a'))",
  "`st` in ('a', upper('b'))",
  "(`st` in ('a')) or (`st` in ('b'))",
  "`st` in ('a') or `st` in ('b')",
  "`st` <> 'a'",
])('%s is none', (clause) => expect(parseCheck(clause)).toBeNull());

test("MySQL's catalogue escapes clauses once more", () => {
  expect(parseCheck(unescapeClause(String.raw`(${'`st`'} in (_utf8mb4\'it\\\'s\',_utf8mb4\'b\\\\c\'))`))).toEqual({
    column: 'st',
    values: ["it's", 'b\\c'],
  });
});

test('knows what JSON is in MariaDB', () => {
  expect(parseJsonValid('json_valid(`doc`)')).toBe('doc');
  expect(parseJsonValid('json_valid(`doc`) or `doc` is null')).toBeNull();
});

test('reads labels with quotes and commas in them', () => {
  expect(parseLabels("enum('x','y''z','a,b','','\\')")).toEqual(['x', "y'z", 'a,b', '', '\\']);
});
