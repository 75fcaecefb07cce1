import type { Row, Value } from './value.ts';

export type Side = 'left' | 'right';

export const SIDES: readonly Side[] = ['left', 'right'];

export function otherSide(side: Side): Side {
  return side === 'left' ? 'right' : 'left';
}

/** A row by the *left* side's column names, canonical values of the left side. */
export type NamedRow = Readonly<Record<string, Value>>;

/**
 * What met, in the words of PostgreSQL 18 (the manual's chapter on conflicts of logical replication), seen from the
 * home side, where the other side's change arrives.
 */
export type ConflictType =
  /** The row was made on both sides, or shares a natural key with one that was. */
  | 'insert_exists'
  /** Both sides changed the row. */
  | 'update_origin_differs'
  /** The new values clash with another row's unique value. */
  | 'update_exists'
  /** Changed there, deleted here. */
  | 'update_deleted'
  /** Changed there, and here it is not, though no delete is known. */
  | 'update_missing'
  /** Deleted there, changed here. */
  | 'delete_origin_differs'
  /** Deleted on both sides. */
  | 'delete_missing'
  /** Unique values that belong to several rows here. */
  | 'multiple_unique_conflicts';

export type RowOperation = 'insert' | 'update' | 'delete';

/** What a custom conflict function sees. */
export interface Conflict {
  readonly link: string;
  readonly type: ConflictType;
  /** The side at which it is decided. */
  readonly home: Side;
  readonly key: NamedRow;
  /** The row that the other side's change was made upon; null where it did not exist or is not known. */
  readonly base: NamedRow | null;
  /** null = deleted on that side. */
  readonly left: NamedRow | null;
  readonly right: NamedRow | null;
  readonly leftOperation: RowOperation;
  readonly rightOperation: RowOperation;
  /** Hybrid times of the two writes, microseconds since 1970 (correctness 4). */
  readonly leftAtUs: number;
  readonly rightAtUs: number;
}

/** `left` or `right` whole, or a row by left column names, or null for "deleted". */
export type Verdict = Side | NamedRow | null;

/**
 * Later hybrid time wins; a tie goes to the home side. With `column`, that (linked, left-named) column is compared
 * first.
 */
export interface Newest {
  readonly kind: 'newest';
  readonly column?: string;
}

export interface SideWins {
  readonly kind: 'side';
  readonly side: Side;
}

/** Each column by itself: what one side alone changed is taken over; `overlap` decides what both changed. */
export interface PerColumn {
  readonly kind: 'perColumn';
  readonly overlap: Newest | SideWins;
}

/** Numbers to which both sides add: what each of them added, or took away, is summed. */
export interface Delta {
  readonly kind: 'delta';
}

/** Nobody decides but a person: both sides keep what they have until then. */
export interface Park {
  readonly kind: 'park';
}

export interface Custom {
  readonly kind: 'custom';
  readonly decide: (conflict: Conflict) => Verdict | Promise<Verdict>;
  readonly name: string;
}

/** What decides about rows, as far as no column group does. */
export type RowPolicy = Newest | SideWins | PerColumn | Custom | Park;

/** What decides about columns that belong together. */
export type GroupPolicy = Newest | SideWins | PerColumn | Delta;

/** Columns that one policy decides about as one thing, by their left names. */
export interface ColumnGroup {
  readonly columns: readonly string[];
  readonly policy: GroupPolicy;
}

/** Column groups with policies of their own; `default` decides about all other columns and about deletes. */
export interface ByColumns {
  readonly kind: 'columns';
  readonly default: RowPolicy;
  readonly columns: readonly ColumnGroup[];
}

export type Policy = RowPolicy | ByColumns;

/** Which side's value a group of columns got; `sum` = what both sides added. */
export interface Share {
  /** Indexes into the image. */
  readonly columns: readonly number[];
  readonly from: 'home' | 'remote' | 'sum';
}

/**
 * What happens where one side deletes a parent while the other side gives it a child: what the databases' own foreign
 * keys say, and what they refuse is parked; the parent comes back on both sides; the child goes on both sides.
 */
export type ForeignKeyPolicy = 'park' | 'restoreParent' | 'deleteChild';

/** A decision about one row, in home's image order. `null` row = the row is to be absent. */
export interface Decision {
  /** `nobody`: the row stays as it is on both sides until a person decides. */
  readonly winner: 'home' | 'remote' | 'merged' | 'nobody';
  readonly row: Row | null;
  /** Who got which columns, where they were decided by groups. */
  readonly shares?: readonly Share[];
}

/** A policy in a few words. */
export function describePolicy(policy: Policy | GroupPolicy): string {
  switch (policy.kind) {
    case 'newest':
      return policy.column === undefined ? 'newest' : `newest by ${policy.column}`;
    case 'side':
      return `${policy.side} wins`;
    case 'custom':
      return `custom: ${policy.name}`;
    case 'perColumn':
      return `per column, where both changed one: ${describePolicy(policy.overlap)}`;
    case 'delta':
      return 'delta';
    case 'park':
      return 'park';
    case 'columns': {
      const groups = policy.columns.map((group) => `${group.columns.join(', ')}: ${describePolicy(group.policy)}`);
      return [...groups, `else ${describePolicy(policy.default)}`].join('; ');
    }
  }
}
