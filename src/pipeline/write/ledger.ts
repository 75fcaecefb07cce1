import type { Side } from '../../model/policy.ts';
import type { Value } from '../../model/value.ts';
import { storedKey } from '../lane/parked.ts';
import type { StateWrites } from './state-writes.ts';

/** A row of the `conflict` table, by column name; see STATE_TABLES. */
export type LedgerRow = Readonly<Record<string, Value>>;

/** What decisions came to, for the metrics. */
export interface ConflictCount {
  readonly link: string;
  readonly type: string;
  /** `left`, `right`, `merged`; `parked` while a person is waited for; `resolved` once one has decided. */
  readonly resolution: Side | 'merged' | 'parked' | 'resolved';
  readonly count: number;
}

/** How many entries the ledger keeps, and for how long; open ones stay. */
export interface LedgerLimits {
  readonly rowsMax: number;
  readonly ageUsMax: number;
}

/** Entries that one transaction takes away at most, beyond as many as it adds. */
const PRUNED_MAX = 50;

/** What an engine knows of one lane's ledger of conflicts: the open entries, and what may be pruned. */
export class LedgerBook {
  readonly #limits: LedgerLimits;
  /** The column with the row's key at its source, by which parked rows are known, too. */
  readonly keyColumn: 'home_key' | 'remote_key';
  readonly #open = new Map<string, LedgerRow>();
  /** Closed entries, oldest first. */
  #closed: { readonly id: string; readonly decidedUs: number }[] = [];
  readonly #counts = new Map<string, ConflictCount>();

  constructor(limits: LedgerLimits, keyColumn: 'home_key' | 'remote_key') {
    this.#limits = limits;
    this.keyColumn = keyColumn;
  }

  /** Takes entries that were found in the database; open ones whole, of others id, state and time. */
  load(rows: readonly LedgerRow[]): void {
    for (const row of rows) this.take(row);
    this.#closed.sort((a, b) => a.decidedUs - b.decidedUs);
  }

  take(row: LedgerRow): void {
    const id = String(row['id']);
    if (row['state'] === 'open') this.#open.set(this.#name(row), row);
    else {
      if (this.#open.get(this.#name(row))?.['id'] === id) this.#open.delete(this.#name(row));
      this.#closed.push({ id, decidedUs: Number(row['decided_us']) });
    }
  }

  count(row: LedgerRow): void {
    const { link, type, state, winner } = row;
    const resolution = state === 'open' ? 'parked' : state === 'resolved' ? 'resolved' : winner;
    const key = [link, type, resolution].join(' ');
    const known = this.#counts.get(key);
    this.#counts.set(key, {
      link: String(link),
      type: String(type),
      resolution: resolution as ConflictCount['resolution'],
      count: (known?.count ?? 0) + 1,
    });
  }

  /** Since the engine's start. */
  get counts(): readonly ConflictCount[] {
    return [...this.#counts.values()];
  }

  get openCount(): number {
    return this.#open.size;
  }

  open(link: string, sourceKey: string): LedgerRow | null {
    return this.#open.get(`${link} ${storedKey(sourceKey)}`) ?? null;
  }

  #name(row: LedgerRow): string {
    return `${String(row['link'])} ${String(row[this.keyColumn])}`;
  }

  /** The oldest entries that need not be kept at this time. */
  due(nowUs: number, added: number): readonly string[] {
    const { rowsMax, ageUsMax } = this.#limits;
    const due: string[] = [];
    for (const { id, decidedUs } of this.#closed) {
      if (due.length >= PRUNED_MAX + added) break;
      if (this.#closed.length - due.length <= rowsMax && decidedUs >= nowUs - ageUsMax) break;
      due.push(id);
    }
    return due;
  }

  forget(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const gone = new Set(ids);
    this.#closed = this.#closed.filter(({ id }) => !gone.has(id));
  }
}

interface Written {
  readonly row: LedgerRow;
  readonly isNew: boolean;
}

/** What one transaction writes into the ledger: it is there if the decision is, and never twice. */
export class Ledger {
  readonly #book: LedgerBook;
  readonly #states: StateWrites;
  readonly #idPrefix: string;
  readonly #written = new Map<string, Written>();
  /** Every entry of `#written` as it came, with what stood there before. */
  readonly #steps: { readonly id: string; readonly before: Written | undefined }[] = [];
  #pruned: readonly string[] = [];
  #made = 0;

  constructor(book: LedgerBook, states: StateWrites, idPrefix: string) {
    this.#book = book;
    this.#states = states;
    this.#idPrefix = idPrefix;
  }

  /** A new entry. Returns its id. */
  record(row: LedgerRow): string {
    const id = this.#made === 0 ? this.#idPrefix : `${this.#idPrefix}.${this.#made}`;
    this.#made++;
    this.#put({ ...row, id }, true);
    return id;
  }

  /** An entry that changes. */
  change(row: LedgerRow): void {
    const id = String(row['id']);
    this.#states.remove('conflict', [id]);
    this.#put(row, this.#written.get(id)?.isNew ?? false);
  }

  /** The entry about this row that waits for a person. */
  open(link: string, sourceKey: string): LedgerRow | null {
    let found = this.#book.open(link, sourceKey);
    for (const { row } of this.#written.values()) {
      if (row['link'] !== link || row[this.#book.keyColumn] !== storedKey(sourceKey)) continue;
      if (row['state'] === 'open') found = row;
      else if (row['id'] === found?.['id']) found = null;
    }
    return found;
  }

  /** What is noted so far; calling the result takes back all that came after. */
  mark(): () => void {
    const [steps, made] = [this.#steps.length, this.#made];
    return () => {
      for (const { id, before } of this.#steps.splice(steps).toReversed()) {
        if (before === undefined) this.#written.delete(id);
        else this.#written.set(id, before);
      }
      this.#made = made;
    };
  }

  /** Takes away what need not be kept any more; called once, when all else is written. */
  prune(): void {
    let nowUs = 0;
    for (const { row } of this.#written.values()) nowUs = Math.max(nowUs, Number(row['decided_us']));
    if (nowUs === 0) return;
    this.#pruned = this.#book.due(nowUs, this.#written.size);
    for (const id of this.#pruned) this.#states.remove('conflict', [id]);
  }

  /** The transaction is committed. */
  settle(): void {
    this.#book.forget(this.#pruned);
    for (const { row, isNew } of this.#written.values()) {
      this.#book.take(row);
      if (isNew || row['state'] === 'resolved') this.#book.count(row);
    }
  }

  #put(row: LedgerRow, isNew: boolean): void {
    const id = String(row['id']);
    this.#states.put('conflict', row);
    this.#steps.push({ id, before: this.#written.get(id) });
    this.#written.set(id, { row, isNew });
  }
}
