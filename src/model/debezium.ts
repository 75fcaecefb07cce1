import type { Change, Position } from './change.ts';
import { TandemError } from './error.ts';
import type { Finding } from './finding.ts';
import type { TableRef, TableSchema } from './schema.ts';

/**
 * JSON as a Debezium connector wrote it (Connect's JsonConverter without schemas), read without loss: a whole number
 * beyond 2^53 is a bigint, every other number is the double that its text stands for.
 */
export type DebeziumJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly DebeziumJson[]
  | { readonly [field: string]: DebeziumJson };

/** One record of a table's topic; tombstones are none. */
export interface DebeziumEvent {
  /** The value: Debezium's envelope (before, after, source, op, transaction). */
  readonly envelope: { readonly [field: string]: DebeziumJson };
  /** Has the record the header `__debezium.newkey`? Then it removes a row whose key was changed. */
  readonly newKey: boolean;
  /** Has the record the header `__debezium.oldkey`? Then it brings that row back under its new key. */
  readonly oldKey: boolean;
  /** Has its transaction an END record? Rows without one are an XA transaction's, which may be rolled back yet. */
  readonly ended: boolean;
}

/**
 * The END record of one transaction in the transaction topic. A BEGIN that is followed by another BEGIN stands for
 * itself: of a MariaDB log, DDL and XA transactions have no END.
 */
export interface DebeziumBoundary {
  /** `id` as Debezium wrote it: `<xid>:<lsn>` of PostgreSQL, the GTID of MySQL and MariaDB. */
  readonly id: string;
}

/** One setting of a connector, and why it has this value, in one sentence. */
export interface ConnectorSetting {
  readonly name: string;
  readonly value: string;
  readonly why: string;
}

export interface ConnectorRequest {
  /** Every table whose changes are wanted, the travelling state tables included. */
  readonly tables: readonly TableRef[];
  /** `topic.prefix`: the side's label. */
  readonly topicPrefix: string;
}

/** Where one transaction stands in the log. */
export interface DebeziumPlace {
  /** Behind the whole transaction; the very position that the direct capture gives it. */
  readonly position: Position;
  /** It is contained in what was passed before, or in the position that reading began at: a repeat, to be left out. */
  readonly known: boolean;
  /** How many of its events are contained there, by `transaction.total_order`; 0 unless it was applied in part. */
  readonly eventsKnown: number;
}

/** Follows the transactions of one log in their order, from one position on. */
export interface DebeziumTracker {
  /** The transaction of this END record. Throws TandemError TD6010 on what is none. */
  end(boundary: DebeziumBoundary): DebeziumPlace;
  /**
   * Inside of the transaction of this END record: behind its event of that `transaction.total_order`. To be asked
   * before the transaction is passed to {@link end}.
   */
  part(boundary: DebeziumBoundary, totalOrder: number): Position;
  /**
   * The log ended here at some moment before the call (`Endpoint.logEnd`). A binary log also holds transactions without
   * rows, which Debezium does not tell; they are counted in with the first transaction behind such an end. To be called
   * every few seconds.
   */
  logEndedAt(end: Position): void;
  /** Behind the last transaction that was passed to {@link end}. */
  position(): Position;
}

/** Turns events into changes, in the order of `transaction.total_order`. */
export interface DebeziumReader {
  /**
   * The change, with the canonical values that the direct capture gives. Null for the first half of a changed key (the
   * second half comes next and gives the update), and for a table that is not wanted. What cannot be read exactly is an
   * `unreadable` change. Throws TandemError: TD6010 where the event is none, TD6041 for a value of a state table.
   */
  change(event: DebeziumEvent): Change | null;
}

