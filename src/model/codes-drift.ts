import { entry, type CodeEntry } from './code-entry.ts';

/** Schemas that change while a sync runs. */
export const DRIFT_CODES = {
  TD5030: entry(
    'SCHEMA_MISFIT',
    'schema',
    5,
    'A linked table has changed so that the mapping no longer fits it. Its table group has stopped in both ' +
      'directions; all others go on. The keys of rows that change meanwhile are noted in the databases, so no log is ' +
      'held up and nothing is lost. Change the table back, or change the mapping and start again: the group then ' +
      'brings those rows into step by itself. `tandem check` shows what differs.',
  ),
  TD5031: entry(
    'COLUMNS_UNNAMED',
    'schema',
    5,
    'A linked table was altered, and the binary log does not name the columns of its rows, so that they cannot be ' +
      'told apart with certainty. Its table group stops until the log is read past the change, then goes on by ' +
      'itself. With binlog_row_metadata = FULL this does not happen.',
  ),
  TD5033: entry(
    'PLAN_OUTDATED',
    'schema',
    5,
    'Linked tables have changed and the mapping fits them as they are now. The sync goes on with a new plan by itself.',
  ),
  TD5032: entry(
    'TABLE_GROUPS_DIFFER',
    'setup',
    5,
    'A foreign key was added or removed, so that the links would form other table groups than those that ' +
      'are running. The sync goes on with the old groups; rows that a foreign key refuses are parked and come later.',
  ),
} as const satisfies Record<string, CodeEntry>;
