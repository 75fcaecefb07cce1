import type { Row } from '../model/value.ts';

/** What one of our own transactions meant to leave in one row. */
export interface Intention {
  /** Target image; null = absent. Undefined values were not written. */
  readonly image: Row | null;
  readonly hops: number;
}

/** An application's change that was read while our own write of the same row was still on its way. */
export interface Overlap {
  readonly ordinal: number;
  readonly effectiveUs: number;
  readonly image: Row | null;
}

/**
 * Our own transactions that the log has not shown yet. The applier announces what it is about to write before it commits;
 * the reader of that log takes it back when the transaction comes by, compares, and tells the applier that it may touch
 * those rows again (strict mode, correctness 1.3).
 */
export class Echoes {
  readonly #bySeq = new Map<number, Map<number, Intention>>();
  readonly #knownBySeq = new Map<number, number>();
  readonly #pending = new Map<number, number>();
  readonly #overlaps = new Map<number, Overlap[]>();
  #waiters: { readonly hashes: readonly number[]; readonly resolve: () => void }[] = [];

  #closed = false;

  /** The log is not read (any more): nothing is announced, nobody waits. */
  close(): void {
    this.#closed = true;
    this.#bySeq.clear();
    this.#knownBySeq.clear();
    this.#pending.clear();
    this.#wake();
  }

  /** A transaction begins whose decisions know this log up to the ordinal `known`. */
  begin(seq: number, known: number): void {
    if (this.#closed) return;
    if (!this.#bySeq.has(seq)) this.#bySeq.set(seq, new Map());
    this.#knownBySeq.set(seq, known);
  }

  /** What lies beyond this ordinal may still be asked about when our own transactions are read; Infinity if none is open. */
  get auditedFrom(): number {
    return Math.min(Infinity, ...this.#knownBySeq.values());
  }

  /** The transaction with this checkpoint seq will leave this in the row with this hash; said before it commits. */
  announce(seq: number, hash: number, intention: Intention): void {
    if (this.#closed) return;
    let intentions = this.#bySeq.get(seq);
    if (intentions === undefined) {
      intentions = new Map();
      this.#bySeq.set(seq, intentions);
    }
    if (!intentions.has(hash)) this.#pending.set(hash, (this.#pending.get(hash) ?? 0) + 1);
    intentions.set(hash, intention);
  }

  /** The transaction was rolled back: nothing of it will be seen. */
  withdraw(seq: number): void {
    this.#release(seq);
  }

  /** The reader met the transaction. Null after a restart, when nobody remembers what it meant. */
  meet(seq: number): ReadonlyMap<number, Intention> | null {
    const intentions = this.#bySeq.get(seq) ?? null;
    for (const known of this.#bySeq.keys()) if (known <= seq) this.#release(known);
    return intentions;
  }

  /** Is a write of ours to this row still unread? */
  isPending(hash: number): boolean {
    return this.#pending.has(hash);
  }

  /** Keeps an application's change of a row that we are writing at the same time, in case it must be decided again. */
  keepOverlap(hash: number, overlap: Overlap): void {
    const list = this.#overlaps.get(hash);
    if (list === undefined) this.#overlaps.set(hash, [overlap]);
    else list.push(overlap);
  }

  overlap(hash: number, ordinal: number): Overlap | null {
    return this.#overlaps.get(hash)?.find((candidate) => candidate.ordinal === ordinal) ?? null;
  }

  /** Resolves when none of these rows has an unread write of ours. */
  settled(hashes: readonly number[]): Promise<void> {
    const open = hashes.filter((hash) => this.#pending.has(hash));
    if (open.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ hashes: open, resolve }));
  }

  get size(): number {
    return this.#bySeq.size;
  }

  #release(seq: number): void {
    const intentions = this.#bySeq.get(seq);
    if (intentions === undefined) return;
    this.#bySeq.delete(seq);
    this.#knownBySeq.delete(seq);
    for (const hash of intentions.keys()) {
      const left = (this.#pending.get(hash) ?? 1) - 1;
      if (left > 0) this.#pending.set(hash, left);
      else this.#pending.delete(hash);
    }
    this.#wake();
  }

  /** Overlaps outlive the moment in which the reader meets our write, because the audit reads them right then. */
  dropOverlaps(): void {
    for (const hash of this.#overlaps.keys()) if (!this.#pending.has(hash)) this.#overlaps.delete(hash);
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const done = this.#waiters.filter((waiter) => !waiter.hashes.some((hash) => this.#pending.has(hash)));
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter));
    for (const waiter of done) waiter.resolve();
  }
}
