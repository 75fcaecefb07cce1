import type { TandemError } from './error.ts';
import type { TableRef } from './schema.ts';
import type { Kind, Row } from './value.ts';

/**
 * A place in one database's log, with the history it belongs to. Opaque outside the database folder that made it:
 * shared code carries it and asks that folder's {@link Positions} to compare.
 */
export type Position = string & { readonly position: unique symbol };

/**
 * The pure comparisons of one engine's positions. All positions of one log form a chain, so `covers` is a total order
 * along it.
 */
export interface Positions {
  /** Is everything up to and including `at` contained in `upTo`? */
  covers(upTo: Position, at: Position): boolean;
}

/** The lower of two positions of the same log. */
export function lower(positions: Positions, a: Position, b: Position): Position {
  return positions.covers(a, b) ? b : a;
}

/** The higher of two positions of the same log. */
export function higher(positions: Positions, a: Position, b: Position): Position {
  return positions.covers(a, b) ? a : b;
}

/**
 * A table as the log described it when the change was written. One object per version of the table: a reader makes a
 * new one when the columns change, so whatever was compiled for it can be kept by identity.
 */
export interface CapturedTable {
  readonly ref: TableRef;
  readonly columns: readonly string[];
  /** What the log says its values are, in the same order; null, or none at all, where it does not tell. */
  readonly kinds?: readonly (Kind | null)[];
  /** Why this version's rows cannot be read at all. Its changes are `unreadable`. */
  readonly misfit?: TandemError;
}

/** One row change, in the words of Debezium's envelope. Rows are in the order of `table.columns`. */
export type Change =
  | { readonly op: 'insert' | 'read'; readonly table: CapturedTable; readonly before: null; readonly after: Row }
  | { readonly op: 'update'; readonly table: CapturedTable; readonly before: Row; readonly after: Row }
  | { readonly op: 'delete'; readonly table: CapturedTable; readonly before: Row; readonly after: null }
  | { readonly op: 'truncate'; readonly table: CapturedTable; readonly before: null; readonly after: null }
  /** Some rows changed, and the log does not tell which. */
  | { readonly op: 'unreadable'; readonly table: CapturedTable; readonly before: null; readonly after: null };

/**
 * A committed transaction, or a part of a giant one: the reader cuts a transaction of more than `chunkRows` changes so
 * that memory stays bounded. Transactions come in commit order and never interleave.
 */
export interface Transaction {
  /** Storing this means: everything up to and including this item is applied. */
  readonly position: Position;
  /** xid or GTID, for messages. */
  readonly id: string;
  /** Commit time by the source's clock, microseconds since 1970; whole seconds where the log has no more. */
  readonly committedAtUs: number;
  readonly changes: readonly Change[];
  /** About what the changes take in the log, for limits and metrics. */
  readonly bytes: number;
  /** 0 for the first or only part. */
  readonly part: number;
  /** True for the last or only part. */
  readonly last: boolean;
}
