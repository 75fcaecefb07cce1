import type { Row } from '../model/value.ts';
import { Intentions, type Intention } from './intentions.ts';

/** An application's change that was read while our own write of the same row was still on its way. */
export interface Overlap {
  readonly ordinal: number;
  readonly effectiveUs: number;
  readonly image: Row | null;
  /** What the row held before. */
  readonly before: Row | null;
}

/** One of our own transactions that the log has not shown yet. */
export interface OpenEcho {
  /** Of its checkpoint row. */
  readonly seq: number;
  /** Ordinal up to which this log was known when it was decided. */
  known: number;
  /** By row hash. */
  readonly intentions: Intentions;
  /** Rows whose change was caused by a side effect already, with how often. */
  readonly hops: Map<number, number>;
  /** Rows whose decision the audit may still look at. */
  readonly audited: Set<number>;
}

/**
 * Our own transactions that the log has not shown yet. The applier announces what it is about to write before it
 * commits; the reader of that log takes it back when the transaction comes by, compares, and tells the applier that it
 * may touch those rows again (strict mode, correctness 1.3).
 */
export class Echoes {
  readonly #isHome: boolean;
  /** In order of seq, which is the order in which they open and close. */
  #open: OpenEcho[] = [];
  readonly #overlaps = new Map<number, Overlap[]>();
  #waiters: { readonly hashes: readonly number[]; readonly resolve: () => void }[] = [];
  #closed = false;

  /** At home a row waits for its echo before it is touched again; the remote side has no such need. */
  constructor(isHome: boolean) {
    this.#isHome = isHome;
  }

  /** The log is not read (any more): nothing is announced, nobody waits. */
  close(): void {
    this.#closed = true;
    this.#open = [];
    this.#wake();
  }

  /** A transaction begins whose decisions know this log up to the ordinal `known`. */
  begin(seq: number, known: number): void {
    if (!this.#closed) this.#at(seq).known = known;
  }

  /** The transaction with this checkpoint seq will leave this in the row with this hash; said before it commits. */
  announce(seq: number, hash: number, intention: Intention, hops: number): void {
    if (this.#closed) return;
    const open = this.#at(seq);
    open.intentions.set(hash, intention);
    if (hops > 0) open.hops.set(hash, hops);
  }

  /** What is sent about this row was decided without knowing all of this log. */
  admitAudit(seq: number, hash: number): void {
    if (!this.#closed) this.#at(seq).audited.add(hash);
  }

  /** The transaction was rolled back: nothing of it will be seen. */
  withdraw(seq: number): void {
    this.#keep((open) => open.seq !== seq);
  }

  /** The reader met the transaction. Null after a restart, when nobody remembers what it meant. */
  meet(seq: number): OpenEcho | null {
    const echo = this.#open.find((open) => open.seq === seq) ?? null;
    this.#keep((open) => open.seq > seq);
    return echo;
  }

  /**
   * What lies beyond this ordinal may still be asked about when our own transactions are read; Infinity if none is
   * open.
   */
  get auditedFrom(): number {
    // They open and close in order, and what each knows only grows.
    return this.#open[0]?.known ?? Infinity;
  }

  /** Is a write of ours to this row still unread? Always false at the remote side. */
  isPending(hash: number): boolean {
    if (!this.#isHome) return false;
    // Asked for every row that is read and written: an index makes no iterator.
    for (let at = 0; at < this.#open.length; at++) if (this.#open[at]?.intentions.has(hash) === true) return true;
    return false;
  }

  /** Keeps an application's change of a row that we are writing at the same time, in case it must be decided again. */
  keepOverlap(hash: number, overlap: Overlap): void {
    const list = this.#overlaps.get(hash);
    if (list === undefined) this.#overlaps.set(hash, [overlap]);
    else list.push(overlap);
  }

  overlap(hash: number, ordinal: number): Overlap | null {
    // A transaction may write a row more than once: what it left there is what counts.
    return this.#overlaps.get(hash)?.findLast((candidate) => candidate.ordinal === ordinal) ?? null;
  }

  /** What the row held before the first of the changes after this ordinal; null where that is not known. */
  heldBefore(hash: number, after: number): Row | null {
    return this.#overlaps.get(hash)?.find((candidate) => candidate.ordinal > after)?.before ?? null;
  }

  /** Overlaps outlive the moment in which the reader meets our write, because the audit reads them right then. */
  dropOverlaps(): void {
    for (const hash of this.#overlaps.keys()) if (!this.isPending(hash)) this.#overlaps.delete(hash);
  }

  /** Resolves when none of these rows has an unread write of ours. */
  settled(hashes: readonly number[]): Promise<void> {
    const open = hashes.filter((hash) => this.isPending(hash));
    if (open.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ hashes: open, resolve }));
  }

  /** Does an applier wait for this log to be read? */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  get size(): number {
    return this.#open.length;
  }

  #at(seq: number): OpenEcho {
    const last = this.#open.at(-1);
    if (last?.seq === seq) return last;
    const open = {
      seq,
      known: Infinity,
      intentions: new Intentions(),
      hops: new Map<number, number>(),
      audited: new Set<number>(),
    };
    this.#open.push(open);
    return open;
  }

  #keep(isOpen: (echo: OpenEcho) => boolean): void {
    const open = this.#open.filter(isOpen);
    if (open.length === this.#open.length) return;
    this.#open = open;
    this.#wake();
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const done = this.#waiters.filter((waiter) => !waiter.hashes.some((hash) => this.isPending(hash)));
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter));
    for (const waiter of done) waiter.resolve();
  }
}
