import type { Row, Value } from './value.ts';

export type Side = 'left' | 'right';

export function otherSide(side: Side): Side {
  return side === 'left' ? 'right' : 'left';
}

/** What a custom conflict function sees. Rows are objects by the *left* side's column names, canonical values. */
export interface Conflict {
  readonly link: string;
  readonly key: Readonly<Record<string, Value>>;
  /** The row both sides started from; null where it did not exist or is not known. */
  readonly base: Readonly<Record<string, Value>> | null;
  /** null = deleted on that side. */
  readonly left: Readonly<Record<string, Value>> | null;
  readonly right: Readonly<Record<string, Value>> | null;
  /** Hybrid times of the two writes, microseconds since 1970 (correctness 4). */
  readonly leftAtUs: number;
  readonly rightAtUs: number;
}

/** `left` or `right` whole, or a row by left column names, or null for "deleted". */
export type Verdict = 'left' | 'right' | Readonly<Record<string, Value>> | null;

export type Policy =
  /**
   * Later hybrid time wins; a tie goes to the home side. With `column`, that (linked, left-named) column is compared
   * first.
   */
  | { readonly kind: 'newest'; readonly column?: string }
  | { readonly kind: 'side'; readonly side: Side }
  | {
      readonly kind: 'custom';
      readonly decide: (conflict: Conflict) => Verdict | Promise<Verdict>;
      readonly name: string;
    };

/** A decision about one row, in home's image order. `null` row = the row is to be absent. */
export interface Decision {
  readonly winner: 'home' | 'remote' | 'merged';
  readonly row: Row | null;
}
