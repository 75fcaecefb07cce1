import { TandemError } from '../../model/error.ts';
import { type TableRef, tableName } from '../../model/schema.ts';

// Why some rows of a table changed without the log telling which. The table's group stops and heals by what the tables
// hold.

export function statementOnly(ref: TableRef): TandemError {
  const table = tableName(ref);
  return new TandemError('TD6006', `The log holds a statement on ${table} in place of its rows.`, {
    expected: 'binlog_format=ROW in every session that writes to linked tables',
    found: 'binlog_format=STATEMENT or MIXED, or a partition changed as a whole',
    fix: 'SET GLOBAL binlog_format = ROW; and remove SET SESSION binlog_format from the application.',
    at: { table },
  });
}

export function partialJson(ref: TableRef): TandemError {
  const table = tableName(ref);
  return new TandemError('TD6006', `The log holds parts of JSON values of ${table} only.`, {
    expected: 'an empty binlog_row_value_options in every session that writes to linked tables',
    found: 'binlog_row_value_options=PARTIAL_JSON',
    fix: "SET GLOBAL binlog_row_value_options = '';",
    at: { table },
  });
}

export function partlyUndone(ref: TableRef): TandemError {
  const what = 'A transaction mixes tables with and without transactions, and was partly undone.';
  return new TandemError('TD6006', what, {
    fix: 'Convert tables of MyISAM, Aria or MEMORY that are written together with linked tables to InnoDB.',
    at: { table: tableName(ref) },
  });
}

export function preparedBefore(ref: TableRef): TandemError {
  const what = 'An XA transaction was committed whose rows were logged before Tandem began to read.';
  return new TandemError('TD6006', what, {
    fix: 'Nothing has to be done, since both sides are compared. XA COMMIT ... ONE PHASE avoids it.',
    at: { table: tableName(ref) },
  });
}

export function movedHere(ref: TableRef): TandemError {
  const table = tableName(ref);
  return new TandemError('TD7005', `${table} is a table that had another name before.`, {
    found: 'a RENAME in the log; what changed under the other name was not read',
    fix: 'Nothing has to be done, since both sides are compared.',
    at: { table },
  });
}
