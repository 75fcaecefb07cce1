interface Merge {
  /** Of our own transaction that paired the row. */
  readonly seq: number;
  /** Home's changes up to here may be older than the pair; Infinity until home's log has shown the transaction. */
  ordinal: number;
}

/**
 * Home rows that were recognised as rows of the other side. Their inserts may still be on the way there, where they
 * look new and are not. Once what stood in home's log before the pair has been applied, nothing asks any more.
 */
export class Merges {
  readonly #rows = new Map<string, Merge>();

  get size(): number {
    return this.#rows.size;
  }

  /** Said before the commit: `row` as {@link claimOf} names it. */
  note(row: string, seq: number): void {
    this.#rows.set(row, { seq, ordinal: Infinity });
  }

  has(row: string): boolean {
    return this.#rows.size > 0 && this.#rows.has(row);
  }

  /** Home's log has shown our transaction: what was noted for it or before is in the log, or was rolled back. */
  shown(seq: number, ordinal: number): void {
    for (const merge of this.#rows.values()) if (merge.seq <= seq) merge.ordinal = Math.min(merge.ordinal, ordinal);
  }

  /** Home's changes before this ordinal have been applied. */
  forget(next: number): void {
    for (const [row, { ordinal }] of this.#rows) if (ordinal < next) this.#rows.delete(row);
  }
}
