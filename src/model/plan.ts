import type { ForeignKeyPolicy, Policy, Side } from './policy.ts';
import type { Column, TableRef } from './schema.ts';
import type { Row, Value } from './value.ts';

/**
 * A column codec: always a pair, so that one declaration gives both directions. Never sees undefined. May throw
 * TandemError of class row.
 */
export interface Codec {
  readonly name: string;
  readonly toRight: (value: Value) => Value;
  readonly toLeft: (value: Value) => Value;
}

/** Two linked columns. `codec: null` = the canonical value passes unchanged. */
export interface ColumnPair {
  readonly left: Column;
  readonly right: Column;
  readonly codec: Codec | null;
  /** A one-way column is written towards that side only and never causes a change the other way. */
  readonly direction: 'both' | 'toRight' | 'toLeft';
  /**
   * Where a side distinguishes values that count as one (digits of a second that the other side does not keep, blanks
   * at the ends under `trim`): the value that stands for all, per side. Values are compared after it; a column whose
   * value is unchanged after it keeps what is stored. Absent = every value counts for itself. Never sees null or
   * undefined; gives null where a value counts as NULL.
   */
  readonly canon?: Readonly<Record<Side, ((value: Value) => Value) | null>>;
}

/**
 * A table as Tandem reads and writes it: some of its columns, in an order of Tandem's own. A row in this order is
 * called an *image*.
 */
export interface TableShape {
  readonly ref: TableRef;
  readonly columns: readonly Column[];
  /** Indexes into `columns` that identify a row. */
  readonly key: readonly number[];
}

/** A value that Tandem itself writes into a column that is not linked: on every write, or on insert only. */
export interface Constant {
  readonly column: Column;
  readonly value: Value;
  readonly on: 'write' | 'insert';
}

/** A foreign key of this link whose values must be translated because the parent's keys differ on both sides. */
export interface ParentKey {
  /** Id of the parent's link (it is in the same lane). */
  readonly link: string;
  /** Index into the image of the column that holds the parent's key. */
  readonly column: number;
}

/**
 * Children that the server of one side deletes or detaches together with their parent without logging it (InnoDB before
 * 9.6). Where Tandem deletes such a parent, on either side, it does that by hand before.
 */
export interface EmulatedCascade {
  readonly from: Side;
  readonly childLink: string;
  /** Indexes into the child's image of the foreign key's columns, in the order of this link's key. */
  readonly columns: readonly number[];
  readonly action: 'delete' | 'setNull';
}

/**
 * One end of a link. `columns` are the linked columns in pair order: both sides' images have equal length and order.
 */
export interface LinkSide extends TableShape {
  /** Written beside the image; never compared, never read. */
  readonly constants: readonly Constant[];
  /** Unique keys of the table within the image, as indexes; the primary key is not among them. */
  readonly uniques: readonly (readonly number[])[];
  /** Foreign keys within the image that point to linked tables, for ordering: parent's link id and columns. */
  readonly foreignKeys: readonly {
    readonly link: string;
    readonly columns: readonly number[];
    /** The same columns in the order of the parent's key; null where they refer to other columns of it. */
    readonly byKey: readonly number[] | null;
    /** What this side's server does to a row whose parent goes, where it does not log that (InnoDB before 9.6). */
    readonly unlogged?: EmulatedCascade['action'];
  }[];
  /** The row filter: a row that does not pass is out of the sync. Takes an image of this side. */
  readonly where: ((image: Row) => boolean) | null;
}

/** A compiled link. Immutable, printable. `key` indexes are the same on both sides, because images are parallel. */
export interface LinkPlan {
  readonly id: string;
  readonly lane: string;
  /** Parents before children: a topological rank by foreign keys within the lane. */
  readonly rank: number;
  readonly left: LinkSide;
  readonly right: LinkSide;
  readonly pairs: readonly ColumnPair[];
  readonly direction: 'both' | 'toRight' | 'toLeft';
  /** `mapped`: each side generates its own keys and the key map translates them (one key column). */
  readonly keys: 'shared' | 'mapped';
  /** Natural keys that recognise equal rows, as indexes into the image; tried in order. */
  readonly naturalKeys: readonly (readonly number[])[];
  readonly parents: readonly ParentKey[];
  readonly cascades: readonly EmulatedCascade[];
  readonly policy: Policy;
  readonly deletes: 'sync' | 'ignore';
  /** For this link's rows as children. */
  readonly foreignKey: ForeignKeyPolicy;
  /** What TRUNCATE of this table means for the other side; `stop` asks the user. */
  readonly truncate: Truncation;
}

export type Truncation = 'apply' | 'ignore' | 'stop';

/** A table group: links tied by foreign keys or shared unique keys. One commit-order lane applies it. */
export interface LanePlan {
  readonly id: string;
  readonly home: Side;
  /** Is the policy asked of every two writes that did not see each other, at the price of waiting on hot rows? */
  readonly strict: boolean;
  readonly links: readonly LinkPlan[];
}

/** The whole compiled sync. */
export interface SyncPlan {
  /** Names the slot, the publication and the streams; letters, digits and underscore. */
  readonly name: string;
  /** The user's names of both sides, such as `legacy` and `revamp`. */
  readonly labels: Readonly<Record<Side, string>>;
  readonly lanes: readonly LanePlan[];
}
