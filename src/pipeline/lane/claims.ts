/**
 * Rows of the home side that are just being paired. Two appliers can come to that at once: the one that creates the
 * remote counterpart of a home row, and the one that recognises an existing remote row as the same and merges. Each
 * claims the row before it looks for a pair and keeps the claim until its transaction has ended, so that whoever comes
 * second sees the first one's pair. In memory is enough: both run under one engine's epoch.
 *
 * The remote applier claims all its rows at once and waits for them holding nothing; the home applier may wait while it
 * holds some. So neither can wait for the other in a circle.
 */
export class Claims {
  readonly #owners = new Map<string, object>();
  readonly #held = new Map<object, string[]>();
  #waiters: (() => void)[] = [];

  /** Rows that are claimed, and claims that wait. */
  get size(): number {
    return this.#owners.size + this.#waiters.length;
  }

  /** Resolves when all of these rows are the owner's. */
  async claim(owner: object, rows: readonly string[]): Promise<void> {
    const isFree = (row: string) => (this.#owners.get(row) ?? owner) === owner;
    while (!rows.every(isFree)) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    for (const row of rows) this.#owners.set(row, owner);
    this.#held.set(owner, [...(this.#held.get(owner) ?? []), ...rows]);
  }

  release(owner: object): void {
    for (const row of this.#held.get(owner) ?? []) this.#owners.delete(row);
    this.#held.delete(owner);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** A home row as claims name it. */
export function claimOf(link: string, homeKey: string): string {
  return `${link}\u0000${homeKey}`;
}
