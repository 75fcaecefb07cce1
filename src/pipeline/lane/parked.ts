import { hashText } from '../../arbiter/hash.ts';
import type { Position } from '../../model/change.ts';
import type { Row } from '../../model/value.ts';

/** Codes of rows about which a conflict waits for a person: nobody touches them until it is resolved. */
export const HELD_CODES: ReadonlySet<string> = new Set(['TD8002', 'TD8010', 'TD8011']);

/** What the target is owed, and why. */
export interface Debt {
  readonly link: string;
  /** Key text at the source. */
  readonly sourceKey: string;
  readonly code: string;
  /** `link key` of the source's row that must come or go first; null where nothing is waited for. */
  readonly blockedBy: string | null;
  /** Key text of the row that stands at the target, for rows of {@link HELD_CODES}. */
  readonly targetKey: string | null;
  /** What its counters are owed, as an image of the target. */
  readonly amounts: Row | null;
}

/** A row that the target is owed. */
export interface ParkedRow extends Debt {
  /** The key itself: what the row is asked for by. */
  readonly rowKey: Row;
  /** `discarded`: an operator lets the sides differ until the row changes again. */
  readonly state: 'owed' | 'discarded';
  /** Where in the source's log it was refused first. */
  readonly firstPosition: Position;
  readonly parkedAtUs: number;
  /** What the change that was refused would have done, and its transaction (xid or GTID). */
  readonly op: string;
  readonly transaction: string;
  readonly attempts: number;
  /** When its state is asked for again, milliseconds since 1970; 0 = at once. */
  readonly nextRetryMs: number;
}

export type Held<Row extends Debt> = Row & { readonly targetKey: string };

export function isHeld<Row extends Debt>(row: Row | null): row is Held<Row> {
  return row !== null && row.targetKey !== null && HELD_CODES.has(row.code);
}

const FIRST_DELAY_MS = 1_000;
const LAST_DELAY_MS = 600_000;

/** How long to leave a row alone that was refused so many times: a second, then twice as long each time. */
export function retryDelayMs(attempts: number): number {
  return Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, Math.min(attempts, 20) - 1));
}

const KEY_LENGTH_MAX = 150;

/**
 * A key text as a state table can hold it: every engine stores it as it is and tells it from all others. Most keys stay
 * as they are.
 */
export function storedKey(text: string): string {
  const isPlain = text.length <= KEY_LENGTH_MAX && !text.endsWith(' ') && !text.includes('\u0000');
  if (isPlain) return text;
  return `${text.slice(0, KEY_LENGTH_MAX).replaceAll('\u0000', '').trimEnd()}~${hashText(0, text).toString(36)}`;
}

/** What a row is called here, and in an op's `entity`. */
export function entityOf(link: string, sourceKey: string): string {
  return `${link}\u0000${sourceKey}`;
}

/** What a blocker is called in the parked table. */
export function blockerText(link: string, sourceKey: string): string {
  return `${link} ${storedKey(sourceKey)}`;
}

interface Turn {
  readonly entity: string;
  readonly atMs: number;
}

/**
 * The parked rows of one route, as the parked table of its target holds them, with the times at which each is to be
 * asked for again. What is due is found without looking at the others.
 */
export class Parked {
  readonly #rows = new Map<string, ParkedRow>();
  readonly #byBlocker = new Map<string, Set<string>>();
  /** A binary heap by time. Turns that were put off or taken away stay in it until they come up. */
  readonly #turns: Turn[] = [];
  /** The turn that counts, by entity. */
  readonly #planned = new Map<string, number>();
  #discarded = 0;

  constructor(rows: Iterable<ParkedRow> = []) {
    for (const row of rows) this.add(row);
  }

  /** Rows that the target is owed; those that were discarded are known but not owed. */
  get size(): number {
    return this.#rows.size - this.#discarded;
  }

  /** Is there anything to know of any row? */
  get isKnown(): boolean {
    return this.#rows.size > 0;
  }

  has(entity: string): boolean {
    return this.#rows.size > 0 && this.#rows.has(entity);
  }

  get(entity: string): ParkedRow | undefined {
    return this.#rows.get(entity);
  }

  /** Does any row wait for another one? */
  get hasWaiting(): boolean {
    return this.#byBlocker.size > 0;
  }

  add(row: ParkedRow): void {
    const entity = entityOf(row.link, row.sourceKey);
    this.remove(entity);
    this.#rows.set(entity, row);
    if (row.state === 'discarded') {
      this.#discarded++;
      return;
    }
    // What waits for a person is not to be asked for.
    if (isHeld(row)) return;
    this.#plan(entity, row.nextRetryMs);
    if (row.blockedBy === null) return;
    const waiting = this.#byBlocker.get(row.blockedBy);
    if (waiting === undefined) this.#byBlocker.set(row.blockedBy, new Set([entity]));
    else waiting.add(entity);
  }

