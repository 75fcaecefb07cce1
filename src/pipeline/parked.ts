/** A row that the target is owed. */
export interface ParkedRow {
  readonly link: string;
  /** Key text at the source. */
  readonly sourceKey: string;
  readonly code: string;
  readonly blockedBy: string | null;
}

/** The parked rows of one route, as the parked table of its target holds them. */
export class Parked {
  readonly #rows = new Map<string, ParkedRow>();
  readonly #byBlocker = new Map<string, Set<string>>();

  constructor(rows: Iterable<ParkedRow> = []) {
    for (const row of rows) this.add(row);
  }

  get size(): number {
    return this.#rows.size;
  }

  has(link: string, sourceKey: string): boolean {
    return this.#rows.size > 0 && this.#rows.has(`${link} ${sourceKey}`);
  }

  add(row: ParkedRow): void {
    const id = `${row.link} ${row.sourceKey}`;
    this.remove(row.link, row.sourceKey);
    this.#rows.set(id, row);
    if (row.blockedBy === null) return;
    const waiting = this.#byBlocker.get(row.blockedBy);
    if (waiting === undefined) this.#byBlocker.set(row.blockedBy, new Set([id]));
    else waiting.add(id);
  }

  remove(link: string, sourceKey: string): void {
    const id = `${link} ${sourceKey}`;
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    if (row.blockedBy === null) return;
    const waiting = this.#byBlocker.get(row.blockedBy);
    waiting?.delete(id);
    if (waiting?.size === 0) this.#byBlocker.delete(row.blockedBy);
  }

  /** Rows that wait for this one: the children of a parent that has got its counterpart. */
  waitingFor(link: string, sourceKey: string): ParkedRow[] {
    const ids = this.#byBlocker.get(`${link} ${sourceKey}`) ?? [];
    return [...ids].flatMap((id) => this.#rows.get(id) ?? []);
  }

  all(): ParkedRow[] {
    return [...this.#rows.values()];
  }
}
