/**
 * The tables that Tandem keeps in each database (design README 5), engine-neutral. A database folder turns them into
 * DDL and into {@link TableShape}s; from there on they are read, written and captured like any other table.
 */
export interface StateColumn {
  readonly name: string;
  readonly kind: 'text' | 'bigint';
  /** Characters; null = unlimited. Key columns have a limit, because MySQL indexes need one. */
  readonly length: number | null;
  readonly nullable: boolean;
}

export interface StateTable {
  readonly columns: readonly StateColumn[];
  readonly key: readonly string[];
  readonly uniques: readonly (readonly string[])[];
  /** False where nobody needs to read its changes in the log. */
  readonly travels?: boolean;
}

const text = (name: string, length: number | null = null, nullable = false): StateColumn => ({
  name,
  kind: 'text',
  length,
  nullable,
});
const bigint = (name: string): StateColumn => ({ name, kind: 'bigint', length: null, nullable: false });

export const STATE_TABLES = {
  /** One row per route and lane: position, fence and origin mark in one (correctness 2). */
  checkpoint: {
    columns: [
      text('stream', 64),
      text('lane', 64),
      /** Source position: everything up to it is in this database. */
      text('position'),
      bigint('epoch'),
      /** Counts every write of this row; the compare-and-set and the chain that tells ours from foreign. */
      bigint('seq'),
      /** Lowest position of *this* database's log that a restarted reader still needs. */
      text('floor', null, true),
      /** How far this database's own log had been read when the transaction was decided. */
      text('known', null, true),
      /** Hybrid time after the transaction, microseconds since 1970. */
      bigint('effective_us'),
    ],
    key: ['stream', 'lane'],
    uniques: [],
  },
  key_map: {
    columns: [text('link', 64), text('left_key', 190), text('right_key', 190)],
    key: ['link', 'left_key'],
    uniques: [['link', 'right_key']],
  },
  /**
   * Decisions of the home side and requests for a row's state. Inserted and deleted in one transaction: only the log
   * keeps them.
   */
  reassert: {
    columns: [
      text('id', 190),
      text('lane', 64),
      text('link', 64),
      /**
       * `reassert`: home decided, this is the state. `refresh`: please look at this row's state. `recall`: please tell
       * the row's children again.
       */
      text('purpose', 16),
      /** encodeRow of the key in the image order of this side. */
      text('row_key'),
      /** encodeRow of the image, null = absent. */
      text('image', null, true),
      /** Which writes the image holds: JSON, see arbiter/provenance. */
      text('provenance', null, true),
      bigint('effective_us'),
    ],
    key: ['id'],
    uniques: [],
  },
  /** Changes of the home side that were not applied here, because this side's own change was unseen by them. */
  deferred: {
    columns: [text('link', 64), text('row_key', 190), text('position')],
    key: ['link', 'row_key'],
    uniques: [],
  },
  /**
   * Rows that this database is owed: what the source holds could not be applied here. No events are kept; the row's
   * state is asked for again when what blocks it is gone (correctness 9.1).
   */
  parked: {
    columns: [
      text('stream', 64),
      text('link', 64),
      /** Key text of the row at the source. */
      text('source_key', 190),
      /** encodeRow of that key: what the row is asked for by. */
      text('row_key'),
      text('code', 8),
      /** `link key` of the source's row that must come or go first; null where nothing is waited for. */
      text('blocked_by', null, true),
      /** `owed`, or `discarded`: an operator lets the sides differ until the row changes again. */
      text('state', 16),
      /** What the change that was refused last would have done. */
      text('op', 16),
      /** xid or GTID of its transaction. */
      text('transaction_id', 190),
      /** The error as JSON, without values: message, expected, found, and where (constraint, column). */
      text('error'),
      /** Where in the source's log the row was refused first, and last. */
      text('first_position'),
      text('position'),
      /** Key text of the row that stands here, where a conflict about it waits for a person. */
      text('target_key', 190, true),
      /** encodeRow of what the row's counters are owed: sums cannot be healed by state. */
      text('amounts', null, true),
      /** When it was refused first, microseconds since 1970. */
      bigint('parked_at_us'),
      bigint('attempts'),
      /** When its state is asked for again, by itself; 0 = at once. */
      bigint('next_retry_us'),
    ],
    key: ['stream', 'link', 'source_key'],
    uniques: [],
  },
  /**
   * The ledger of conflicts, kept by the side that decided them, written in the decision's own transaction. All images
   * are the home side's.
   */
  conflict: {
    columns: [
      text('id', 190),
      text('lane', 64),
      text('link', 64),
      /** The side that was home. */
      text('home', 8),
      /** encodeRow of the row's key at home, and its key texts at home and on the other side. */
      text('row_key'),
      text('home_key', 190),
      text('remote_key', 190),
      /** As PostgreSQL names it, see ConflictType. */
      text('type', 32),
      /** The policy in words. */
      text('policy'),
      /** `decided`, `open` while it waits for a person, `resolved` once a person has decided. */
      text('state', 16),
      /** `left`, `right`, `merged` or `nobody`. */
      text('winner', 16),
      /** Why nobody decided; null where somebody did. */
      text('code', 8, true),
      /** encodeRow each; null = absent or not known. */
      text('base', null, true),
      text('home_image', null, true),
      text('remote_image', null, true),
      text('result', null, true),
      /** JSON: who gave which (left-named) columns, where groups of columns were decided about. */
      text('shares', null, true),
      /** Hybrid times of the two writes and of the decision, microseconds since 1970. */
      bigint('home_us'),
      bigint('remote_us'),
      bigint('decided_us'),
      /** How far home's log was known, and where the other side's change stands in its log. */
      text('home_position', null, true),
      text('remote_position', null, true),
      /** The other side's transaction, as its log calls it. */
      text('remote_transaction', 190, true),
      /** An earlier entry that this one decides again. */
      text('refers', 190, true),
    ],
    key: ['id'],
    uniques: [],
    travels: false,
  },
  /** Who did what to the sync by hand, and why. Written with what was done, never by the engine. */
  audit: {
    columns: [
      text('id', 64),
      bigint('at_us'),
      /** user@host, as the operating system tells. */
      text('actor', 190),
      /** e.g. `parked.edit`. */
      text('action', 64),
      /** What it was done to, e.g. `left->right users:42`. */
      text('subject'),
      text('reason', null, true),
      /** More of it as JSON, without row values. */
      text('details', null, true),
    ],
    key: ['id'],
    uniques: [],
  },
  /**
   * Rows that changed while their table group was stopped, by key alone: what they hold is asked for when the group is
   * released (correctness 9.1). Written with the checkpoint, so that the log need not be kept for them.
   */
  dirty: {
    columns: [
      text('stream', 64),
      text('link', 64),
      text('source_key', 190),
      /** encodeRow of the key at the source; null = any row of the table. */
      text('row_key', null, true),
      /** Hybrid time of the last change, microseconds since 1970. */
      bigint('effective_us'),
    ],
    key: ['stream', 'link', 'source_key'],
    uniques: [],
  },
  /** What became of each table group, where anything did. */
  table_group: {
    columns: [
      text('stream', 64),
      text('lane', 64),
      /** `running`, `stopped`, or `healing`: the dirty rows are being brought into step. */
      text('state', 16),
      text('code', 8, true),
      /** The error as JSON, without values. */
      text('error', null, true),
      bigint('since_us'),
      /** The tables on both sides as the plan was last made for them, JSON. */
      text('tables'),
    ],
    key: ['stream', 'lane'],
    uniques: [],
  },
  /** What the operator asked for (`pause`, `resolve`), read by the engine from the log. */
  control: {
    columns: [text('name', 64), text('value')],
    key: ['name'],
    uniques: [],
  },
} as const satisfies Record<string, StateTable>;

export type StateTableName = keyof typeof STATE_TABLES;

/** The tables whose changes are read from the log. */
export const TRAVELLING_TABLES: readonly StateTableName[] = (Object.keys(STATE_TABLES) as StateTableName[]).filter(
  (name) => (STATE_TABLES[name] as StateTable).travels !== false,
);
