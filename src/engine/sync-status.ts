import type { ConflictCount } from '../pipeline/write/ledger.ts';
import type { Side } from '../model/policy.ts';
import type { KeptLog } from '../model/vitals.ts';
import type { Meters } from './meters.ts';
import type { Retention } from './retention.ts';

/** A running sync, as a program holds it. */
export interface Sync {
  /** Resolves after {@link stop}; rejects with the TandemError that ended the sync. */
  readonly finished: Promise<void>;
  status(): SyncStatus;
  /** What the engine that runs now remembers of changes: what may grow, and must not for long. */
  remembered(): Remembered;
  /** What the engine that runs now has counted. */
  readonly meters: Meters;
  /** Resolves when both directions have read and applied everything that the logs held when it was called. */
  idle(): Promise<void>;
  /** Lets what is in flight commit, saves positions, closes all connections. */
  stop(): Promise<void>;
}

/**
 * What an engine remembers of changes, in entries by kind. Everything goes to 0 once both logs are silent and both
 * sides are in step, whatever went by before. Deferrals alone may stay, one a row, until the row is written again.
 */
export interface Remembered {
  readonly queued: number;
  readonly tasks: number;
  readonly windows: number;
  readonly decisions: number;
  readonly deferrals: number;
  readonly removals: number;
  readonly echoes: number;
  readonly overlaps: number;
  readonly held: number;
  readonly merges: number;
  readonly claims: number;
}

export type Stream = 'left->right' | 'right->left';

export interface SyncStatus {
  readonly state: 'running' | 'stopping' | 'stopped' | 'failed';
  /** What ended it, where it has failed. */
  readonly lastError: { readonly code: string; readonly message: string } | null;
  readonly directions: Readonly<Record<Stream, DirectionStatus>>;
  readonly sides: Readonly<Record<Side, SideStatus>>;
  /** Is everything well? Every check, with its code where it fails. */
  readonly healthy: boolean;
  readonly checks: readonly HealthCheck[];
}

/** One thing that must be true for a sync to be well. */
export interface HealthCheck {
  /** What was looked at, such as `server:left` or `direction:left->right`. */
  readonly check: string;
  readonly ok: boolean;
  /** Why not. */
  readonly code: string | null;
  /** A sentence, also where all is well. */
  readonly message: string;
}

/** One server, as it answers while the sync runs. */
export interface SideStatus {
  /** Since it last answered a question, milliseconds. */
  readonly silentMs: number;
  /** Everything committed until then, by our clock, has been read (milliseconds since 1970); null before any proof. */
  readonly readUntilMs: number | null;
  /** Its clock minus ours; null while unknown. */
  readonly skewMs: number | null;
  readonly retention: Retention;
  /** How long ago its log went beyond what is still needed, milliseconds; 0 = nothing beyond it. */
  readonly neededForMs: number;
  /** What the server last said about the log that it keeps. */
  readonly kept: KeptLog | null;
}

export interface DirectionStatus {
  /** `recovering`: re-reading the logs up to the checkpoints; nothing is applied before that ends. */
  readonly state: 'recovering' | 'running' | 'retrying' | 'paused' | 'stopped' | 'off';
  /**
   * How long ago the oldest change was committed that is not applied, milliseconds. 0 only with a recent proof that the
   * log holds nothing more; null where nobody can tell.
   */
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
  /** Row changes that are read and not applied, and about what they take in the log. */
  readonly queuedRows: number;
  readonly queuedBytes: number;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}
