import type { Change, Position, Positions } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';

/** A committed transaction as the log holds it. */
export interface LogEntry {
  /** 1, 2, 3, ... in commit order. */
  readonly at: number;
  readonly committedAtUs: number;
  readonly changes: readonly Change[];
}

/** A position taken apart: everything before transaction `at`, and of that one the first `rows` changes. */
export interface Place {
  readonly history: string;
  readonly at: number;
  /** Infinity for the whole transaction. */
  readonly rows: number;
}

/** `m:<history>:<transaction>` or, inside a giant transaction, `m:<history>:<transaction>@<changes>`. */
export function toPosition({ history, at, rows }: Place): Position {
  return `m:${history}:${at}${rows === Infinity ? '' : `@${rows}`}` as Position;
}

/** Throws TD6005 for a text that no memory database has written. */
export function toPlace(position: Position): Place {
  const match = /^m:([^:]+):(\d+)(?:@(\d+))?$/.exec(position);
  if (match === null) {
    throw new TandemError('TD6005', 'the position does not belong to a memory database', { at: { position } });
  }
  const rows = match[3] === undefined ? Infinity : Number(match[3]);
  return { history: match[1] ?? '', at: Number(match[2]), rows };
}

export const positions: Positions = {
  covers(upTo, at) {
    const a = toPlace(upTo);
    const b = toPlace(at);
    return a.at > b.at || (a.at === b.at && a.rows >= b.rows);
  },
};

/** Histories that this log went through: each but the last ends where the next was forked off. */
interface History {
  readonly id: string;
  readonly forkedAt: number;
}

/** The ordered log of one server, with purging, forks of its history and slots that hold it back. */
export class Log {
  /** What each sync has confirmed; only where the server keeps slots. */
  readonly slots = new Map<string, number>();
  /** Told of every transaction as it is logged. */
  readonly watchers: ((changes: readonly Change[]) => void)[] = [];
  readonly #entries: LogEntry[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #server: string;
  #histories: readonly History[];
  #purged = 0;

  constructor(server: string) {
    this.#server = server;
    this.#histories = [{ id: server, forkedAt: 0 }];
  }

  get history(): string {
    return this.#histories.at(-1)?.id ?? this.#server;
  }

  /** Number of the last transaction. */
  get end(): number {
    return this.#purged + this.#entries.length;
  }

  endPosition(): Position {
    return toPosition({ history: this.history, at: this.end, rows: Infinity });
  }

  /** What a transaction is called. */
  idOf(at: number): string {
    return `${this.history}:${at}`;
  }

  append(committedAtUs: number, changes: readonly Change[]): void {
    this.#entries.push({ at: this.end + 1, committedAtUs, changes });
    for (const watch of this.watchers) watch(changes);
    this.announce();
  }

  entry(at: number): LogEntry {
    const entry = this.#entries[at - this.#purged - 1];
    if (entry !== undefined) return entry;
    throw new TandemError('TD6002', `the log begins after transaction ${this.#purged}, asked was ${at}`);
  }

  /** Throws the error of class history that a reader at this position has to meet. */
  verify(place: Place): void {
    const index = this.#histories.findIndex((history) => history.id === place.history);
    const known = this.#histories[index];
    if (known === undefined) {
      throw new TandemError('TD6005', 'the position belongs to another history of the log', {
        expected: this.history,
        found: place.history,
      });
    }
    const lastOfHistory = this.#histories[index + 1]?.forkedAt ?? this.end;
    const whole = place.rows === Infinity ? place.at : place.at - 1;
    if (place.at > lastOfHistory) {
      throw new TandemError('TD6004', 'the position is behind the end of its history', {
        expected: `at most transaction ${lastOfHistory}`,
        found: `transaction ${place.at}`,
      });
    }
    if (whole < this.#purged) {
      throw new TandemError('TD6002', `transactions after ${whole} up to ${this.#purged} are purged`);
    }
  }

  /** Drops everything up to and including this transaction. */
  purge(upTo: number): void {
    const gone = Math.min(upTo, this.end) - this.#purged;
    if (gone <= 0) return;
    this.#entries.splice(0, gone);
    this.#purged += gone;
  }

  /** Begins an empty log whose positions mean nothing in the old one. */
  reset(): void {
    this.#entries.length = 0;
    this.#purged = 0;
    this.slots.clear();
    this.#histories = [{ id: this.#nextHistory(), forkedAt: 0 }];
  }

  /** Forgets everything after a transaction and goes on in a new history from there, as after a lossy failover. */
  fork(at: number): void {
    this.#entries.length = Math.max(0, at - this.#purged);
    this.#histories = [
      ...this.#histories.filter((history) => history.forkedAt <= at),
      { id: this.#nextHistory(), forkedAt: this.end },
    ];
  }

  #nextHistory(): string {
    this.#generation += 1;
    return `${this.#server}-${this.#generation}`;
  }
  #generation = 0;

  /** Calls the listener at every append until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
