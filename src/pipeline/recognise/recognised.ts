import type { Position, Transaction } from '../../model/change.ts';
import type { TandemError } from '../../model/error.ts';
import type { Lane, Task } from '../lane/lane.ts';
import type { LaneItem, LinkedChange, Unread } from '../lane/linked.ts';
import type { StateRow } from '../lane/marker.ts';

/** What a transaction of the log turned out to be, for each lane it concerns. */
export interface Recognised {
  readonly items: { readonly lane: Lane; readonly item: LaneItem }[];
  /** Work for the applier that writes to this side. */
  readonly tasks: { readonly lane: Lane; readonly task: Task }[];
  /** Pairs of keys that our own transaction put into the key map. */
  readonly pairs: { readonly link: string; readonly leftKey: string; readonly rightKey: string }[];
  /** What an operator wrote into the control table; null = taken back, or done. */
  readonly controls: { readonly name: string; readonly value: string | null }[];
  /** Rows of this side's parked table as an operator left them. */
  readonly parked: StateRow[];
  /** Lanes whose tables do not fit at this place of the log. */
  readonly failures: { readonly lane: Lane; readonly error: TandemError }[];
  /** It holds nothing but Tandem's own bookkeeping, so it never causes a checkpoint (design README 2). */
  bookkeeping: boolean;
  /** Row changes of ours that were recognised and not sent back, and those that had been altered on the way. */
  dropped: number;
  /** Row changes of applications that do not concern the other side, by why. */
  readonly passed: Record<'unchanged' | 'filtered' | 'unmapped', number>;
  sideEffects: number;
}

/** One lane's share of a transaction. */
export function itemOf(
  transaction: Transaction,
  ordinal: number,
  effectiveUs: number,
  seen: Position | null,
  changes: readonly LinkedChange[],
  unread: readonly Unread[] = [],
): LaneItem {
  const { position, id, committedAtUs, bytes, last } = transaction;
  return { position, ordinal, id, committedAtUs, effectiveUs, seen, changes, unread, bytes, last };
}
