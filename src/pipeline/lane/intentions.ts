import type { Row } from '../../model/value.ts';

/**
 * What one of our own transactions meant to leave in a row: the fingerprint of its image, the image itself where it
 * leaves columns out, or null for an absent row.
 */
export type Intention = number | Row | null;

const FIRST_CAPACITY = 64;
const ABSENT = -1;
const KEPT_IMAGE = -2;
const UNKNOWN = -3;

/**
 * Intentions by row hash: 16 bytes a slot outside the heap, because every row that is written has one until its echo is
 * read, and a garbage collector would look at each of them many times.
 */
export class Intentions {
  /** Row hashes plus one; 0 = empty. */
  #hashes = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #images: Map<number, Row> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(hash: number): boolean {
    return this.#hashes[this.#slot(hash)] !== 0;
  }

  get(hash: number): Intention | undefined {
    const slot = this.#slot(hash);
    if (this.#hashes[slot] === 0) return undefined;
    const value = this.#values[slot] as number;
    if (value === ABSENT) return null;
    if (value === UNKNOWN) return undefined;
    return value === KEPT_IMAGE ? this.#images?.get(hash) : value;
  }

  set(hash: number, intention: Intention): void {
    if (intention === null || typeof intention === 'number') return this.#put(hash, intention ?? ABSENT);
    this.#put(hash, KEPT_IMAGE);
    this.#images ??= new Map();
    this.#images.set(hash, intention);
  }

  #put(hash: number, value: number): void {
    if ((this.#size + 1) * 2 > this.#hashes.length) this.#grow();
    const slot = this.#slot(hash);
    if (this.#hashes[slot] === 0) this.#size++;
    this.#hashes[slot] = hash + 1;
    this.#values[slot] = value;
  }

  /** Something may be written to the row; what, is not known yet, if anything. */
  expect(hash: number): void {
    if (!this.has(hash)) this.#put(hash, UNKNOWN);
  }

  /** The slot that holds the hash, or the empty one where it would go. */
  #slot(hash: number): number {
    const mask = this.#hashes.length - 1;
    let slot = (hash % 0x100000000) & mask;
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash + 1) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [hashes, values] = [this.#hashes, this.#values];
    this.#hashes = new Float64Array(hashes.length * 2);
    this.#values = new Float64Array(hashes.length * 2);
    for (let at = 0; at < hashes.length; at++) {
      if (hashes[at] === 0) continue;
      const slot = this.#slot((hashes[at] as number) - 1);
      this.#hashes[slot] = hashes[at] as number;
      this.#values[slot] = values[at] as number;
    }
  }
}
