import { sameInPair } from '../arbiter/same.ts';
import type { CapturedTable, Change } from '../model/change.ts';
import { TandemError } from '../model/error.ts';
import type { LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { sameTable, tableName } from '../model/schema.ts';
import { sameValue, type Row } from '../model/value.ts';
import { keyOf, type LinkedChange } from './linked.ts';

/** How the rows of one captured version of a table become images of one link. */
export interface Projection {
  readonly link: LinkPlan;
  readonly indexes: readonly number[];
  /** A captured row is an image as it is: all columns are linked, in the table's own order. */
  readonly isWhole: boolean;
}

/**
 * The links that read from this table on this side. Throws TD7005 where the table has lost a linked column since the
 * plan was made; columns that are not linked come and go freely.
 */
export function projectionsOf(table: CapturedTable, links: readonly LinkPlan[], side: Side): Projection[] {
  return links
    .filter((link) => sameTable(link[side].ref, table.ref) && flows(link, side))
    .map((link) => {
      const indexes = link[side].columns.map((column) => {
        const at = table.columns.indexOf(column.name);
        if (at < 0) throw columnGone(table, column.name, link);
        return at;
      });
      const isWhole = indexes.length === table.columns.length && indexes.every((from, to) => from === to);
      return { link, indexes, isWhole };
    });
}

/** Do changes of this side flow to the other? */
export function flows(link: LinkPlan, from: Side): boolean {
  return link.direction === 'both' || link.direction === (from === 'left' ? 'toRight' : 'toLeft');
}

function columnGone(table: CapturedTable, column: string, link: LinkPlan): TandemError {
  return new TandemError(
    'TD7005',
    `${tableName(table.ref)} no longer has the column '${column}' of link '${link.id}'`,
    {
      expected: `columns ${link.left.columns.map((c) => c.name).join(', ')}`,
      found: `columns ${table.columns.join(', ')}`,
      fix: 'Change the link to the new columns, run `tandem pull` and `tandem check`, then start again.',
      at: { link: link.id, table: tableName(table.ref), column },
    },
  );
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
