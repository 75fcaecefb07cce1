import type { Positions, Transaction } from '../../model/change.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import type { Row } from '../../model/value.ts';
import type { Lane } from '../lane/lane.ts';
import type { Marker } from '../lane/marker.ts';
import type { Timeline } from '../lane/timeline.ts';

/** One of our own transactions as the reader of its log meets it. */
export interface OwnTransaction {
  readonly side: Side;
  readonly lane: Lane;
  readonly marker: Marker;
  readonly ordinal: number;
  readonly transaction: Transaction;
  readonly opposite: Timeline;
  readonly timeline: Timeline;
  readonly positions: Positions;
  /** Key text of a row's counterpart, where it is known at once. */
  readonly counterpart: (link: string, keyText: string) => string | undefined;
}

/** The last thing the transaction left in one row. */
export interface Written {
  readonly link: LinkPlan;
  readonly image: Row | null;
  /** An image that holds the row's key. */
  readonly keyed: Row;
  /** It was removed on the way, also where it is there again in the end. */
  readonly wentAway: boolean;
}

/** An image that holds nothing but the row's key. */
export function keyOnly(link: LinkPlan, key: Row): Row {
  const row = Array.from<Row[number]>({ length: link.pairs.length });
  link.left.key.forEach((at, index) => {
    row[at] = key[index];
  });
  return row;
}
