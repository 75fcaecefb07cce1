import type { Change } from '../../model/change.ts';
import { headerBytes } from './binlog-events.ts';

/** What a transaction of two phases changed, and about what that took in the log. */
export interface PreparedChanges {
  readonly changes: readonly Change[];
  readonly bytes: number;
}

/**
 * XA transactions stand in the log twice: with their rows when they are prepared, and by name when they are committed.
 * They hold the locks of their rows in between, so their changes belong where the commit stands. Outlives connections.
 */
export class PreparedTransactions {
  readonly #waiting = new Map<string, PreparedChanges>();
  /** Committed last; a connection that broke may make it come again. */
  #last: string | null = null;

  prepare(xid: string, changes: PreparedChanges): void {
    this.#waiting.set(xid, changes);
  }

  /** Null where it was prepared before this reader began. */
  commit(xid: string): PreparedChanges | null {
    if (this.#last !== null && this.#last !== xid) this.#waiting.delete(this.#last);
    this.#last = xid;
    return this.#waiting.get(xid) ?? null;
  }

  rollback(xid: string): void {
    this.#waiting.delete(xid);
  }
}

/**
 * XA_PREPARE_LOG_EVENT: one phase 1, format 4, lengths of both parts of the name 4 + 4, the parts
 * (libbinlogevents/include/control_events.h; MariaDB alike). The name is spelt as statements spell it.
 */
export function readPrepare(buffer: Buffer, start: number): { readonly onePhase: boolean; readonly xid: string } {
  const at = start + headerBytes;
  const format = buffer.readInt32LE(at + 1);
  const middle = at + 13 + buffer.readUInt32LE(at + 5);
  const end = middle + buffer.readUInt32LE(at + 9);
  const [transaction, branch] = [buffer.toString('hex', at + 13, middle), buffer.toString('hex', middle, end)];
  return { onePhase: buffer.readUInt8(at) === 1, xid: `x'${transaction}',x'${branch}',${format}` };
}

/** The name in `XA COMMIT X'71',X'',1`, which is how servers write it into their logs. */
export function xidOf(sql: string): string {
  return sql
    .replace(/^\s*XA\s+\w+\s+/i, '')
    .trim()
    .toLowerCase();
}
