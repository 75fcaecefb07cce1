/** 0 = home, 1 = remote. */
export type SideIndex = 0 | 1;

/** A row is one small number; absent is a value like any other. */
export const ABSENT = -1;

/** Deciding again what our own write passed over, or sending the row as it is: as pipeline/lane/lane.ts has them. */
export type Task =
  | {
      readonly kind: 'audit';
      readonly local: number;
      readonly localAt: number;
      readonly localUs: number;
      readonly ours: number;
      readonly oursUs: number;
      readonly at: number;
    }
  | { readonly kind: 'restate'; readonly at: number };

/** An application's transaction. */
export interface LocalEntry {
  readonly kind: 'local';
  readonly image: number;
  readonly wall: number;
}

/** Provenance that the reader finds out: the newest home write before the decision is in the value. */
export const AS_LOGGED = -1;

/** A decision that one of our transactions carries. `home` = what its provenance names at home, null = nothing. */
export interface Restated {
  readonly image: number;
  readonly home: number | null;
  readonly us: number;
}

/** One of our own transactions, with the checkpoint row it wrote. */
export interface OwnEntry {
  readonly kind: 'own';
  /** How far the other log is incorporated, and what that change had seen of this one. */
  readonly position: number;
  readonly floor: number;
  readonly known: number;
  readonly us: number;
  /** The image it wrote, or null where it left the row alone. */
  readonly wrote: number | null;
  readonly restated: Restated | null;
  /** The home change that was deferred in it; 0 = none. */
  readonly deferred: number;
}

export type Entry = LocalEntry | OwnEntry;

/** How one change of the remote side was judged, before anything was locked. */
export interface Judged {
  readonly ordinal: number;
  readonly kind: 'apply' | 'succeed' | 'conflict';
  readonly rivalUs: number;
}

/** What the route towards home is in the middle of. */
export interface Doing {
  readonly known: number;
  /** Null while a task is done. */
  readonly judged: readonly Judged[] | null;
  /** The row was looked for and found absent, so that no lock holds it. */
  readonly foundAbsent: boolean;
}

/** Everything, durable and not. Ordinals count a log's entries from 1; `log[side][ordinal - 1]` is the entry. */
export interface State {
  readonly value: readonly [number, number];
  readonly log: readonly [readonly Entry[], readonly Entry[]];
  /** How far each log was read. */
  readonly read: readonly [number, number];
  /** Where each reader began after the last restart; nothing before it is in the window. */
  readonly start: readonly [number, number];
  /** How long each log was at the last restart: what we wrote before is forgotten. */
  readonly born: readonly [number, number];
  /** The hybrid time of the checkpoint that each side's changes had reached. */
  readonly timeAtStart: readonly [number, number];
  /** How far the route that leaves each side had come at the restart, and has come. */
  readonly appliedAtStart: readonly [number, number];
  readonly applied: readonly [number, number];
  readonly writesLeft: readonly [number, number];
  readonly crashesLeft: number;
  readonly tasks: readonly Task[];
  readonly doing: Doing | null;
  /**
   * What excuses a value that the policy would not have chosen: a restart forgot the image of a passed-over change, or
   * a row was made again between a decision that found it absent and its commit.
   */
  readonly excuse: '' | 'forgotten' | 'raced';
  /** The deferred table of the remote side, and what a restart found in it: a home ordinal, 0 = none. */
  readonly deferred: number;
  readonly deferredAtStart: number;
}

export function initialState(writes: readonly [number, number], crashes: number): State {
  return {
    value: [0, 0],
    log: [[], []],
    read: [0, 0],
    start: [0, 0],
    born: [0, 0],
    timeAtStart: [0, 0],
    appliedAtStart: [0, 0],
    applied: [0, 0],
    writesLeft: writes,
    crashesLeft: crashes,
    tasks: [],
    doing: null,
    excuse: '',
    deferred: 0,
    deferredAtStart: 0,
  };
}

/** The pair with one side replaced. */
export function withSide<T>(pair: readonly [T, T], side: SideIndex, value: T): readonly [T, T] {
  return side === 0 ? [value, pair[1]] : [pair[0], value];
}

const interned = new Map<string, number>();

/** A small number that stands for a structure: states are compared a million times. */
function intern(thing: object): number {
  const text = JSON.stringify(thing);
  let number = interned.get(text);
  if (number === undefined) {
    number = interned.size + 1;
    interned.set(text, number);
  }
  return number;
}

const codes = new WeakMap<Entry, number>();

function codeOf(entry: Entry): number {
  let code = codes.get(entry);
  if (code === undefined) {
    code = intern(entry);
    codes.set(entry, code);
  }
  return code;
}

/** Equal for equal states. */
export function keyOf(state: State): string {
  const { value, log, read, start, born, applied, writesLeft, crashesLeft, deferred } = state;
  const small = [...value, ...read, ...start, ...born, ...state.timeAtStart, ...applied, ...writesLeft, crashesLeft];
  small.push(deferred, state.deferredAtStart);
  let key = state.excuse;
  for (const number of small) key += String.fromCharCode(number + 2);
  for (const entry of log[0]) key += `${codeOf(entry)},`;
  key += '/';
  for (const entry of log[1]) key += `${codeOf(entry)},`;
  if (state.tasks.length > 0) key += `t${intern(state.tasks)}`;
  return state.doing === null ? key : `${key}d${intern(state.doing)}`;
}
