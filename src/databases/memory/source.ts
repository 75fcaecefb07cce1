import type { Change, Position, Transaction } from '../../model/change.ts';
import type { Source, SourceOptions } from '../../model/endpoint.ts';
import { tableName } from '../../model/schema.ts';
import { type LogEntry, type Place, toPlace, toPosition } from './log.ts';
import { type Client, connectionLost } from './session.ts';
import type { Store } from './store.ts';

/** What a row takes in this log; no value of it is ever written down. */
const rowBytes = 100;

/** A reader of the log. */
export class MemorySource implements Source {
  readonly #store: Store;
  readonly #client: Client;
  readonly #sync: string;
  readonly #wanted: ReadonlySet<string>;
  readonly #chunkRows: number;
  #position: Position;
  #readings = 0;

  constructor(store: Store, client: Client, sync: string, options: SourceOptions) {
    this.#store = store;
    this.#client = client;
    this.#sync = sync;
    this.#wanted = new Set(options.tables.map((table) => tableName(table.ref)));
    this.#chunkRows = options.chunkRows;
    this.#position = toPosition({ history: store.log.history, at: 0, rows: Infinity });
  }

  position(): Position {
    return this.#position;
  }

  get isOpen(): boolean {
    return this.#readings > 0;
  }

  heardMs(): null {
    return null;
  }

  ack(position: Position): void {
    const { log } = this.#store;
    const { at, rows } = toPlace(position);
    const confirmed = log.slots.get(this.#sync);
    const whole = rows === Infinity ? at : at - 1;
    if (this.#client.crashed || confirmed === undefined || whole <= confirmed) return;
    log.slots.set(this.#sync, whole);
    log.purge(Math.min(...log.slots.values()));
  }

  async *read(from: Position, signal: AbortSignal): AsyncIterable<Transaction> {
    const { log } = this.#store;
    const { cuts } = this.#client;
    const place = toPlace(from);
    log.verify(place);
    this.#position = from;
    this.#readings += 1;
    try {
      yield* this.#follow(place, cuts, signal);
    } finally {
      this.#readings -= 1;
    }
  }

  async *#follow(from: Place, cuts: number, signal: AbortSignal): AsyncIterable<Transaction> {
    const { log } = this.#store;
    let place = from;
    while (!signal.aborted) {
      // What is appended while this reader takes its steps is seen by the next round only.
      const { end } = log;
      await this.#takeSteps(cuts);
      if (signal.aborted) return;
      log.verify(place);
      while (place.at < end || (place.at === end && place.rows !== Infinity)) {
        const entry = log.entry(place.rows === Infinity ? place.at + 1 : place.at);
        yield* this.#parts(entry, place, signal);
        if (signal.aborted) return;
        if (this.#store.options.trickles === true) await this.#takeSteps(cuts);
        this.#checkConnected(cuts);
        place = { history: log.history, at: entry.at, rows: Infinity };
        this.#position = toPosition(place);
      }
      if (log.end === end) await this.#wait(signal, () => log.end !== end || this.#client.cuts !== cuts);
    }
  }

  async #takeSteps(cuts: number): Promise<void> {
    const steps = this.#store.options.tailSteps ?? 1;
    for (let step = 0; step < steps; step++) await this.#store.yieldPoint(`${this.#client.label}.read`);
    this.#checkConnected(cuts);
  }

  #checkConnected(cuts: number): void {
    if (this.#client.crashed || this.#client.cuts !== cuts) throw connectionLost();
  }

  *#parts(entry: LogEntry, from: Place, signal: AbortSignal): Iterable<Transaction> {
    const start = from.rows === Infinity ? 0 : from.rows;
    const { history } = this.#store.log;
    let changes: Change[] = [];
    let part = start === 0 ? 0 : Math.max(1, Math.ceil(this.#countWanted(entry, start) / this.#chunkRows));
    const ended = (position: Position, last: boolean): Transaction => {
      const id = this.#store.log.idOf(entry.at);
      return {
        position,
        id,
        committedAtUs: entry.committedAtUs,
        changes,
        bytes: changes.length * rowBytes,
        part,
        last,
      };
    };
    for (let row = start; row < entry.changes.length && !signal.aborted; row++) {
      const change = entry.changes[row];
      if (change === undefined || !this.#wants(change)) continue;
      if (changes.length === this.#chunkRows) {
        const position = toPosition({ history, at: entry.at, rows: row });
        yield ended(position, false);
        this.#position = position;
        changes = [];
        part += 1;
      }
      changes.push(change);
    }
    if (!signal.aborted && (changes.length > 0 || part > 0)) {
      yield ended(toPosition({ history, at: entry.at, rows: Infinity }), true);
    }
  }

  #wants(change: Change): boolean {
    return this.#wanted.has(tableName(change.table.ref));
  }

  #countWanted(entry: LogEntry, rows: number): number {
    return entry.changes.slice(0, rows).filter((change) => this.#wants(change)).length;
  }

  /** Resolves when `ready` or when the signal fires. */
  #wait(signal: AbortSignal, ready: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        if (!signal.aborted && !ready()) return;
        stopListening();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const stopListening = this.#store.log.listen(done);
      signal.addEventListener('abort', done);
      done();
    });
  }
}

/** Transactions between a position and the end of the log. */
export function distance(store: Store, position: Position): number {
  const { at, rows } = toPlace(position);
  return Math.max(0, store.log.end - (rows === Infinity ? at : at - 1));
}
