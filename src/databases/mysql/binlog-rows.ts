import type { Change } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import { tableName } from '../../model/schema.ts';
import type { Row, Value } from '../../model/value.ts';
import { corrupt, packedAt } from './binlog-events.ts';
import type { TablePlan } from './binlog-tables.ts';
import type { Cursor } from './binlog-values.ts';
import { NotText } from './charset.ts';

export type RowOperation = 'insert' | 'update' | 'delete';

/**
 * The rows of an event, appended to `changes`. `at` is behind the event's own head, where the number of columns stands;
 * then come a bitmap of the columns that each image holds, and the images, each with a bitmap of its NULLs. Throws
 * TD3006, TD6010.
 */
export function readRows(
  plan: TablePlan,
  op: RowOperation,
  buffer: Buffer,
  at: number,
  end: number,
  changes: Change[],
): void {
  const count = packedAt(buffer, at);
  if (count.value !== plan.columns.length) throw corrupt('rows with another number of columns than their table');
  const bitmapBytes = (count.value + 7) >> 3;
  const first = new Image(plan, buffer.subarray(count.next, count.next + bitmapBytes));
  const cursor: Cursor = { buffer, at: count.next + bitmapBytes };
  const { table } = plan;
  if (op === 'update') {
    const second = new Image(plan, buffer.subarray(cursor.at, cursor.at + bitmapBytes));
    cursor.at += bitmapBytes;
    while (cursor.at < end) {
      const before = first.read(cursor, null);
      changes.push({ op, table, before, after: second.read(cursor, before) });
    }
  } else if (op === 'insert') {
    while (cursor.at < end) changes.push({ op, table, before: null, after: first.read(cursor, null) });
  } else {
    while (cursor.at < end) changes.push({ op, table, before: first.read(cursor, null), after: null });
  }
  if (cursor.at !== end) throw corrupt('rows that do not end with their event');
}

/** Why the rows of an event do not tell all; null where they do. Nobody may take an absent column for NULL. */
export function incomplete(plan: TablePlan, op: RowOperation, buffer: Buffer, at: number): TandemError | null {
  const count = packedAt(buffer, at);
  const isPresent = (_: unknown, bit: number): boolean =>
    ((buffer[count.next + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
  if (plan.columns.every(isPresent)) return null;
  const absent = plan.columns.filter((column, bit) => !isPresent(column, bit) && !column.generated);
  if (absent.length === 0) return null;
  const table = tableName(plan.table.ref);
  return new TandemError('TD6006', `The log holds rows of ${table} without all their columns.`, {
    expected: 'binlog_row_image=FULL in every session that writes to linked tables',
    found: `rows without ${absent.map((column) => column.name).join(', ')}`,
    fix: 'SET GLOBAL binlog_row_image = FULL; and remove SET SESSION binlog_row_image from the application.',
    at: { table },
  });
}

/** Which columns the images of one event hold. */
class Image {
  readonly #plan: TablePlan;
  /** Ordinals of the columns that are there; null = all. */
  readonly #present: readonly number[] | null;

  constructor(plan: TablePlan, bitmap: Buffer) {
    this.#plan = plan;
    const isPresent = (_: unknown, at: number) => ((bitmap[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
    this.#present = plan.columns.every(isPresent) ? null : [...plan.columns.keys()].filter(isPresent);
  }

  /** `before` fills in what an UPDATE did not touch (MariaDB's FULL_NODUP). */
  read(cursor: Cursor, before: Row | null): Row {
    try {
      return this.#present === null ? readWhole(cursor, this.#plan) : this.#readPartly(cursor, this.#present, before);
    } catch (thrown) {
      throw this.#explain(thrown);
    }
  }

  #readPartly(cursor: Cursor, present: readonly number[], before: Row | null): Row {
    const { buffer } = cursor;
    const { columns } = this.#plan;
    const row: (Value | undefined)[] = before === null ? columns.map(() => undefined) : [...before];
    const nullsAt = cursor.at;
    cursor.at += (present.length + 7) >> 3;
    for (const [bit, ordinal] of present.entries()) {
      const column = columns[ordinal];
      const isNull = ((buffer[nullsAt + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
      if (column !== undefined) row[ordinal] = isNull ? null : column.read(cursor, column);
    }
    return row;
  }

  #explain(thrown: unknown): unknown {
    if (thrown instanceof RangeError) return corrupt('a row that ends before its last column');
    if (!(thrown instanceof NotText)) return thrown;
    const table = tableName(this.#plan.table.ref);
    return new TandemError('TD3006', `A text of ${table} in the log is not in its column's character set.`, {
      found: thrown.message,
      fix:
        'Mend the text where it stands, then start again: both tables are compared then. ' +
        'MariaDB takes bytes above 127 into an ascii column, and halves of surrogate pairs.',
      at: { table },
    });
  }
}

/** `blank` is copied, because an array that grows by pushing keeps twice the room for as long as it lives. */
function readWhole(cursor: Cursor, { columns, blank }: TablePlan): Row {
  const { buffer } = cursor;
  const count = columns.length;
  const row: Value[] = [...blank];
  const nullsAt = cursor.at;
  cursor.at += (count + 7) >> 3;
  for (let at = 0; at < count; at++) {
    const column = columns[at];
    const isNull = ((buffer[nullsAt + (at >> 3)] ?? 0) & (1 << (at & 7))) !== 0;
    if (!isNull && column !== undefined) row[at] = column.read(cursor, column);
  }
  return row;
}
