import type { Position, Positions, Transaction } from './change.ts';
import type { Context } from './context.ts';
import type { Debezium } from './debezium.ts';
import type { Finding } from './finding.ts';
import type { TableShape } from './plan.ts';
import type { Side } from './policy.ts';
import type { StateTableName } from './state.ts';
import type { TableRef, TableSchema } from './schema.ts';
import type { Row } from './value.ts';
import type { Vitals } from './vitals.ts';

export type Engine = 'postgres' | 'mysql' | 'mariadb' | 'memory';

/** What a folder under databases/ exports, and all it exports. */
export interface Database {
  /** Opens one endpoint: connects once and reads the server's facts. Throws TandemError TD4xxx, TD5014. */
  open(options: EndpointOptions, context: Context): Promise<Endpoint>;
}

export interface EndpointOptions {
  /** postgres://user:password@host:port/database, mysql://..., mariadb://... */
  readonly url: string;
  /** The user's name for this side, for messages. */
  readonly label: string;
  /** Name of the sync, and which of its sides this is: slot and publication are called `tandem_<sync>_<side>`. */
  readonly sync: string;
  readonly side: Side;
  /** Schema (PostgreSQL) or database (MySQL, MariaDB) of the state tables; `tandem` unless configured. */
  readonly stateSchema: string;
  /** TLS as the driver takes it: undefined = what the URL says. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly verify: boolean };
}

export interface ServerFacts {
  readonly engine: Engine;
  /** e.g. `15.18`, `9.7.4`, `10.11.19`. */
  readonly version: string;
  /** Identity that a copy or a fresh server does not share: system identifier, server uuid. */
  readonly identity: string;
}

/** One statement that `tandem plan` shows and `tandem apply` runs. */
export interface Step {
  readonly title: string;
  readonly sql: string;
}

export interface CheckRequest {
  /** Linked tables. */
  readonly tables: readonly TableRef[];
  /** Will this side be read, written, or both? */
  readonly read: boolean;
  readonly write: boolean;
}

/**
 * One configured database. Holds a small pool for its own questions; sources and targets have connections of their own.
 */
export interface Endpoint extends AsyncDisposable {
  readonly facts: ServerFacts;
  readonly positions: Positions;
  /** The state tables as this engine has them. */
  readonly state: Readonly<Record<StateTableName, TableShape>>;
  /** How Debezium tells about this database; null where there is no connector for it. */
  readonly debezium: Debezium | null;

  /** All user tables that the user may see, state tables and system schemas left out. */
  tables(): Promise<readonly TableRef[]>;
  /** Tables that exist, in the order asked; missing ones are left out. */
  inspect(tables: readonly TableRef[]): Promise<readonly TableSchema[]>;
  /** Every setting, privilege, key and risk, each with the SQL that mends it. Never throws for a finding. */
  check(request: CheckRequest): Promise<readonly Finding[]>;

  /**
   * The statements still missing for a sync over these tables: state tables, publication, replica identity, slot. Empty
   * = all there.
   */
  missing(tables: readonly TableRef[]): Promise<readonly Step[]>;
  /** The statements that remove all of it again; user tables stay. */
  removal(): Promise<readonly Step[]>;
  /** Runs one statement. */
  run(step: Step): Promise<void>;

  /** The end of the log now. */
  logEnd(): Promise<Position>;
  /** Where a route that has no checkpoint yet begins: the slot's position (PostgreSQL), the end of the log (MySQL). */
  firstPosition(): Promise<Position>;
  /**
   * Can the log be read on from here without a gap? Throws TandemError of class history (SLOT_LOST, LOG_PURGED,
   * GAP_DETECTED, SOURCE_REWOUND, HISTORY_CHANGED) when not.
   */
  verifyPosition(position: Position): Promise<void>;
  /** How far `position` is behind the end of the log: bytes (PostgreSQL), transactions (MySQL, MariaDB). */
  behind(position: Position): Promise<{ readonly amount: number; readonly unit: 'bytes' | 'transactions' }>;

  /**
   * How the server stands now. Rejects when the signal fires, also where the connection has gone dead without a word;
   * that connection is then given up.
   */
  vitals(signal: AbortSignal): Promise<Vitals>;

  source(options: SourceOptions): Source;
  target(): Promise<Target>;
  /** A connection of its own for {@link Presence}. */
  presence(): Promise<Presence>;
  /**
   * One transaction of an operator's. To triggers and to the other side it is an application's like any other. Rolled
   * back where `work` throws.
   */
  operate<T>(work: (transaction: OperatorTransaction) => Promise<T>): Promise<T>;

  /**
   * All rows of a table in key order, as images, a few thousand at a time; one statement per chunk, no long snapshot.
   */
  scan(shape: TableShape): AsyncIterable<readonly Row[]>;
  count(table: TableRef): Promise<number>;
}

export interface SourceOptions {
  /** Every table whose changes are wanted, state tables included, as inspected (state tables: by name only). */
  readonly tables: readonly TableSchema[];
  /** A transaction of more changes than this comes in parts. */
  readonly chunkRows: number;
}

/**
 * The log of one database. Reconnects are the caller's business: any failure ends the iteration with a TandemError, and
 * the caller calls `read` again from where it stands.
 */
export interface Source {
  /**
   * Committed transactions strictly after `from`, in commit order, without end, until the signal fires (then the
   * iteration ends quietly). Also yields transactions whose changes are empty of the wanted tables only where that is
   * free; keepalives never come out. Values are canonical.
   */
  read(from: Position, signal: AbortSignal): AsyncIterable<Transaction>;
  /** Everything up to here has been yielded, also when the log held nothing of interest there. */
  position(): Position;
  /** Has the server accepted the request to read, and is the connection still there? */
  readonly isOpen: boolean;
  /**
   * When the server was last heard of, milliseconds since 1970: it says something every few seconds even when its
   * log is silent. Null while nothing is read, and where there is no connection that could go dead.
   */
  heardMs(): number | null;
  /** The source may discard everything up to here. Called often, sent by timer, never ahead of what was given. */
  ack(position: Position): void;
}

