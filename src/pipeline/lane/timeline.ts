import type { Position, Positions } from '../../model/change.ts';

/**
 * One side's log as its reader met it: positions in order, each with an ordinal. It turns a position that the *other*
 * log carries back into an ordinal of this one, so that windows can compare plain numbers.
 */
export class Timeline {
  readonly #positions: Positions;
  #marks: Position[] = [];
  /** Ordinal of the first mark. */
  #first = 1;
  /** Everything after it is known; null until the reader begins. */
  #start: Position | null = null;
  #lastAsked: Position | null = null;
  #lastAnswer = 0;

  constructor(positions: Positions) {
    this.#positions = positions;
  }

  /** The reader begins after this position. */
  beginAfter(position: Position): void {
    this.#start = position;
  }

  /** Takes the next position of the log and returns its ordinal, counting from 1. */
  append(position: Position): number {
    this.#marks.push(position);
    return this.#first + this.#marks.length - 1;
  }

  get last(): number {
    return this.#first + this.#marks.length - 1;
  }

  /** The last position read, or null where nothing was read yet. */
  get lastPosition(): Position | null {
    return this.#marks.at(-1) ?? null;
  }

  /** Is everything after this position known, or did the reader begin later than that? */
  reaches(position: Position | null): boolean {
    return position !== null && this.#start !== null && this.#positions.covers(position, this.#start);
  }

  /** The newest ordinal that `position` covers; what was forgotten or never read counts as covered. */
  ordinalOf(position: Position | null): number {
    if (position === null) return this.#first - 1;
    if (position === this.#lastAsked) return this.#lastAnswer;
    let [low, high] = [0, this.#marks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#positions.covers(position, this.#marks[middle] as Position)) low = middle + 1;
      else high = middle;
    }
    // An answer at the very end may still grow with the log, so only settled ones are kept.
    const answer = this.#first + low - 1;
    if (low < this.#marks.length) [this.#lastAsked, this.#lastAnswer] = [position, answer];
    return answer;
  }

  /** Forgets marks up to and including `ordinal`, when that is worth a copy. */
  dropThrough(ordinal: number): void {
    const count = Math.min(ordinal - this.#first + 1, this.#marks.length);
    if (count < 4096 || count >= this.#marks.length) return;
    this.#start = this.#marks[count - 1] ?? this.#start;
    this.#marks = this.#marks.slice(count);
    this.#first += count;
    this.#lastAsked = null;
  }
}
