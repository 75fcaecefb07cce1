import type { Change, Position } from '../../model/change.ts';
import type { Row, Value } from '../../model/value.ts';

/** A row of a state table, by column name. */
export type StateRow = Readonly<Record<string, Value | undefined>>;

export function stateRow(change: Change, row: Row): StateRow {
  return Object.fromEntries(change.table.columns.map((name, at) => [name, row[at]]));
}

/** The checkpoint row as one of our transactions left it: origin, position and fence in one. */
export interface Marker {
  readonly stream: string;
  readonly lane: string;
  /** How far the stream's source is incorporated. */
  readonly position: Position;
  /** Whether it came that far in this transaction; one that takes the lease, or tells a row again, applies nothing. */
  readonly advanced: boolean;
  readonly seqBefore: number;
  readonly seq: number;
  /** How many engines have taken the lane over so far; each take-over counts one seq, too. */
  readonly epoch: number;
  readonly known: Position | null;
  readonly effectiveUs: number;
}

export function readMarker(change: Change & { readonly op: 'update' }): Marker {
  const [before, after] = [stateRow(change, change.before), stateRow(change, change.after)];
  return {
    stream: String(after['stream']),
    lane: String(after['lane']),
    position: after['position'] as Position,
    advanced: before['position'] !== after['position'],
    seqBefore: Number(before['seq']),
    seq: Number(after['seq']),
    epoch: Number(after['epoch']),
    known: (after['known'] ?? null) as Position | null,
    effectiveUs: Number(after['effective_us']),
  };
}