/**
 * A lock by which the engines of one sync see each other. It elects who takes over, and fences nothing: its holder can
 * lose it without knowing. Writing is fenced by the epoch of the checkpoint row.
 */
export interface Presence extends AsyncDisposable {
  /**
   * Takes the lock if it is free; true while it is held here. Has to be called every few seconds: a server ends the
   * connection of a holder that stays silent for {@link PRESENCE_SILENCE_S}, and with it the lock. Throws TD4005 then.
   */
  claim(): Promise<boolean>;
}

export const PRESENCE_SILENCE_S = 15;

/**
 * A server ends the connection of an engine that says nothing for so long inside a transaction: its successor waits for
 * that transaction's end.
 */
export const SILENCE_IN_TRANSACTION_S = 10;

/** The checkpoint row of one route and lane, as it stands in the target. */
export interface Checkpoint {
  readonly stream: string;
  readonly lane: string;
  readonly position: Position;
  readonly epoch: number;
  readonly seq: number;
  readonly floor: Position | null;
  readonly known: Position | null;
  readonly effectiveUs: number;
}

/** What `begin` writes into the checkpoint row. */
export interface CheckpointMove {
  readonly position: Position;
  readonly floor: Position | null;
  readonly known: Position | null;
  readonly effectiveUs: number;
}

/** A connection that writes. One transaction at a time. */
export interface Target extends AsyncDisposable {
  /** Reads a checkpoint row, or null. */
  checkpoint(stream: string, lane: string): Promise<Checkpoint | null>;
  /** Creates the row of a new route with epoch 0 and seq 0, unless it exists. */
  seed(stream: string, lane: string, move: CheckpointMove): Promise<void>;
  /**
   * Raises the epoch under the row's lock and returns the row: it waits for a predecessor's open transaction, so its
   * outcome is decided when this returns (correctness 2.2 no. 2). Throws TD5013 where there is no row, and TD9001 where
   * the epoch is above `epochMax` already: then somebody else has taken over, and nothing happens.
   */
  takeOver(stream: string, lane: string, epochMax?: number): Promise<Checkpoint>;
  /**
   * Opens a transaction and moves the checkpoint first: UPDATE ... SET seq = seq + 1 ... WHERE stream, lane, epoch and
   * seq are still those of `held`. Throws TD9001 FENCED (after a rollback) where they are not.
   */
  begin(held: Checkpoint, move: CheckpointMove): Promise<TargetTransaction>;
  /** Rows whose columns `by` (indexes) equal one of the given tuples; outside any transaction. */
  find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]>;
}

/**
 * Runs of equal work. Rows are images of `shape` (undefined columns are not written; all rows of a run leave out the
 * same ones). Each becomes as few statements as the engine allows.
 */
export type WriteRun =
  /** `generated`: the key columns are left out and the database makes them. */
  | { readonly op: 'insert'; readonly shape: TableShape; readonly rows: readonly Row[]; readonly generated: boolean }
  /** `keys[i]` (values of the key columns) is the row to change, `rows[i]` its new image, whose key may differ. */
  | { readonly op: 'update'; readonly shape: TableShape; readonly keys: readonly Row[]; readonly rows: readonly Row[] }
  | { readonly op: 'delete'; readonly shape: TableShape; readonly keys: readonly Row[] };

export interface WriteResult {
  /** For generated inserts: the keys made, in the order of the rows; otherwise empty. */
  readonly keys: readonly Row[];
  /** For update and delete: indexes of rows that were not there. */
  readonly missing: readonly number[];
}

/** A transaction that moves no checkpoint. */
export type OperatorTransaction = Pick<TargetTransaction, 'lock' | 'find' | 'write'>;

/** An open transaction whose first statement moved the checkpoint. */
export interface TargetTransaction {
  /**
   * The rows with these keys, locked FOR UPDATE, as images in the order of the keys; null = absent. Always the
   * committed state of now, not of an old snapshot.
   */
  lock(shape: TableShape, keys: readonly Row[]): Promise<readonly (Row | null)[]>;
  /** As Target.find, within the transaction and with FOR UPDATE. */
  find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]>;
  /**
   * Throws TandemError: class row for what the row itself causes (details.at: table, constraint), transient for
   * deadlock, lock timeout and connection, schema for unknown columns. After any throw only rollback is allowed.
   */
  write(run: WriteRun): Promise<WriteResult>;
  /**
   * Ids, as in Transaction, of transactions that nobody sees the work of yet, although the log may show them already.
   * Null where whoever looks for a row waits for them anyway.
   */
  unseen(): Promise<readonly string[] | null>;
  /**
   * Runs `work` under a savepoint. Where it throws a TandemError of class row, all of it is undone and the transaction
   * goes on as if it had not been tried; any other throw leaves only rollback. Not to be nested. `checkDeferred`: what
   * the database would check at commit is checked at the end of `work` already.
   */
  attempt<T>(work: () => Promise<T>, checkDeferred?: boolean): Promise<T>;
  /**
   * Throws TD7010 where the server does not confirm with COMMIT exactly; the outcome is then open and takeOver decides.
   */
  commit(): Promise<void>;
  /** Never throws; after a broken connection the target reconnects on the next begin. */
  rollback(): Promise<void>;
}
