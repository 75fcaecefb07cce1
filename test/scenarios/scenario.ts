import type { Stream } from '../../src/engine/sync-status.ts';
import type { Engine } from '../../src/cli/demo/servers/clients.ts';

/** The two platforms of the sample: legacy is the left side, revamp the right one. */
export type Platform = 'legacy' | 'revamp';

/** What one scenario is about, as data; how it is carried out on real servers is the runner's business. */
export interface Scenario {
  readonly title: string;
  /** Makes the fresh tables different, before the sync is applied. */
  readonly prepare?: readonly Alteration[];
  readonly steps: readonly Step[];
  /** True where the sides must not be equal at the end, because something stays parked. */
  readonly unequal?: boolean;
}

export type Step =
  | { readonly do: 'write'; readonly on: Platform; readonly statements: readonly string[] }
  | { readonly do: 'read'; readonly on: Platform; readonly query: string; readonly rows: readonly Cells[] }
  | { readonly do: 'parked'; readonly on: Platform; readonly rows: readonly Cells[] }
  | { readonly do: 'count'; readonly stream: Stream; readonly counts: Counts }
  | { readonly do: 'writes'; readonly on: Platform; readonly link: string; readonly count: WriteCount }
  | { readonly do: 'retried'; readonly codes: readonly string[] }
  | { readonly do: 'lock-crosswise'; readonly on: Platform; readonly first: string; readonly second: string }
  | { readonly do: 'end-process'; readonly signal: NodeJS.Signals }
  | { readonly do: 'cut-connections'; readonly on: Platform }
  | { readonly do: 'run-process' | 'start' | 'stop' | 'restart' | 'idle' | 'silence' | 'next-second' };

/** Values as text, in the order of the query's columns; NULL is null. */
export type Cells = readonly (string | null)[];

/** A change of one platform's tables, in the words of each engine that it may run on. */
export interface Alteration {
  readonly on: Platform;
  readonly statement: PerEngine;
}

export type PerEngine = Readonly<Partial<Record<Engine, string>>>;

/** Of one direction, since the engine started. */
export interface Counts {
  readonly rows?: number;
  readonly conflicts?: number;
  readonly deferred?: number;
  readonly reasserted?: number;
  readonly parked?: number;
  readonly dropped?: number;
  readonly sideEffects?: number;
}

/** Inserts and updates that the sample's triggers have seen in one table of one platform. */
export interface WriteCount {
  readonly byApplication: number;
  readonly bySync: number;
}

/** One transaction of that platform's application. */
export const write = (on: Platform, ...statements: string[]): Step => ({ do: 'write', on, statements });

export const alter = (on: Platform, statement: PerEngine): Alteration => ({ on, statement });

/** What that platform's own query must find; while a process of its own runs, at some time soon. */
export const read = (on: Platform, query: string, ...rows: Cells[]): Step => ({ do: 'read', on, query, rows });

/** What that platform is owed, at some time soon: link and code of each parked row. */
export const parked = (on: Platform, ...rows: Cells[]): Step => ({ do: 'parked', on, rows });

export const count = (stream: Stream, counts: Counts): Step => ({ do: 'count', stream, counts });

export const writes = (on: Platform, link: string, expected: WriteCount): Step => ({
  do: 'writes',
  on,
  link,
  count: expected,
});

/** The engine must have met one of these codes and tried again. */
export const retried = (...codes: string[]): Step => ({ do: 'retried', codes });

/** Ends every connection that the engine has to that platform. */
export const cutConnections = (on: Platform): Step => ({ do: 'cut-connections', on });

/**
 * An application's transaction runs `first`, waits until somebody waits for it, runs `second`, which that somebody
 * holds, and commits; the engine must be the one that the server chooses to end.
 */
export const lockCrosswise = (on: Platform, first: string, second: string): Step => ({
  do: 'lock-crosswise',
  on,
  first,
  second,
});

/** `tandem run` in a process of its own, instead of the engine in the test's. */
export const runProcess: Step = { do: 'run-process' };

export const endProcess = (signal: NodeJS.Signals): Step => ({ do: 'end-process', signal });

/** The engine runs from the beginning; what is written between stop and start is unseen by both sides. */
export const start: Step = { do: 'start' };
export const stop: Step = { do: 'stop' };
/** Stop and start, in such a state that changes that are applied already are read from the log again. */
export const restart: Step = { do: 'restart' };
/** Everything that is in the logs is applied. */
export const idle: Step = { do: 'idle' };
/** Neither log grows any more. */
export const silence: Step = { do: 'silence' };
/** Both platforms' clocks have moved on by a second, which is as fine as MariaDB's log tells times. */
export const nextSecond: Step = { do: 'next-second' };
