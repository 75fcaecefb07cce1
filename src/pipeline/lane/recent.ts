/** So many are remembered; each is a few bytes. */
const RECENT_MAX = 4_000;

/** The last transactions of applications that a log has shown, by id. */
export class RecentTransactions {
  readonly #ring: string[] = [];
  readonly #ids = new Set<string>();
  #next = 0;

  add(id: string): void {
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#ring[this.#next] = id;
    this.#ids.add(id);
    this.#next = (this.#next + 1) % RECENT_MAX;
  }

  hasAny(ids: Iterable<string>): boolean {
    for (const id of ids) if (this.#ids.has(id)) return true;
    return false;
  }
}
