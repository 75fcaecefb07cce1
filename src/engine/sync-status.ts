import type { ConflictCount } from '../pipeline/ledger.ts';

/** A running sync, as a program holds it. */
export interface Sync {
  /** Resolves after {@link stop}; rejects with the TandemError that ended the sync. */
  readonly finished: Promise<void>;
  status(): SyncStatus;
  /** Resolves when both directions have read and applied everything that the logs held when it was called. */
  idle(): Promise<void>;
  /** Lets what is in flight commit, saves positions, closes all connections. */
  stop(): Promise<void>;
}

export type Stream = 'left->right' | 'right->left';

export interface SyncStatus {
  readonly state: 'running' | 'stopping' | 'stopped' | 'failed';
  readonly directions: Readonly<Record<Stream, DirectionStatus>>;
}

export interface DirectionStatus {
  /** `recovering`: re-reading the logs up to the checkpoints; nothing is applied before that ends. */
  readonly state: 'recovering' | 'running' | 'retrying' | 'paused' | 'stopped' | 'off';
  /** Age of the oldest change that is read but not applied, milliseconds; 0 when there is none, null when unknown. */
  readonly lagMs: number | null;
  /** Row changes and source transactions applied since the start. */
  readonly rows: number;
  readonly transactions: number;
  /** Conflicts decided at the home side; changes deferred at the other. */
  readonly conflicts: number;
  /** Conflicts written into the ledger since the start, by what they came to; and how many wait for a person. */
  readonly conflictCounts: readonly ConflictCount[];
  readonly conflictsOpen: number;
  readonly deferred: number;
  /** Decisions sent to the other side. */
  readonly reasserted: number;
  /** Rows that the target is owed, because they could not be applied as they are. */
  readonly parked: number;
  /** Row changes recognised as this sync's own writes and not sent back. */
  readonly dropped: number;
  /** Rows that a trigger or cascade changed in this sync's own transactions. */
  readonly sideEffects: number;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}
