import { decodeRow, encodeRow, type Row, type Value } from '../model/value.ts';

/** Codes of rows about which a conflict waits for a person: nobody touches them until it is resolved. */
export const HELD_CODES: ReadonlySet<string> = new Set(['TD8002', 'TD8010', 'TD8011']);

/** A row that the target is owed. */
export interface ParkedRow {
  readonly link: string;
  /** Key text at the source. */
  readonly sourceKey: string;
  readonly code: string;
  readonly blockedBy: string | null;
  /** Key text of the row that stands at the target, for rows of {@link HELD_CODES}. */
  readonly targetKey: string | null;
  /** What its counters are owed, as an image of the target. */
  readonly amounts: Row | null;
}

export type HeldRow = ParkedRow & { readonly targetKey: string };

export function isHeld(row: ParkedRow | null): row is HeldRow {
  return row !== null && row.targetKey !== null && HELD_CODES.has(row.code);
}

/** A parked row as the state table has it, without its position. */
export function parkedState(stream: string, row: ParkedRow): Readonly<Record<string, Value>> {
  return {
    stream,
    link: row.link,
    source_key: row.sourceKey,
    code: row.code,
    blocked_by: row.blockedBy,
    target_key: row.targetKey,
    amounts: row.amounts === null ? null : encodeRow(row.amounts),
  };
}

/** The inverse of {@link parkedState}, from a row of the table by column names. */
export function parkedFromState(state: Readonly<Record<string, Value | undefined>>): ParkedRow {
  const text = (name: string) => (typeof state[name] === 'string' ? state[name] : null);
  const amounts = text('amounts');
  return {
    link: text('link') ?? '',
    sourceKey: text('source_key') ?? '',
    code: text('code') ?? '',
    blockedBy: text('blocked_by'),
    targetKey: text('target_key'),
    amounts: amounts === null ? null : decodeRow(amounts),
  };
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

  get(link: string, sourceKey: string): ParkedRow | null {
    return this.#rows.size === 0 ? null : (this.#rows.get(`${link} ${sourceKey}`) ?? null);
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

/** The parked rows as an open transaction leaves them; they become true with its commit. */
export class OwedRows {
  readonly #committed: Parked;
  readonly #changed = new Map<string, { readonly row: ParkedRow; readonly isParked: boolean }>();

  constructor(committed: Parked) {
    this.#committed = committed;
  }

  get(link: string, sourceKey: string): ParkedRow | null {
    const changed = this.#changed.get(`${link} ${sourceKey}`);
    if (changed === undefined) return this.#committed.get(link, sourceKey);
    return changed.isParked ? changed.row : null;
  }

  park(row: ParkedRow): void {
    this.#changed.set(`${row.link} ${row.sourceKey}`, { row, isParked: true });
  }

  heal(row: ParkedRow): void {
    this.#changed.set(`${row.link} ${row.sourceKey}`, { row, isParked: false });
  }

  /** The rows that this transaction parks. */
  get parked(): ParkedRow[] {
    return [...this.#changed.values()].flatMap(({ row, isParked }) => (isParked ? [row] : []));
  }

  /** The transaction is committed. */
  settle(): void {
    for (const { row, isParked } of this.#changed.values()) {
      if (isParked) this.#committed.add(row);
      else this.#committed.remove(row.link, row.sourceKey);
    }
  }
}
