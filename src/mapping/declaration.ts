import type { Codec, Truncation } from '../model/plan.ts';
import type { ForeignKeyPolicy, Policy, Side } from '../model/policy.ts';
import type { Column } from '../model/schema.ts';
import type { Value } from '../model/value.ts';

/** What PostgreSQL takes in the name of a slot (lower case, 63 characters), with room for `tandem_` and the side. */
export const SYNC_NAME = /^[a-z][a-z0-9_]{0,39}$/;

export const SYNC_NAME_WORDS =
  'a lower-case letter, then lower-case letters, digits and underscores, 40 characters at most';

/**
 * What a user declares: the one tree that `tandem.config.ts` and `tandem.yaml` both produce. Plain data, except for
 * codecs, custom policies and filters, which are functions. Nothing here has been compared with a database yet; that is
 * the work of `compile`.
 */
export interface Declaration {
  /** Names slot, publication and streams; see {@link SYNC_NAME}. */
  readonly name: string;
  readonly left: EndpointDeclaration;
  readonly right: EndpointDeclaration;
  /** The side that decides conflicts. */
  readonly home: Side;
  readonly defaults: Defaults;
  /** By the name that the user gave to each pair of tables. */
  readonly links: Readonly<Record<string, LinkDeclaration>>;
  /** True unless given: conflicts are decided exactly; a row that is written again at once waits for that. */
  readonly strict?: boolean;
  readonly limits?: Limits;
  readonly server?: ServerDeclaration;
}

/** The HTTP server of `tandem run`. */
export interface ServerDeclaration {
  /** `host:port`, `[::1]:port`; false = none. 127.0.0.1:7070 unless given. */
  readonly listen?: string | false;
  /** Who asks must know it; required where others than this machine can ask. As a rule `${env:NAME}`. */
  readonly token?: string;
}

export type EngineName = 'postgres' | 'mysql' | 'mariadb';

export interface EndpointDeclaration {
  readonly engine: EngineName;
  /** May hold `${env:NAME}` and `${file:PATH}`, which only the loader replaces. */
  readonly url: string;
  /** The user's name for this side in messages; `left` or `right` unless given. */
  readonly label?: string;
  /** Schema (PostgreSQL) or database (MySQL, MariaDB) of the state tables; `tandem` unless given. */
  readonly stateSchema?: string;
  readonly tls?: TlsDeclaration;
}

/** PEM text each, as a rule by way of `${file:PATH}`. `verify` is true unless given. */
export interface TlsDeclaration {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly verify?: boolean;
}

export type Flow = 'both' | 'toRight' | 'toLeft';

export type Parity = 'odd' | 'even';

/** How the two sides' keys relate; see {@link LinkDeclaration.keys}. */
export type Keys = 'shared' | 'mapped' | { readonly shared: Readonly<Record<Side, Parity>> };

/** What holds for every link that does not say otherwise. */
export interface Defaults {
  readonly conflict?: Policy;
  readonly direction?: Flow;
  readonly deletes?: 'sync' | 'ignore';
  readonly truncate?: Truncation;
  readonly keys?: Keys;
  /** What happens to a row whose parent the other side deleted at the same time; `park` unless given. */
  readonly foreignKey?: ForeignKeyPolicy;
}

export interface Limits {
  /** Row changes that one target transaction holds at most, and about what they take in the log. */
  readonly batchRows?: number;
  readonly batchBytes?: number;
  /** A source transaction of more row changes than this is applied in parts. */
  readonly chunkRows?: number;
  /** What is read but not applied and stays in memory, per direction and table group; what exceeds it goes to disk. */
  readonly lookAheadRows?: number;
  readonly lookAheadBytes?: number;
  /** What goes to disk at most; beyond it, a log waits at its source. */
  readonly spillBytes?: number;
  /** Row changes that each direction applies in a second at most. */
  readonly rowsPerSecond?: { readonly toRight?: number; readonly toLeft?: number };
  /** Log that a source may have to keep for Tandem, where the server itself sets no limit. */
  readonly retainedBytes?: number;
  /** Nothing heard of a server for so long makes the sync unhealthy and its lag unknown. */
  readonly silenceMs?: number;
  /** Pauses between attempts grow from the first to the last. */
  readonly retryFirstMs?: number;
  readonly retryLastMs?: number;
  /** Milliseconds that a custom conflict function may take; 5000 unless given. */
  readonly conflictFunctionMs?: number;
  /** Decided conflicts that the ledger keeps at most, and for how many days; 100000 and 30 unless given. */
  readonly conflictRows?: number;
  readonly conflictDays?: number;
  /** Rows of one table whose keys are remembered while its group is stopped; beyond it the whole table is compared. */
  readonly dirtyRows?: number;
}

