import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codecSource } from '../../src/mapping/codec-spec.ts';
import { CONVERTS } from '../../src/mapping/kinds.ts';
import type { Sample, TypeCase } from './case.ts';
import { codecCases } from './codec-cases.ts';
import { typeCases } from './cases.ts';

const page = readFileSync(new URL('../../docs/types.md', import.meta.url), 'utf8');

/** The rows of the table under a heading, cell by cell. */
function tableUnder(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

/** A type as the page writes it: long lists of labels are cut. */
function typeCell(type: string): string {
  return `\`${type.length > 60 ? `${type.slice(0, 16)}…)` : type}\``;
}

function otherCell({ mysql, mariadb }: TypeCase): string {
  if (mariadb === undefined) return typeCell(mysql);
  return `${typeCell(mysql)}, MariaDB ${mariadb === null ? 'none' : typeCell(mariadb)}`;
}

/** The codes under which values of one side park, or a dash where each arrives. */
function parkCell(samples: readonly Sample[]): string {
  const codes = samples.flatMap(({ parks, held }) => {
    if (parks === null) return [];
    return [held === undefined ? parks : `${parks} (not ${held === 'mariadb' ? 'MariaDB' : 'MySQL'})`];
  });
  return codes.length === 0 ? '-' : [...new Set(codes)].toSorted().join(', ');
}

test('every pair has a name of its own and values that are drawn', () => {
  const cases = [...typeCases, ...codecCases];
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  expect(cases.filter(({ random }) => random === undefined).map(({ name }) => name)).toEqual([]);
});

test('the page lists every pair that is carried between real servers, and the codes of what parks', () => {
  const listed = tableUnder('Pairs').map(([postgres, other, toOther, toPostgres]) => [
    postgres,
    other,
    toOther,
    toPostgres,
  ]);
  expect(listed).toEqual(
    typeCases.map((each) => [
      typeCell(each.postgres),
      otherCell(each),
      parkCell(each.fromPostgres),
      parkCell(each.fromMysql),
    ]),
  );
});

test('the page lists every codec for values that one side alone can hold, and the codes of what parks', () => {
  const listed = tableUnder('Values that one side alone can hold').map((row) => row.slice(0, 5));
  expect(listed).toEqual(
    codecCases.map((each) => [
      typeCell(each.postgres),
      otherCell(each),
      each.codec === undefined ? '' : `\`${codecSource(each.codec.spec)}\``,
      parkCell(each.fromPostgres),
      parkCell(each.fromMysql),
    ]),
  );
});

test('the page lists every kind and what stands for it without a codec', () => {
  const listed = Object.fromEntries(
    tableUnder('Kinds').map(([kind, , others = '']) => [kind, others === '-' ? [] : others.split(', ')]),
  );
  const { unsupported: _, ...carried } = CONVERTS;
  const expected = Object.entries(carried).map(([kind, others]) => [
    `\`${kind}\``,
    others.map((each) => `\`${each}\``),
  ]);
  expect(listed).toEqual(Object.fromEntries(expected));
});