  remove(entity: string): void {
    const row = this.#rows.get(entity);
    if (row === undefined) return;
    this.#rows.delete(entity);
    this.#planned.delete(entity);
    if (row.state === 'discarded') this.#discarded--;
    if (row.blockedBy === null) return;
    const waiting = this.#byBlocker.get(row.blockedBy);
    waiting?.delete(entity);
    if (waiting?.size === 0) this.#byBlocker.delete(row.blockedBy);
  }

  /** Something has happened to the row that others wait for: their turn is now. Returns how many there are. */
  wakeWaitingFor(link: string, sourceKey: string): number {
    const waiting = this.#byBlocker.get(blockerText(link, sourceKey));
    for (const entity of waiting ?? []) this.wake(entity);
    return waiting?.size ?? 0;
  }

  /** Its turn is now. */
  wake(entity: string): void {
    if (this.#planned.has(entity)) this.#plan(entity, 0);
  }

  /** Is anybody's turn now, without regard to the clock? */
  get hasWoken(): boolean {
    this.#dropStale();
    return this.#turns[0]?.atMs === 0;
  }

  /**
   * Up to `max` rows whose turn has come, the longest due first. Each gets another turn later, in case the answer to
   * the question is lost.
   */
  takeDue(nowMs: number, max: number): ParkedRow[] {
    const due: ParkedRow[] = [];
    while (due.length < max) {
      this.#dropStale();
      const [turn] = this.#turns;
      if (turn === undefined || turn.atMs > nowMs) break;
      const row = this.#rows.get(turn.entity) as ParkedRow;
      this.#plan(turn.entity, nowMs + Math.max(10_000, retryDelayMs(row.attempts + 1)));
      due.push(row);
    }
    return due;
  }

  all(): ParkedRow[] {
    return [...this.#rows.values()];
  }

  #plan(entity: string, atMs: number): void {
    this.#planned.set(entity, atMs);
    const turns = this.#turns;
    let at = turns.length;
    turns.push({ entity, atMs });
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((turns[above] as Turn).atMs <= atMs) break;
      [turns[above], turns[at]] = [turns[at] as Turn, turns[above] as Turn];
      at = above;
    }
  }

  #dropStale(): void {
    for (;;) {
      const [turn] = this.#turns;
      if (turn === undefined || this.#planned.get(turn.entity) === turn.atMs) return;
      this.#dropFirst();
    }
  }

  #dropFirst(): void {
    const turns = this.#turns;
    const last = turns.pop() as Turn;
    if (turns.length === 0) return;
    turns[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < turns.length && (turns[below] as Turn).atMs < (turns[least] as Turn).atMs) least = below;
      }
      if (least === at) return;
      [turns[at], turns[least]] = [turns[least] as Turn, turns[at] as Turn];
      at = least;
    }
  }
}

/** The parked rows as an open transaction leaves them; they become true with its commit. */
export class OwedRows {
  readonly #committed: Parked;
  #changed = new Map<string, { readonly row: ParkedRow; readonly isParked: boolean }>();

  constructor(committed: Parked) {
    this.#committed = committed;
  }

  get(link: string, sourceKey: string): ParkedRow | null {
    if (!this.#committed.isKnown && this.#changed.size === 0) return null;
    const entity = entityOf(link, sourceKey);
    const changed = this.#changed.get(entity);
    if (changed === undefined) return this.#committed.get(entity) ?? null;
    return changed.isParked ? changed.row : null;
  }

  park(row: ParkedRow): void {
    this.#changed.set(entityOf(row.link, row.sourceKey), { row, isParked: true });
  }

  heal(row: ParkedRow): void {
    this.#changed.set(entityOf(row.link, row.sourceKey), { row, isParked: false });
  }

  /** What is so far; calling the result takes back all that came after. */
  mark(): () => void {
    const before = [...this.#changed];
    return () => {
      this.#changed = new Map(before);
    };
  }

  /** The rows that this transaction parks. */
  get parked(): ParkedRow[] {
    return [...this.#changed.values()].flatMap(({ row, isParked }) => (isParked ? [row] : []));
  }

  /** The transaction is committed. */
  settle(): void {
    for (const [entity, { row, isParked }] of this.#changed) {
      if (isParked) this.#committed.add(row);
      else this.#committed.remove(entity);
    }
  }
}