/** What one side's Debezium connector has to be told, and how what it says is to be understood. No I/O but `check`. */
export interface Debezium {
  /** The settings without `name`, converters and secrets; `database.password` is the caller's to place. */
  connector(request: ConnectorRequest): readonly ConnectorSetting[];
  /** What of these tables, and on this server, Debezium cannot carry. */
  check(tables: readonly TableSchema[]): Promise<readonly Finding[]>;
  /** The name of a table in the transaction topic (`data_collections`) and, behind the prefix, of its topic. */
  collection(ref: TableRef): string;
  /** What the records of one transaction have in common: their `id`s may differ in the rest. */
  transactionKey(id: string): string;
  /**
   * Is the transaction of this END record contained in the position? Monotone along the transaction topic, for
   * bisection. Neither log numbers its transactions without gaps, so that nothing was lost between the position and the
   * first one that is not contained shows only where the topic still has one that is.
   */
  contains(position: Position, boundary: DebeziumBoundary): boolean;
  /**
   * The transaction of an event that is in none of the transaction topic: a TRUNCATE of MySQL, or a part of an XA
   * transaction. It is a transaction of its own, to be given out before what comes behind it in its topic. Null for all
   * others.
   */
  apart(event: DebeziumEvent): DebeziumBoundary | null;
  /** Throws TandemError TD6040 where `from` is inside of a transaction that was read without Debezium. */
  track(from: Position): DebeziumTracker;
  /** State tables may be given by name only, as to `Endpoint.source`. */
  reader(tables: readonly TableSchema[]): DebeziumReader;
}

/** For a position inside of a transaction that Debezium's records were cut in, where the log itself is to be read. */
export function partOfDebezium(position: Position): TandemError {
  return new TandemError('TD6040', 'the checkpoint is inside of a transaction that was read through Debezium', {
    expected: 'a position behind a whole transaction',
    found: position,
    fix: 'Start once more with capture debezium, wait until the sync is in step, and change over then.',
  });
}

/** For a position inside of a transaction that was cut as the log was read, where Debezium's records are to be read. */
export function partOfLog(position: Position): TandemError {
  return new TandemError('TD6040', 'the checkpoint is inside of a transaction that was read from the log', {
    expected: 'a position behind a whole transaction',
    found: position,
    fix: 'Start once more without Debezium, wait until the sync is in step, and change over then.',
  });
}

/**
 * What a value becomes that PostgreSQL leaves out of its log because it is stored out of line and did not change. One
 * that no application's text can be taken for.
 */
export const UNAVAILABLE = '__tandem_unavailable_7c2f4e0b9d5a4f17a3c8__';

const CAPTURED = { name: 'table.include.list', why: 'The linked tables, and those in which Tandem keeps its state.' };

/** The settings that all connectors need alike. `collections` are the tables' names as the connector knows them. */
export function sharedSettings(topicPrefix: string, collections: readonly string[]): readonly ConnectorSetting[] {
  return [
    setting('tasks.max', '1', 'A log is read by one reader.'),
    setting('topic.prefix', topicPrefix, "Topics are named after the sync's side."),
    { ...CAPTURED, value: collections.map(literalPattern).join(',') },
    setting('snapshot.mode', 'no_data', 'Rows that are there already come by `tandem load`, never as a snapshot.'),
    setting('provide.transaction.metadata', 'true', 'Transactions are put together again from BEGIN and END records.'),
    setting('decimal.handling.mode', 'string', 'Every digit as it stands in the database.'),
    setting('binary.handling.mode', 'base64', 'Bytes as text that JSON can hold.'),
    setting(
      'time.precision.mode',
      'microseconds',
      'Exact for every date and time; isostring loses 24:00:00, and adaptive changes its unit with the column.',
    ),
    setting('unavailable.value.placeholder', UNAVAILABLE, 'A mark that cannot be mistaken for a text of yours.'),
    setting('skipped.operations', 'none', 'A TRUNCATE stops its table group; by default it is left out in silence.'),
    setting('tombstones.on.delete', 'false', 'Only compacted topics need them; these keep every change.'),
    setting(
      'event.converting.failure.handling.mode',
      'fail',
      'A value that cannot be converted stops the connector; by default it becomes NULL.',
    ),
    setting('event.processing.failure.handling.mode', 'fail', 'An event that cannot be read is never skipped.'),
    setting('heartbeat.interval.ms', '10000', 'Lets go of log that holds nothing of these tables.'),
    setting('topic.creation.default.partitions', '1', 'The order of a table and of the transactions is one.'),
    setting('topic.creation.default.replication.factor', '-1', "The brokers' own default."),
    setting('topic.creation.default.cleanup.policy', 'delete', 'Compaction would take transactions apart.'),
  ];
}

export function setting(name: string, value: string, why: string): ConnectorSetting {
  return { name, value, why };
}

/** Lists of names are lists of regular expressions to Debezium, separated by commas. */
export function literalPattern(name: string): string {
  return name.replaceAll(/[\\^$.|?*+()[\]{},]/g, String.raw`\$&`);
}
