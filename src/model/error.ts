/**
 * What the engine does about an error. Decided here once per code, never at a call site (design: correctness 9.1).
 *
 * - `transient`: roll back everything, try again with back-off for as long as it takes, never park
 * - `row`: this row cannot be applied as it is
 * - `schema`: this table group no longer fits the plan; the others go on
 * - `history`: the log cannot be read on without a gap, or is not ours to read; stop, never skip
 * - `fenced`: another engine has taken over; this one ends
 * - `setup`: configuration, privilege or server setting; nothing starts until it is mended
 * - `internal`: a broken invariant of Tandem itself
 */
export type ErrorClass = 'transient' | 'row' | 'schema' | 'history' | 'fenced' | 'setup' | 'internal';

export interface CodeEntry {
  readonly name: string;
  readonly class: ErrorClass;
  /** Exit code of a command that ends with it (3 config, 4 connection or privilege, 5 precondition, 7 position lost, 1 other). */
  readonly exit: number;
  /** What it means and what to do, for `tandem explain`. Plain text, a few sentences. */
  readonly help: string;
}

export interface ErrorDetails {
  /** What was expected and what was found, in words without row values. */
  readonly expected?: string;
  readonly found?: string;
  /** What to do next; SQL or a command to paste where there is one. */
  readonly fix?: string;
  /** Where: link, table, column, direction, constraint, position. Never a row value, never a secret. */
  readonly at?: Readonly<Record<string, string | number>>;
  readonly cause?: unknown;
}

/** The one error type of Tandem. `code` is stable across versions; see `tandem explain CODE`. */
export class TandemError extends Error {
  override readonly name = 'TandemError';
  readonly code: string;
  readonly title: string;
  readonly class: ErrorClass;
  readonly details: ErrorDetails;

  constructor(code: Code, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const entry: CodeEntry = CODES[code];
    this.code = code;
    this.title = entry.name;
    this.class = entry.class;
    this.details = details;
  }

  /** The same content as JSON, without cause and stack. */
  toJSON(): object {
    const { expected, found, fix, at } = this.details;
    return { code: this.code, name: this.title, message: this.message, expected, found, fix, at };
  }
}

function entry(name: string, errorClass: ErrorClass, exit: number, help: string): CodeEntry {
  return { name, class: errorClass, exit, help };
}

