import type { Fields } from '../../src/databases/memory/definition.ts';
import type { Side } from '../../src/model/policy.ts';
import type { Value } from '../../src/model/value.ts';
import { type Ending, textOf, type View } from './family.ts';

type Databases = Ending['databases'];

export interface Difference {
  readonly link: string;
  /** Keys of the row on both sides, as far as it has them. */
  readonly left: string | null;
  readonly right: string | null;
  readonly text: string;
}

export interface ParkedEntry {
  /** The side that is owed the row. */
  readonly target: Side;
  readonly link: string;
  readonly sourceKey: string;
  readonly code: string;
  readonly blockedBy: string | null;
}

/** Both directions of the key map of both databases, and whatever in it is not one to one. */
export interface Pairs {
  readonly toLeft: ReadonlyMap<string, string>;
  readonly toRight: ReadonlyMap<string, string>;
  readonly wrong: readonly string[];
}

export function readPairs(databases: Databases): Pairs {
  const toLeft = new Map<string, string>();
  const toRight = new Map<string, string>();
  const wrong: string[] = [];
  for (const side of ['left', 'right'] as const) {
    for (const row of databases[side].rows('tandem.key_map')) {
      const [link, left, right] = [textOf(row['link']), textOf(row['left_key']), textOf(row['right_key'])];
      const [a, b] = [toRight.get(`${link} ${left}`) ?? right, toLeft.get(`${link} ${right}`) ?? left];
      if (a !== right) wrong.push(`${link} ${left} of the left side has two counterparts, ${a} and ${right}`);
      if (b !== left) wrong.push(`${link} ${right} of the right side has two counterparts, ${b} and ${left}`);
      toRight.set(`${link} ${left}`, right);
      toLeft.set(`${link} ${right}`, left);
    }
  }
  return { toLeft, toRight, wrong };
}

export function readParked(databases: Databases): ParkedEntry[] {
  return (['left', 'right'] as const).flatMap((target) =>
    databases[target].rows('tandem.parked').map((row) => ({
      target,
      link: textOf(row['link']),
      sourceKey: textOf(row['source_key']),
      code: textOf(row['code']),
      blockedBy: row['blocked_by'] === null ? null : textOf(row['blocked_by']),
    })),
  );
}

/** Every row that is not the same on both sides, by the words of the views alone. */
export function compareSides(databases: Databases, views: readonly View[], pairs: Pairs): Difference[] {
  return views.flatMap((view) => compareView(databases, view, pairs));
}

function compareView(databases: Databases, view: View, pairs: Pairs): Difference[] {
  const differences: Difference[] = [];
  const found = new Map<string, Fields>();
  for (const row of databases.right.rows(view.table)) {
    const words = view.toLeft?.(row) ?? row;
    const right = textOf(words[view.key]);
    const left = view.mapped ? pairs.toLeft.get(`${view.link} ${right}`) : right;
    if (left === undefined) {
      const text = `row ${right} of the right side has no counterpart`;
      differences.push({ link: view.link, left: null, right, text });
    } else found.set(left, translated(words, view, pairs));
  }
  for (const row of databases.left.rows(view.table)) {
    const left = textOf(row[view.key]);
    const right = view.mapped ? (pairs.toRight.get(`${view.link} ${left}`) ?? null) : left;
    const other = found.get(left);
    found.delete(left);
    const words = view.ofLeft?.(row) ?? row;
    if (other === undefined) differences.push({ link: view.link, left, right, text: 'only on the left side' });
    else if (!same(words, other, view)) {
      const text = `${show(words)} on the left, ${show(other)} on the right`;
      differences.push({ link: view.link, left, right, text });
    }
  }
  for (const left of found.keys()) {
    const right = view.mapped ? (pairs.toRight.get(`${view.link} ${left}`) ?? null) : left;
    differences.push({ link: view.link, left, right, text: 'only on the right side' });
  }
  return differences;
}

/** Keys of parents as the left side has them. */
function translated(row: Fields, { parents = {} }: View, pairs: Pairs): Fields {
  const out: Record<string, Value> = { ...row };
  for (const [column, parent] of Object.entries(parents)) {
    out[column] = pairs.toLeft.get(`${parent} ${textOf(row[column])}`) ?? 'unknown';
  }
  return out;
}

function same(left: Fields, right: Fields, view: View): boolean {
  return Object.keys(left).every((column) => {
    if (view.mapped && column === view.key) return true;
    return textOf(left[column]) === textOf(right[column]);
  });
}

function show(row: Fields): string {
  return JSON.stringify(row, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** Is the difference among what one side is known to be owed? */
export function isOwed({ link, left, right }: Difference, parked: readonly ParkedEntry[]): boolean {
  return parked.some((entry) => entry.link === link && entry.sourceKey === (entry.target === 'right' ? left : right));
}

/** What is parked although nothing is amiss. */
export function staleParked(parked: readonly ParkedEntry[], differences: readonly Difference[]): ParkedEntry[] {
  return parked.filter((entry) => !differences.some((difference) => isOwed(difference, [entry])));
}