export interface LinkDeclaration {
  /** `schema.table`, or `table` alone where that is unambiguous. */
  readonly left: string;
  readonly right: string;
  /** By left column name. A column that is in no link is never read, compared or written. */
  readonly columns: Readonly<Record<string, ColumnDeclaration>>;
  /** Values for columns of one side that have no counterpart; written when Tandem inserts a row, never afterwards. */
  readonly leftOnly?: Readonly<Record<string, Constant>>;
  readonly rightOnly?: Readonly<Record<string, Constant>>;
  /**
   * `shared`: a row has the same key on both sides (UUIDs, or numbers that one side alone generates; with `odd`/`even`
   * both may). `mapped`: each side generates its own, and the key map translates them, foreign keys included.
   */
  readonly keys?: Keys;
  /** Left names of a unique key's columns, for tables without a primary key. */
  readonly key?: readonly string[];
  /** Left names of columns that tell that a row of the left and a row of the right are one; tried in order. */
  readonly naturalKeys?: readonly (readonly string[])[];
  readonly conflict?: Policy;
  readonly direction?: Flow;
  readonly deletes?: 'sync' | 'ignore';
  /** What happens to a row whose parent the other side deleted at the same time; `park` unless given. */
  readonly foreignKey?: ForeignKeyPolicy;
  /**
   * When the table is truncated on one side: `stop` its table group until this is decided, `apply` it (the other side
   * loses the rows, too), or `ignore` it (the other side keeps them). `stop` unless given.
   */
  readonly truncate?: Truncation;
  /** Rows that do not pass are out of the sync. */
  readonly where?: { readonly left?: Filter; readonly right?: Filter };
  readonly source?: SourceColumn;
}

export type Constant = null | boolean | number | bigint | string | Uint8Array;

export type ColumnDeclaration =
  /** The right column's name. */
  | string
  | { readonly to: string; readonly codec?: DeclaredCodec; readonly direction?: Flow }
  /** Knowingly not linked; `onInsert` is written into it when Tandem inserts a row on the left. */
  | { readonly skip: true; readonly onInsert?: Constant };

/** Equality with every given value, or any function of a row by that side's (linked) column names. */
export type Filter = Readonly<Record<string, Constant>> | ((row: Readonly<Record<string, Value>>) => boolean);

/** A column that tells people who wrote a row last. Tandem writes its own name into it with every write. */
export interface SourceColumn {
  readonly left?: string;
  readonly right?: string;
  /** `sync_service` unless given. */
  readonly value?: string;
}

/** A codec as it was declared: besides the two functions, how it was made, so that it can be printed and compared. */
export interface DeclaredCodec extends Codec {
  readonly spec: CodecSpec;
  /** Codecs never see NULL (it stays NULL) unless they say here what they make of it. */
  readonly nulls: 'keep' | 'convert';
  /**
   * Where several spellings count as one value: the spelling that stands for all, per side; null = each counts for
   * itself.
   */
  readonly canon?: Canon;
  /**
   * What the codec is between two columns, where that depends on them, or which columns it asks for. Its own functions
   * are then never called.
   */
  readonly between?: (left: End, right: End) => DeclaredCodec | Misplaced;
}

/** A codec between columns that are not for it. */
export interface Misplaced {
  readonly expected: string;
}

/** One column of a pair, as far as converting values into it or out of it needs to know. */
export interface End {
  readonly engine: EngineName;
  readonly column: Column;
  /** Link and both column names, for messages. */
  readonly at: Readonly<Record<string, string>>;
}

/** Never sees NULL; gives it where a value counts as NULL. */
export type Canon = Readonly<Record<Side, ((value: Value) => Value) | null>>;

/** The form that a codec has in YAML. */
export type CodecSpec =
  | 'titleCase'
  | 'upperCase'
  | 'trim'
  | 'stripNul'
  | 'truthy'
  | 'rounded'
  | 'emptyAsNull'
  | 'swappedUuid'
  | { readonly enumMap: Readonly<Record<string, string>> }
  | { readonly nullAs: Constant }
  | { readonly epoch: EpochUnit }
  | { readonly zeroDateAs: string | null; readonly others?: CodecSpec }
  | { readonly infinityAs: Infinities; readonly others?: CodecSpec }
  | { readonly timeZone: string | ZoneSpec }
  | { readonly flip: CodecSpec }
  /** The user's own pair; in YAML `./codecs.ts#name`. */
  | { readonly own: string };

export type EpochUnit = 's' | 'ms' | 'us';

/** What stands for PostgreSQL's two infinities; one that is not given parks its row. */
export interface Infinities {
  readonly infinity?: string | null;
  readonly '-infinity'?: string | null;
}

/**
 * What becomes of times that the clocks of a zone show twice, and of those that they leave out: the row is parked, or
 * the time is read by the offset that makes it the earlier or the later moment.
 */
export type ClockChanges = 'park' | 'earlier' | 'later';

export interface ZoneSpec {
  readonly zone: string;
  readonly clockChanges: ClockChanges;
}

/** The right column that a declared column goes to, or null where it is skipped. */
export function targetOf(column: ColumnDeclaration): string | null {
  if (typeof column === 'string') return column;
  return 'skip' in column ? null : column.to;
}
