import { sameInPair } from '../../arbiter/same.ts';
import type { CapturedTable, Change } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import { type Column, sameTable, tableName } from '../../model/schema.ts';
import { sameValue, type Row } from '../../model/value.ts';
import { keyOf, type LinkedChange } from './linked.ts';

/** How the rows of one captured version of a table become images of one link. */
export interface Projection {
  readonly link: LinkPlan;
  readonly indexes: readonly number[];
  /** A captured row is an image as it is: all columns are linked, in the table's own order. */
  readonly isWhole: boolean;
}

/** A captured version of a table that a link cannot be read from as it was planned. */
export interface Misfit {
  readonly link: LinkPlan;
  readonly error: TandemError;
  /** Where the key's columns are, where at least those are as planned. */
  readonly keyAt: readonly number[] | null;
}

/**
 * How the links read from this table on this side. A table that has lost a linked column since the plan was made, or
 * whose values are of another kind, is a misfit; columns that are not linked come and go freely.
 */
export function projectionsOf(table: CapturedTable, links: readonly LinkPlan[], side: Side): (Projection | Misfit)[] {
  return links
    .filter((link) => sameTable(link[side].ref, table.ref) && flows(link, side))
    .map((link) => {
      if (table.misfit !== undefined) return { link, error: table.misfit, keyAt: null };
      const places = link[side].columns.map((column) => placeOf(table, column));
      const wrong = places.findIndex((at) => at < 0);
      if (wrong < 0) {
        const isWhole = places.length === table.columns.length && places.every((from, to) => from === to);
        return { link, indexes: places, isWhole };
      }
      const keyAt = link[side].key.map((at) => places[at] ?? -1);
      const error = tableChanged(table, link[side].columns[wrong] as Column, link);
      return { link, error, keyAt: keyAt.includes(-1) ? null : keyAt };
    });
}

/** The column's place in the table, or -1 where the table has none of that name and kind. */
function placeOf(table: CapturedTable, column: Column): number {
  const at = table.columns.indexOf(column.name);
  const kind = table.kinds?.[at] ?? null;
  return kind === null || kind === column.kind ? at : -1;
}

/** Do changes of this side flow to the other? */
export function flows(link: LinkPlan, from: Side): boolean {
  return link.direction === 'both' || link.direction === (from === 'left' ? 'toRight' : 'toLeft');
}

function tableChanged(table: CapturedTable, column: Column, link: LinkPlan): TandemError {
  const name = tableName(table.ref);
  const at = table.columns.indexOf(column.name);
  const kind = at < 0 ? null : table.kinds?.[at];
  const what = at < 0 ? `no longer has the column '${column.name}'` : `has another type in the column '${column.name}'`;
  return new TandemError('TD7005', `${name} ${what} of link '${link.id}'`, {
    expected: `${column.name} ${column.native}`,
    found: at < 0 ? `columns ${table.columns.join(', ')}` : `${column.name} as ${kind ?? 'another kind'}`,
    fix: 'Change the table back, or change the link, run `tandem check`, and start again.',
    at: { link: link.id, table: name, column: column.name },
  });
}

/** Why a change is none for a link: its rows are left out, or it alters nothing that flows, or deletes do not flow. */
export type Unconcerned = 'filtered' | 'unchanged' | 'unmapped';

/** The change as the link sees it, or why it does not see it. */
export function projectChange(change: Change, projection: Projection, side: Side): LinkedChange | Unconcerned {
  const { link } = projection;
  const { where } = link[side];
  let before = change.before === null ? null : project(change.before, projection);
  let after = change.after === null ? null : project(change.after, projection);
  if (where !== null) {
    if (before !== null && !where(before)) before = null;
    if (after !== null && !where(after)) after = null;
  }
  if (before === null && after === null) return 'filtered';
  if (before === null) return { link, op: change.op === 'read' ? 'read' : 'insert', before, after, hops: 0 };
  if (after === null) return link.deletes === 'ignore' ? 'unmapped' : { link, op: 'delete', before, after, hops: 0 };
  if (!isEffective(link, side, before, after)) return 'unchanged';
  return { link, op: 'update', before, after: fillFrom(before, after), hops: 0 };
}

/** A captured row as an image. */
export function project(row: Row, { indexes, isWhole }: Projection): Row {
  if (isWhole) return row;
  // `map` makes the array as long as it will be; one that grows by pushing keeps twice the room for as long as it
  // lives.
  return indexes.map((at) => row[at]);
}

/** A value that the log left out because it did not change is the old one. */
function fillFrom(before: Row, after: Row): Row {
  return after.includes(undefined) ? after.map((value, at) => (value === undefined ? before[at] : value)) : after;
}

/** Does the change alter anything that flows from this side? Setting a column to what it was is not a change. */
function isEffective(link: LinkPlan, side: Side, before: Row, after: Row): boolean {
  const towards = side === 'left' ? 'toRight' : 'toLeft';
  for (let at = 0; at < link.pairs.length; at++) {
    const pair = link.pairs[at] as LinkPlan['pairs'][number];
    if (pair.direction !== 'both' && pair.direction !== towards) continue;
    const [a, b] = [before[at], after[at]];
    if (b === undefined || a === b) continue;
    if (a === undefined || !sameInPair(pair, side, a, b)) return true;
  }
  return false;
}

/** Does an update give the row another key? */
export function changesKey(link: LinkPlan, side: Side, before: Row, after: Row): boolean {
  const { key, columns } = link[side];
  for (const at of key) if (!sameValue(columns[at]?.kind ?? 'text', before[at], after[at])) return true;
  return false;
}

/** The key of the row a change leaves or removes. */
export function keyAfter(change: LinkedChange): Row {
  return keyOf(change.link, (change.after ?? change.before) as Row);
}
