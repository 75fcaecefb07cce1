/**
 * The windows: per side and lane, the recent effective changes of every row, found by the hash of the row's key. The
 * side's reader fills it, the applier that writes *to* that side consults it. An entry may go once the other side's
 * unapplied changes have all seen it (correctness 1.2, 1.4).
 *
 * Ordinals count the transactions (and parts of transactions) of that side's log as its reader met them.
 */
export interface WindowEntry {
  readonly ordinal: number;
  /** Hybrid time of the change, microseconds since 1970. */
  readonly effectiveUs: number;
  /** A decision of the home side that went through the log, rather than an application's own write. */
  readonly reasserted: boolean;
  /** It left the row absent. */
  readonly gone: boolean;
}

/** What the rules need to know of a window; the models bring a smaller one of their own. */
export interface WindowView {
  /** The newest entry of the key with `after < ordinal < before`, or null. */
  newest(hash: number, after: number, before?: number): WindowEntry | null;
}

const REASSERTED = 1;
const GONE = 2;
const FIRST_CAPACITY = 1 << 10;
const LAST_CAPACITY = 1 << 20;

/**
 * 33 bytes an entry in typed arrays, because one direction that stands still for an hour can leave millions of entries.
 * Entries come in ordinal order and leave in ordinal order, so they live in segments that are dropped whole.
 */
export class Window implements WindowView {
  readonly #segments: Segment[] = [];

  add(hash: number, ordinal: number, effectiveUs: number, left: { reasserted?: boolean; gone?: boolean } = {}): void {
    let last = this.#segments.at(-1);
    if (last === undefined || last.isFull()) {
      last = new Segment(last === undefined ? FIRST_CAPACITY : Math.min(last.capacity * 2, LAST_CAPACITY));
      this.#segments.push(last);
    }
    last.add(hash, ordinal, effectiveUs, (left.reasserted === true ? REASSERTED : 0) | (left.gone === true ? GONE : 0));
  }

  newest(hash: number, after: number, before = Infinity): WindowEntry | null {
    for (let at = this.#segments.length - 1; at >= 0; at--) {
      const segment = this.#segments[at] as Segment;
      if (segment.lastOrdinal <= after) return null;
      const found = segment.newest(hash, after, before);
      if (found !== null) return found;
    }
    return null;
  }

  /** Forgets entries up to and including `ordinal`, as far as whole segments allow. */
  dropThrough(ordinal: number): void {
    let done = 0;
    while (done < this.#segments.length && (this.#segments[done] as Segment).lastOrdinal <= ordinal) done++;
    if (done > 0) this.#segments.splice(0, done);
  }

  /** Ordinal of the newest entry; -1 where there is none. */
  get lastOrdinal(): number {
    return this.#segments.at(-1)?.lastOrdinal ?? -1;
  }

  get size(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0);
  }
}

/** A closed hash table of fixed size whose equal keys are chained from the newest back. */
class Segment {
  readonly capacity: number;
  readonly #hashes: Float64Array;
  readonly #ordinals: Float64Array;
  readonly #times: Float64Array;
  readonly #flags: Uint8Array;
  /** Index + 1 of the next older entry in the same bucket. */
  readonly #older: Int32Array;
  readonly #buckets: Int32Array;
  #size = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#hashes = new Float64Array(capacity);
    this.#ordinals = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#buckets = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  get lastOrdinal(): number {
    return this.#size === 0 ? -1 : (this.#ordinals[this.#size - 1] as number);
  }

  isFull(): boolean {
    return this.#size === this.capacity;
  }

  add(hash: number, ordinal: number, effectiveUs: number, flags: number): void {
    const at = this.#size++;
    const bucket = this.#bucket(hash);
    this.#hashes[at] = hash;
    this.#ordinals[at] = ordinal;
    this.#times[at] = effectiveUs;
    this.#flags[at] = flags;
    this.#older[at] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = at + 1;
  }

  newest(hash: number, after: number, before: number): WindowEntry | null {
    let link = this.#buckets[this.#bucket(hash)] as number;
    while (link !== 0) {
      const at = link - 1;
      const ordinal = this.#ordinals[at] as number;
      if (ordinal <= after) return null;
      if (ordinal < before && this.#hashes[at] === hash) return this.#entry(at, ordinal);
      link = this.#older[at] as number;
    }
    return null;
  }

  #entry(at: number, ordinal: number): WindowEntry {
    const flags = this.#flags[at] as number;
    const effectiveUs = this.#times[at] as number;
    return { ordinal, effectiveUs, reasserted: (flags & REASSERTED) !== 0, gone: (flags & GONE) !== 0 };
  }

  #bucket(hash: number): number {
    return (hash % 0x100000000) & (this.capacity - 1);
  }
}
