import { TandemError } from '../../model/error.ts';
import type { TableShape } from '../../model/plan.ts';
import { tableName } from '../../model/schema.ts';
import type { Row, Value } from '../../model/value.ts';
import type { Store } from './store.ts';
import type { Table } from './table.ts';

/** A shape laid over a table as it is now. */
export interface Fitted {
  readonly table: Table;
  /** For each column of the shape its place in the table. */
  readonly places: readonly number[];
  readonly shape: TableShape;
}

/** Throws TD7005 where table or columns are not there any more. */
export function fit(store: Store, shape: TableShape): Fitted {
  const table = store.table(tableName(shape.ref));
  return { table, shape, places: shape.columns.map((column) => table.place(column.name)) };
}

/** A row of the table as an image of the shape. */
export function imageOf({ places }: Fitted, row: Row): Row {
  return places.map((at) => row[at]);
}

/** An image as a row of the table; `leave` are indexes of the image that stay undefined. */
export function rowOf({ table, places }: Fitted, image: Row, leave: readonly number[] = []): (Value | undefined)[] {
  const row = Array.from<Value | undefined>({ length: table.columns.length });
  for (let at = 0; at < places.length; at++) {
    if (!leave.includes(at)) row[places[at] ?? -1] = image[at];
  }
  return row;
}

/** The identity of the row with these values of the shape's key. */
export function keyText({ table, places, shape }: Fitted, key: Row): string {
  const row = Array.from<Value | undefined>({ length: table.columns.length });
  shape.key.forEach((at, nth) => {
    row[places[at] ?? -1] = key[nth];
  });
  const text = table.key.identity(row);
  if (text !== null) return text;
  throw new TandemError('TD9002', 'a row is addressed by a key that is not the primary key or holds NULL', {
    at: { table: table.name },
  });
}