/** Every code of Tandem. Families: 1 loading, 2 mapping, 3 values, 4 connection, 5 settings, 6 position, 7 apply, 8 conflict, 9 internal. */
export const CODES = {
  TD1001: entry(
    'CONFIG_NOT_FOUND',
    'setup',
    3,
    'No tandem.config.ts or tandem.yaml was found. Run `tandem init`, or name a file with --config.',
  ),
  TD1002: entry(
    'CONFIG_INVALID',
    'setup',
    3,
    'The configuration does not have the expected shape. Every place is listed with what was expected there.',
  ),
  TD1003: entry(
    'CONFIG_SECRET_MISSING',
    'setup',
    3,
    'An environment variable or file that the configuration names for a secret is not there. Set it, or pass --env-file.',
  ),
  TD1201: entry(
    'CONFIG_SECRET_LITERAL',
    'setup',
    3,
    'A password is written in the configuration itself. Use ${env:NAME} or ${file:PATH} (env() in TypeScript).',
  ),
  TD2101: entry('TABLE_UNKNOWN', 'setup', 3, 'A link names a table that the database does not have.'),
  TD2103: entry('COLUMN_UNKNOWN', 'setup', 3, 'A link names a column that the table does not have.'),
  TD2104: entry(
    'COLUMN_KIND',
    'setup',
    3,
    'Two linked columns hold different kinds of values and no codec turns one into the other.',
  ),
  TD2105: entry(
    'COLUMN_NULL',
    'setup',
    3,
    'One of two linked columns may be NULL and the other may not. Use nullAs(), or make both alike.',
  ),
  TD2106: entry(
    'COLUMN_VALUES',
    'setup',
    3,
    "The sets of values that two linked columns allow are not each other's image under the codec.",
  ),
  TD2107: entry(
    'COLUMN_UNMAPPED',
    'setup',
    3,
    'A column that needs a value on insert is neither linked nor given a constant.',
  ),
  TD2108: entry(
    'COLUMN_TYPE_UNSUPPORTED',
    'setup',
    3,
    'The column has a type that Tandem does not carry. Leave it out of the link.',
  ),
  TD2109: entry(
    'COLUMN_GENERATED',
    'setup',
    3,
    'A computed column cannot be written. Link it one way, or leave it out.',
  ),
  TD2110: entry(
    'CODEC_ONE_SIDED',
    'setup',
    3,
    'A codec needs both directions, toRight and toLeft, and each must undo the other.',
  ),
  TD2201: entry(
    'KEY_MISSING',
    'setup',
    3,
    'A linked table has no primary key and the link declares no unique key in its place.',
  ),
  TD2202: entry('KEY_NOT_LINKED', 'setup', 3, 'Every key column must be linked to a key column of the other side.'),
  TD2203: entry(
    'KEY_SHARED_COLLIDES',
    'setup',
    3,
    'Both sides generate the same keys. Use keys: mapped, or shared with an odd/even split.',
  ),
  TD2204: entry('NATURAL_KEY_INVALID', 'setup', 3, 'A natural key must be covered by a unique key on both sides.'),
  TD2205: entry(
    'KEY_MAPPED_INVALID',
    'setup',
    3,
    'Mapped keys need one key column on each side that its database generates by itself.',
  ),
  TD2301: entry(
    'UNIQUE_ONE_SIDED',
    'setup',
    3,
    'A unique constraint exists on one side only; conflicts on it would show on that side alone.',
  ),
  TD2302: entry(
    'CASCADE_UNLOGGED',
    'setup',
    3,
    'A cascade that its server does not log has no counterpart on the other side.',
  ),
  TD2303: entry(
    'TRIGGER_UNGUARDED',
    'setup',
    3,
    "A trigger on a linked table fires for Tandem's own writes too. Let it test the session variable.",
  ),
  TD2304: entry(
    'LENGTH_NARROWER',
    'setup',
    3,
    'One of two linked columns holds less than the other; longer values cannot be applied.',
  ),
  TD2305: entry(
    'PARENT_NOT_LINKED',
    'setup',
    3,
    'A linked foreign key points to a table that is not linked while its keys differ on both sides.',
  ),
  TD2306: entry(
    'COLLATION_DIFFERS',
    'setup',
    3,
    'Uniqueness is judged by different rules on both sides (case, accents, trailing blanks).',
  ),
  TD2401: entry(
    'SCHEMA_DRIFTED',
    'setup',
    2,
    'The generated schema file no longer matches the database. Run `tandem pull` and review the difference.',
  ),
  TD3001: entry('VALUE_UNKNOWN', 'row', 1, 'A value is not among those that the codec or the column knows.'),
  TD3002: entry(
    'VALUE_LOSSY',
    'row',
    1,
    'A value does not come back as it was after a round trip through its codec and the other column.',
  ),
  TD3003: entry('VALUE_RANGE', 'row', 1, 'A value is out of the range of the column on the other side.'),
  TD3004: entry(
    'VALUE_UNREPRESENTABLE',
    'row',
    1,
    'The other database cannot hold this value at all (NaN, infinity, a zero date).',
  ),
  TD3005: entry('VALUE_NUL_BYTE', 'row', 1, 'PostgreSQL text cannot hold the character U+0000.'),
  TD3006: entry(
    'VALUE_ENCODING',
    'row',
    1,
    "A text cannot be decoded from or encoded into the column's character set.",
  ),
  TD3007: entry('VALUE_SIZE', 'row', 1, "A value is longer than the column or the server's packet limit allows."),
  TD3008: entry('CODEC_FAILED', 'row', 1, "The user's own codec or filter threw an error."),
  TD4001: entry(
    'CONNECT_FAILED',
    'transient',
    4,
    'The server cannot be reached. Check host, port and network; `tandem run` keeps trying.',
  ),
  TD4002: entry('LOGIN_REFUSED', 'setup', 4, 'The server refused the user or the password.'),
  TD4003: entry(
    'PRIVILEGE_MISSING',
    'setup',
    4,
    'The user lacks a right that Tandem needs. The SQL that grants it is given.',
  ),
  TD4004: entry('DATABASE_MISSING', 'setup', 4, 'The database named in the URL does not exist.'),
  TD4005: entry(
    'CONNECTION_LOST',
    'transient',
    4,
    'The connection broke. Everything in flight is rolled back and tried again.',
  ),
  TD5001: entry('WAL_LEVEL', 'setup', 5, 'PostgreSQL must run with wal_level=logical (a restart is needed).'),
  TD5002: entry(
    'SLOTS_EXHAUSTED',
    'setup',
    5,
    'No replication slot or WAL sender is free. Raise max_replication_slots and max_wal_senders.',
  ),
  TD5003: entry(
    'REPLICA_IDENTITY',
    'setup',
    5,
    'A linked table does not log whole old rows. Use REPLICA IDENTITY FULL; `tandem apply` sets it.',
  ),
  TD5004: entry(
    'BINLOG_OFF',
    'setup',
    5,
    'The server writes no binary log. Set log_bin and a server_id (a restart is needed).',
  ),
  TD5005: entry('BINLOG_FORMAT', 'setup', 5, 'binlog_format must be ROW, for every session.'),
  TD5006: entry('BINLOG_ROW_IMAGE', 'setup', 5, 'binlog_row_image must be FULL, for every session.'),
  TD5007: entry(
    'BINLOG_METADATA',
    'setup',
    5,
    'binlog_row_metadata should be FULL, so that old events are read with the columns of their time.',
  ),
  TD5008: entry('GTID_OFF', 'setup', 5, 'MySQL must run with gtid_mode=ON and enforce_gtid_consistency=ON.'),
  TD5009: entry(
    'PARTIAL_JSON',
    'setup',
    5,
    'binlog_row_value_options=PARTIAL_JSON leaves parts of JSON values out of the log. Unset it.',
  ),
  TD5010: entry(
    'TABLE_NOT_TRANSACTIONAL',
    'setup',
    5,
    'A linked table uses a storage engine without transactions. Convert it to InnoDB.',
  ),
  TD5011: entry(
    'RETENTION_UNBOUNDED',
    'setup',
    5,
    'max_slot_wal_keep_size has no limit: a stopped Tandem could fill the disk with WAL. Set a limit.',
  ),
  TD5012: entry(
    'RETENTION_SHORT',
    'setup',
    5,
    'The binary log is kept only for a short time; a longer stop of Tandem would lose it.',
  ),
  TD5013: entry(
    'NOT_APPLIED',
    'setup',
    5,
    'The state tables, publication or slot of this sync are not there. Run `tandem plan`, then `tandem apply`.',
  ),
  TD5014: entry('SERVER_VERSION', 'setup', 5, 'This server version is not supported.'),
  TD5015: entry(
    'DURABILITY_RELAXED',
    'setup',
    5,
    'The server may lose acknowledged commits in a crash (sync_binlog, innodb_flush_log_at_trx_commit).',
  ),
  TD5016: entry(
    'BINLOG_FILTERED',
    'setup',
    5,
    'A binlog filter (binlog_ignore_db, binlog_do_db) hides tables that Tandem must see.',
  ),
  TD5017: entry(
    'STATE_TAKEN',
    'setup',
    5,
    'The state tables belong to another sync, or to the other side of this one. Give each its own stateSchema.',
  ),
  TD6001: entry(
    'SLOT_LOST',
    'history',
    7,
    'The replication slot is gone or invalidated. Changes made since cannot be read from the log.',
  ),
  TD6002: entry('LOG_PURGED', 'history', 7, 'The binary log no longer holds the changes after the checkpoint.'),
  TD6003: entry(
    'GAP_DETECTED',
    'history',
    7,
    'The log continues after the checkpoint: changes in between would be skipped. Nothing was skipped; Tandem stopped.',
  ),
  TD6004: entry(
    'SOURCE_REWOUND',
    'history',
    7,
    'The source lacks changes that were already applied: a failover or a restore took it back in time.',
  ),
  TD6005: entry('HISTORY_CHANGED', 'history', 7, 'The checkpoint belongs to another server or another history of it.'),
  TD6006: entry(
    'LOG_FORMAT',
    'schema',
    5,
    'The log holds an event without whole row images (STATEMENT format, MINIMAL image, partial JSON).',
  ),
  TD6007: entry(
    'MARKER_FOREIGN',
    'history',
    7,
    "Somebody else wrote Tandem's checkpoint table. The origin of changes can no longer be told.",
  ),
  TD6008: entry(
    'MARKER_MISSING',
    'setup',
    5,
    'The self-test wrote its marker and did not see it in the log: the state tables are filtered out or not published.',
  ),
  TD6009: entry(
    'SLOT_BUSY',
    'transient',
    4,
    'Another process reads the replication slot. Tandem waits for it to be released.',
  ),
  TD6010: entry('LOG_CORRUPT', 'history', 7, 'An event of the log could not be decoded. Nothing was skipped.'),
  TD7001: entry('DUPLICATE', 'row', 1, 'Another row already holds a unique value of this row.'),
  TD7002: entry(
    'FOREIGN_KEY',
    'row',
    1,
    "The row's parent is missing, or a row that is to be deleted still has children.",
  ),
  TD7003: entry('NOT_NULL', 'row', 1, 'A column that may not be NULL would receive NULL.'),
  TD7004: entry('CHECK_FAILED', 'row', 1, 'A CHECK constraint or a trigger of the target refused the row.'),
  TD7005: entry('TABLE_CHANGED', 'schema', 1, 'A linked table no longer has the columns that the plan was made for.'),
  TD7006: entry(
    'DEADLOCK',
    'transient',
    1,
    'The server ended the transaction to resolve a deadlock; it is tried again.',
  ),
  TD7007: entry(
    'LOCK_TIMEOUT',
    'transient',
    1,
    'A row stayed locked by somebody else; the transaction is rolled back and tried again.',
  ),
  TD7008: entry('TARGET_READ_ONLY', 'transient', 1, 'The target accepts no writes now; Tandem keeps trying.'),
  TD7009: entry(
    'TARGET_BUSY',
    'transient',
    1,
    'The target is starting, stopping, full or has no connection free; Tandem keeps trying.',
  ),
  TD7010: entry(
    'COMMIT_FAILED',
    'transient',
    1,
    'The server did not confirm the commit. Its outcome is read back before anything goes on.',
  ),
  TD7011: entry(
    'TRUNCATED',
    'schema',
    1,
    'A linked table was truncated. Its table group stops until it is decided what that means for the other side.',
  ),
  TD7012: entry(
    'ROW_REFUSED',
    'row',
    1,
    "The target refused the row for a reason that has no code of its own; the server's own code is given.",
  ),
  TD7013: entry(
    'PARENT_UNKNOWN',
    'row',
    1,
    'The row refers to a parent that has no counterpart on the other side yet.',
  ),
  TD7014: entry(
    'NOT_VISIBLE_YET',
    'transient',
    1,
    'The log shows a row that the database does not show yet; Tandem looks again.',
  ),
  TD8001: entry(
    'SIDE_EFFECT',
    'row',
    1,
    'A trigger or cascade changed what Tandem wrote. The result was sent back once.',
  ),
  TD8002: entry('POLICY_FAILED', 'row', 1, 'The custom conflict function threw an error or returned no valid row.'),
  TD8003: entry('MERGE_AMBIGUOUS', 'row', 1, 'Natural keys match more than one row; Tandem does not guess.'),
  TD8004: entry(
    'NOT_IN_STEP',
    'setup',
    2,
    'The two sides hold different rows. A row is carried over whole when it changes next; one that never changes stays as it is.',
  ),
  TD9001: entry(
    'FENCED',
    'fenced',
    1,
    'Another engine has taken over this sync; this one ends without writing anything more.',
  ),
  TD9002: entry(
    'INTERNAL',
    'internal',
    1,
    'An invariant of Tandem itself is broken. Please report it with the output of `tandem status --json`.',
  ),
  TD9003: entry('USAGE', 'setup', 64, 'The command was called with options that do not fit together.'),
  TD9004: entry('NOT_CONFIRMED', 'setup', 6, 'The command changes or removes something and was not confirmed.'),
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

/** Any thrown thing as a TandemError; what has no code of its own becomes INTERNAL with the thing as its cause. */
export function asTandemError(thrown: unknown): TandemError {
  if (thrown instanceof TandemError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new TandemError('TD9002', message, { cause: thrown });
}
