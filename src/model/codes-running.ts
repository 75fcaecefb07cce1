import { entry, type CodeEntry } from './code-entry.ts';

/**
 * What happens on the way: values (3), log positions (6), applying (7), conflicts and verification (8), Tandem itself
 * (9).
 */
export const RUNNING_CODES = {
  TD3001: entry('VALUE_UNKNOWN', 'row', 1, 'A value is not among those that the codec or the column knows.'),
  TD3002: entry(
    'VALUE_LOSSY',
    'row',
    1,
    'A value does not come back as it was after a round trip through its codec and the other column. Where digits ' +
      'after the point may be lost, the codec rounded says so.',
  ),
  TD3003: entry(
    'VALUE_RANGE',
    'row',
    1,
    'A value is out of the range of the column on the other side. Between a boolean and a number other than 0 and 1, ' +
      'the codec truthy takes all of them for true.',
  ),
  TD3004: entry(
    'VALUE_UNREPRESENTABLE',
    'row',
    1,
    'The other database cannot hold this value at all (NaN, infinity, a zero date). The codecs zeroDateAs and ' +
      'infinityAs say what stands for such dates; docs/types.md lists what parks, type by type.',
  ),
  TD3005: entry(
    'VALUE_NUL_BYTE',
    'row',
    1,
    'PostgreSQL text cannot hold the character U+0000. The codec stripNul leaves it out there.',
  ),
  TD3006: entry(
    'VALUE_ENCODING',
    'row',
    1,
    "A text cannot be decoded from or encoded into the column's character set.",
  ),
  TD3007: entry('VALUE_SIZE', 'row', 1, "A value is longer than the column or the server's packet limit allows."),
  TD3008: entry('CODEC_FAILED', 'row', 1, "The user's own codec or filter threw an error."),
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
    'The log holds an event without whole row images (STATEMENT format, MINIMAL image, partial JSON). The table ' +
      'group stops and heals by comparing whole tables, again and again until every session logs whole rows.',
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
  TD6030: entry(
    'TARGET_REWOUND',
    'history',
    7,
    'The target lost changes that it had confirmed: a failover or a restore took it back in time. Tandem starts over ' +
      'from what the target still holds. Where the source no longer has the rest, that start names the gap.',
  ),
  TD6031: entry(
    'SERVER_IN_RECOVERY',
    'transient',
    4,
    'The server is a standby: it takes no writes and has no log of its own. Tandem waits until it is promoted.',
  ),
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
  TD8002: entry(
    'POLICY_FAILED',
    'row',
    1,
    'The custom conflict function threw an error or returned no valid row; the row waits for a person.',
  ),
  TD8003: entry('MERGE_AMBIGUOUS', 'row', 1, 'Natural keys match more than one row; Tandem does not guess.'),
  TD8004: entry(
    'NOT_IN_STEP',
    'setup',
    2,
    'The two sides hold different rows. A row is carried over whole when it changes; until then it stays.',
  ),
  TD8005: entry(
    'PAIRING_PENDING',
    'row',
    1,
    'A row with the same natural key stands on the other side. Home pairs the two; until then this one is owed.',
  ),
  TD8040: entry(
    'PARKED_UNKNOWN',
    'setup',
    1,
    'No parked row has this name. It may have healed meanwhile: `tandem parked ls` lists those that are parked now.',
  ),
  TD8041: entry(
    'PARKED_AMBIGUOUS',
    'setup',
    64,
    'Several parked rows have this name, in different links or directions. Say which with --link or --direction.',
  ),
  TD8042: entry(
    'PARKED_SOURCE_GONE',
    'setup',
    1,
    'The row was deleted at its source. There is nothing to change there; trying it again deletes it at the target.',
  ),
  TD8043: entry(
    'PARKED_VALUE',
    'setup',
    64,
    'A value that was given for a column is not one that the column can hold, or the link has no such column.',
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
