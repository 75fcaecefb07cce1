import { otherSide, type Side, SIDES } from '../model/policy.ts';
import { type Column, tableName } from '../model/schema.ts';
import type { Findings } from './findings.ts';
import { counterparts, imageIndexes, isUnique, type LinkDraft, sameMembers } from './link-draft.ts';

/** Unique keys within the image as indexes, the key itself left out. */
export function imageUniques(draft: LinkDraft, side: Side, key: readonly number[]): readonly (readonly number[])[] {
  const keys = [draft.tables[side].key, ...draft.tables[side].uniques.map((unique) => unique.columns)];
  const indexes = keys.map((columns) => (columns.length === 0 ? null : imageIndexes(draft, side, columns)));
  return indexes.filter((unique) => unique !== null && !sameIndexes(unique, key)) as (readonly number[])[];
}

function sameIndexes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

/**
 * Where uniqueness is judged on one side only, or by other rules, a row can be right on one side and refused on the
 * other.
 */
export function checkUniques(draft: LinkDraft, findings: Findings): void {
  const compared = new Set<string>();
  for (const side of SIDES) {
    for (const unique of draft.tables[side].uniques) {
      const there = counterparts(draft, side, unique.columns);
      if (there === null) continue;
      const left = side === 'left' ? unique.columns : there;
      if (!isUnique(draft.tables[otherSide(side)], there)) reportOneSided(draft, side, unique.columns, left, findings);
      else if (!compared.has(left.join())) compareCollations(draft, left, findings);
      compared.add(left.join());
    }
  }
}

function reportOneSided(
  draft: LinkDraft,
  side: Side,
  columns: readonly string[],
  left: readonly string[],
  findings: Findings,
): void {
  const other = otherSide(side);
  const there = counterparts(draft, side, columns) ?? [];
  findings.warning('TD2301', `${columns.join(', ')} is unique in ${tableName(draft.tables[side].ref)} only`, {
    path: ['links', draft.id, 'columns', left[0] ?? ''],
    expected: 'the same unique key on both sides',
    fix: `ALTER TABLE ${tableName(draft.tables[other].ref)} ADD UNIQUE (${there.join(', ')});`,
    at: { side, table: tableName(draft.tables[side].ref) },
  });
}

function compareCollations(draft: LinkDraft, left: readonly string[], findings: Findings): void {
  for (const linked of draft.columns) {
    if (!left.includes(linked.left.name) || linked.left.kind !== 'text' || linked.right.kind !== 'text') continue;
    if (linked.left.values !== null && linked.right.values !== null) continue;
    const rules = { left: equalityRules(linked.left), right: equalityRules(linked.right) };
    if (sameMembers(rules.left, rules.right)) continue;
    const describe = (side: Side): string => `${linked[side].name} ignores ${rules[side].join(' and ') || 'nothing'}`;
    const lettersAlike = sameMembers(rules.left.filter(isOfLetters), rules.right.filter(isOfLetters));
    const report = lettersAlike ? findings.note.bind(findings) : findings.warning.bind(findings);
    report('TD2306', `${linked.left.name} and ${linked.right.name} judge equality by different rules`, {
      path: ['links', draft.id, 'columns', linked.left.name],
      expected: 'unique columns that take the same texts for equal',
      found: `${describe('left')}, ${describe('right')}`,
      fix: collationFix(draft, laxity(rules.left) > laxity(rules.right) ? 'left' : 'right', linked),
    });
  }
}

const BLANKS = 'blanks at the end';

/** Case and accents differ in real data; blanks at the end hardly ever do. */
function isOfLetters(rule: string): boolean {
  return rule !== BLANKS;
}

/** How much a column's rules ignore, letters before blanks. */
function laxity(rules: readonly string[]): number {
  return rules.filter(isOfLetters).length * 2 + rules.length;
}

/**
 * What a column's collation ignores when it compares. MySQL's names tell (`_ci`, `_ai`, `0900` = NO PAD); a collation
 * of PostgreSQL is deterministic unless it says otherwise, and citext ignores case.
 */
function equalityRules(column: Column): readonly string[] {
  if (column.native.toLowerCase() === 'citext') return ['case'];
  const name = column.collation?.toLowerCase() ?? '';
  if (column.charset === null || name === '') return [];
  const accents = name.includes('_ai') || (name.endsWith('_ci') && !name.includes('_as_'));
  const pads = !/0900|nopad|^binary$/.test(name);
  return [...(name.endsWith('_ci') ? ['case'] : []), ...(accents ? ['accents'] : []), ...(pads ? [BLANKS] : [])];
}

function collationFix(draft: LinkDraft, laxer: Side, linked: Readonly<Record<Side, Column>>): string {
  const table = tableName(draft.tables[laxer].ref);
  const column = linked[laxer];
  if (column.charset === null) return `ALTER TABLE ${table} ALTER COLUMN ${column.name} TYPE text;`;
  const collation = column.charset === 'utf8mb4' ? 'utf8mb4_0900_bin' : `${column.charset}_bin`;
  const known = draft.engines[laxer] === 'mariadb' ? `${column.charset}_nopad_bin` : collation;
  const nulls = `${column.nullable ? '' : ' NOT NULL'}${column.hasDefault ? ' DEFAULT ...' : ''}`;
  return `ALTER TABLE ${table} MODIFY ${column.name} ${column.native} COLLATE ${known}${nulls};`;
}
