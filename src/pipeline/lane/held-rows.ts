interface Span {
  readonly hash: number;
  /** Ordinals of home's log between which its changes of the row stay at home. */
  readonly from: number;
  until: number;
}

/**
 * Rows about which a conflict waits for a person, as home's log shows them parked and released: home's changes in
 * between are not applied at the other side, so that it keeps what it has.
 */
export class HeldRows {
  readonly #open = new Map<string, Span>();
  readonly #spans = new Map<number, Span[]>();

  get size(): number {
    return this.#spans.size;
  }

  /** `name` is the parked row's, `hash` the home row's. */
  open(name: string, hash: number, ordinal: number): void {
    this.close(name, ordinal);
    const span = { hash, from: ordinal, until: Infinity };
    this.#open.set(name, span);
    const spans = this.#spans.get(hash);
    if (spans === undefined) this.#spans.set(hash, [span]);
    else spans.push(span);
  }

  close(name: string, ordinal: number): void {
    const span = this.#open.get(name);
    if (span === undefined) return;
    span.until = ordinal;
    this.#open.delete(name);
  }

  /** Is a change of the row at this place of home's log kept back? */
  isHeld(hash: number, ordinal: number): boolean {
    if (this.#spans.size === 0) return false;
    return this.#spans.get(hash)?.some((span) => ordinal > span.from && ordinal < span.until) ?? false;
  }

  /** Forgets what only matters to changes before this ordinal. */
  forget(next: number): void {
    for (const [hash, spans] of this.#spans) {
      const left = spans.filter((span) => span.until === Infinity || span.until > next);
      if (left.length === 0) this.#spans.delete(hash);
      else if (left.length < spans.length) this.#spans.set(hash, left);
    }
  }
}
