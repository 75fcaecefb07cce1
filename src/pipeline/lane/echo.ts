import type { Position } from '../../model/change.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Row } from '../../model/value.ts';
import { Intentions, type Intention } from './intentions.ts';

/** An application's change that was read while our own write of the same row was still on its way. */
export interface Overlap {
  readonly link: LinkPlan;
  readonly key: Row;
  readonly position: Position;
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
  /** Rows that were to be deleted and were not there, by hash. */
  readonly absent: Map<number, AbsentRow>;
}

/** A checkpoint row's numbers. */
interface Numbered {
  readonly seq: number;
  readonly epoch: number;
}

/** Transactions of the lane up to there, without those that only took it over. */
function writesIn({ seq, epoch }: Numbered): number {
  return seq - epoch;
}

/** A row by its link and key. */
export interface AbsentRow {
  readonly link: LinkPlan;
  readonly key: Row;
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
  /** So many transactions predecessors have written; null once the log has shown the last of them. */
  #inherited: number | null = null;

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

  /** The transaction may write this row, or may not. */
  announceEarly(seq: number, hash: number): void {
    if (!this.#closed) this.#at(seq).intentions.expect(hash);
  }

  /** This transaction deletes a row that is not there. */
  announceAbsent(seq: number, hash: number, row: AbsentRow): void {
    if (!this.#closed && this.#isHome) this.#at(seq).absent.set(hash, row);
  }

  /** The transaction was rolled back: nothing of it will be seen. */
  withdraw(seq: number): void {
    this.#keep((open) => open.seq !== seq);
  }

  /** As the checkpoint row tells, nothing from this seq on was committed. */
  withdrawFrom(seq: number): void {
    this.#keep((open) => open.seq < seq);
  }

  /**
   * An engine begins, with the checkpoint as it has just taken it over. What its predecessors wrote over is not known
   * before the log has shown it, so until then every change is kept. What was written after the last of them and before
   * the take-over is not: that may be the backlog of a week.
   */
  remembersUntil(held: Numbered): void {
    const inherited = writesIn(held);
    if (inherited > 0) this.#inherited = inherited;
  }

  /** Has the log shown everything that predecessors wrote? */
  get hasMetInherited(): boolean {
    return this.#inherited === null;
  }

  /** Must an application's change of this row be kept, in case it was written over unasked? */
  keeps(hash: number): boolean {
    return this.#isHome && (this.#inherited !== null || this.isPending(hash));
  }

  /** The reader met the transaction. Null after a restart, when nobody remembers what it meant. */
  meet(marker: Numbered): OpenEcho | null {
    const { seq } = marker;
    const echo = this.#open.find((open) => open.seq === seq) ?? null;
    if (this.#inherited !== null && writesIn(marker) >= this.#inherited) this.#inherited = null;
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

  /** The same of writes before the transaction with this seq, which is open itself. */
  isUnread(hash: number, before: number): boolean {
    return this.#isHome && this.#open.some(({ seq, intentions }) => seq < before && intentions.has(hash));
  }

  /** Will one of our own transactions that is still unread leave the row there? */
  leaves(hash: number): boolean {
    // What is only announced may still turn out to be a delete.
    return this.#open.some(({ intentions }) => (intentions.get(hash) ?? null) !== null);
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

  /** The last changes of rows, as far as they are kept, that lie between two ordinals. */
  *overlapsBetween(after: number, before: number): Iterable<readonly [hash: number, overlap: Overlap]> {
    for (const [hash, list] of this.#overlaps) {
      const overlap = list.findLast(({ ordinal }) => ordinal > after && ordinal < before);
      if (overlap !== undefined) yield [hash, overlap];
    }
  }

  /**
   * Overlaps outlive the moment in which the reader meets our write, because the audit reads them right then. What a
   * predecessor's transactions knew only grows, so none of them asks for what one of them has known.
   */
  dropOverlaps(known: number): void {
    for (const [hash, list] of this.#overlaps) {
      if (this.isPending(hash)) continue;
      const kept = this.#inherited === null ? [] : list.filter(({ ordinal }) => ordinal > known);
      if (kept.length === 0) this.#overlaps.delete(hash);
      else if (kept.length < list.length) this.#overlaps.set(hash, kept);
    }
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

  /** Rows of which changes are kept, in case they must be decided again. */
  get overlaps(): number {
    return this.#overlaps.size;
  }

  #at(seq: number): OpenEcho {
    const last = this.#open.at(-1);
    if (last?.seq === seq) return last;
    const open = {
      seq,
      known: Infinity,
      intentions: new Intentions(),
      hops: new Map<number, number>(),
      absent: new Map<number, AbsentRow>(),
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
