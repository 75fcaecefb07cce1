import type { Position } from './change.ts';

/** How a server stands at one moment, found out without writing anything. */
export interface Vitals {
  /** Its clock, milliseconds since 1970. */
  readonly clockMs: number;
  /** Everything that was committed when it answered is at or before this position. */
  readonly logEnd: Position;
  readonly kept: KeptLog;
}

/** What the server keeps of its log, and for how long. */
export type KeptLog =
  /** PostgreSQL keeps what a slot has not confirmed, up to max_slot_wal_keep_size. */
  | {
      readonly kind: 'slot';
      readonly slot: string;
      /** Is it being read? */
      readonly active: boolean;
      /** `unreserved`: may be lost at the next checkpoint. `missing`: there is no such slot. */
      readonly state: 'reserved' | 'extended' | 'unreserved' | 'lost' | 'missing';
      readonly retainedBytes: number;
      /** What may still be written before the slot is lost; null where the server has no limit. */
      readonly safeBytes: number | null;
    }
  /** MySQL and MariaDB keep files for a time, or up to a size, whoever reads them. */
  | {
      readonly kind: 'files';
      /** From the oldest to the one that is being written. */
      readonly files: readonly { readonly name: string; readonly bytes: number }[];
      /** null = for ever. */
      readonly expireMs: number | null;
      /** All files together; null = no limit. */
      readonly bytesMax: number | null;
    }
  /** Nothing is ever removed behind a reader's back. */
  | { readonly kind: 'all' };
