import type { Position } from '../../model/change.ts';
import type { Checkpoint, CheckpointMove } from '../../model/endpoint.ts';
import type { TableShape } from '../../model/plan.ts';
import type { Column } from '../../model/schema.ts';
import { STATE_TABLES, type StateColumn, type StateTable, type StateTableName } from '../../model/state.ts';
import { quoteName, quoteTable, quoteText } from './literals.ts';
import type { Cells } from './session.ts';

/** Texts compare byte by byte, save for blanks at their end, in every key of a state table. */
const collation = 'utf8mb4_bin';

export const stateTableNames = Object.keys(STATE_TABLES) as StateTableName[];

function stateTable(name: StateTableName): StateTable {
  return STATE_TABLES[name];
}

/** The state tables as shapes: all columns, in the order of their definition. */
export function stateShapes(schema: string): Readonly<Record<StateTableName, TableShape>> {
  const entries = stateTableNames.map((name) => {
    const { columns, key } = stateTable(name);
    const shape: TableShape = {
      ref: { schema, table: name },
      columns: columns.map(asColumn),
      key: key.map((each) => columns.findIndex((column) => column.name === each)),
    };
    return [name, shape] as const;
  });
  return Object.fromEntries(entries) as Record<StateTableName, TableShape>;
}

function asColumn(column: StateColumn): Column {
  const text = column.kind === 'text';
  return {
    name: column.name,
    kind: column.kind,
    native: nativeType(column),
    nullable: column.nullable,
    hasDefault: false,
    auto: false,
    generated: false,
    values: null,
    length: column.length,
    precision: null,
    scale: null,
    fraction: null,
    unsigned: false,
    charset: text ? 'utf8mb4' : null,
    collation: text ? collation : null,
    element: null,
  };
}

function nativeType(column: StateColumn): string {
  if (column.kind === 'bigint') return 'bigint';
  return column.length === null ? 'longtext' : `varchar(${column.length})`;
}

/** The statement that creates one state table. */
export function createStateTable(schema: string, name: StateTableName): string {
  const { columns, key, uniques } = stateTable(name);
  const lines = columns.map(
    (column) => `${quoteName(column.name)} ${nativeType(column)} ${column.nullable ? 'NULL' : 'NOT NULL'}`,
  );
  lines.push(`PRIMARY KEY (${key.map(quoteName).join(', ')})`);
  for (const unique of uniques) lines.push(`UNIQUE KEY (${unique.map(quoteName).join(', ')})`);
  const table = quoteTable({ schema, table: name });
  return (
    `CREATE TABLE ${table} (\n  ${lines.join(',\n  ')}\n) ` +
    `ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE ${collation}`
  );
}

/** The statements around the checkpoint row of one target. */
export interface CheckpointSql {
  readonly select: (stream: string, lane: string) => string;
  readonly seed: (stream: string, lane: string, move: CheckpointMove) => string;
  readonly raiseEpoch: (stream: string, lane: string) => string;
  /** Compare-and-set: matches no row when epoch or seq are no longer those of `held`. */
  readonly move: (held: Checkpoint, move: CheckpointMove) => string;
}

export function checkpointSql(schema: string): CheckpointSql {
  const table = quoteTable({ schema, table: 'checkpoint' });
  const row = (stream: string, lane: string) => `stream = ${quoteText(stream)} AND lane = ${quoteText(lane)}`;
  const columns = 'stream, lane, `position`, epoch, seq, `floor`, `known`, effective_us';
  return {
    select: (stream, lane) => `SELECT ${columns} FROM ${table} WHERE ${row(stream, lane)}`,
    seed: (stream, lane, move) =>
      `INSERT INTO ${table} (${columns}) ` +
      `VALUES (${quoteText(stream)}, ${quoteText(lane)}, ${quoteText(move.position)}, 0, 0, ` +
      `${nullable(move.floor)}, ${nullable(move.known)}, ${move.effectiveUs}) ` +
      // Assigning a column to itself changes nothing in a row that exists, and the log does not see it.
      'ON DUPLICATE KEY UPDATE seq = seq',
    raiseEpoch: (stream, lane) => `UPDATE ${table} SET epoch = epoch + 1, seq = seq + 1 WHERE ${row(stream, lane)}`,
    move: (held, move) =>
      `UPDATE ${table} SET \`position\` = ${quoteText(move.position)}, seq = seq + 1, ` +
      `\`floor\` = ${nullable(move.floor)}, \`known\` = ${nullable(move.known)}, effective_us = ${move.effectiveUs} ` +
      `WHERE ${row(held.stream, held.lane)} AND epoch = ${held.epoch} AND seq = ${held.seq}`,
  };
}

function nullable(text: string | null): string {
  return text === null ? 'NULL' : quoteText(text);
}

/** The row that {@link CheckpointSql.select} reads. */
export function readCheckpoint(cells: Cells): Checkpoint {
  const [stream, lane, position, epoch, seq, floor, known, effectiveUs] = cells;
  return {
    stream: String(stream),
    lane: String(lane),
    position: String(position) as Position,
    epoch: Number(epoch),
    seq: Number(seq),
    floor: floor === null || floor === undefined ? null : (String(floor) as Position),
    known: known === null || known === undefined ? null : (String(known) as Position),
    effectiveUs: Number(effectiveUs),
  };
}
