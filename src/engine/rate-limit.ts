/**
 * A bucket of tokens that may be overdrawn: a batch is applied whole once nothing is owed, and what it took beyond the
 * tokens is waited off before the next. Over any stretch of time that keeps the rate, without knowing a batch's size
 * beforehand.
 */
export class RateLimit {
  readonly #perMs: number;
  #tokens: number;
  #atMs: number;
  /** Set while the source is about to lose its log: keeping up is then worth more than sparing the target. */
  isLifted = false;

  /** `perSecond` may be Infinity: then nothing is ever waited for. */
  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1_000;
    this.#tokens = 0;
    this.#atMs = nowMs;
  }

  /** What may be taken at once, out of what a batch may hold: little where the rate is low. */
  rowsMax(rows: number): number {
    return Math.max(1, Math.min(rows, Math.floor(this.#perMs * 1_000)));
  }

  /** Milliseconds until nothing is owed; 0 when more may be applied now. */
  waitMs(nowMs: number): number {
    if (this.#perMs === Infinity || this.isLifted) return 0;
    // What was not used does not add up, or a direction that has rested would come back with a flood.
    this.#tokens = Math.min(0, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return Math.max(0, Math.ceil(-this.#tokens / this.#perMs));
  }

  spend(rows: number): void {
    if (this.#perMs !== Infinity && !this.isLifted) this.#tokens -= rows;
  }
}
