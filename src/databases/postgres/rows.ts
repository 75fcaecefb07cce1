import type { TableShape } from '../../model/plan.ts';
import type { Column } from '../../model/schema.ts';
import type { Row, Value } from '../../model/value.ts';
import { type Answer, quote, quoteTable } from './connect.ts';
import { joinElements } from './arrays.ts';
import { castType } from './types.ts';
import { type Decode, decoderFor, type Encode, encoderFor } from './values.ts';

/** A shape as SQL, made once and kept as long as the shape is. */
export interface ShapeSql {
  readonly shape: TableShape;
  readonly table: string;
  /** Quoted names, in image order. */
  readonly names: readonly string[];
  readonly encoders: readonly Encode[];
}

const compiled = new WeakMap<TableShape, ShapeSql>();

export function shapeSql(shape: TableShape): ShapeSql {
  const known = compiled.get(shape);
  if (known !== undefined) return known;
  const made: ShapeSql = {
    shape,
    table: quoteTable(shape.ref),
    names: shape.columns.map(({ name }) => quote(name)),
    encoders: shape.columns.map(encoderFor),
  };
  compiled.set(shape, made);
  return made;
}

/** The rows of an answer as images; `first` is where the image begins in each row of the answer. */
export function decodeRows(shape: TableShape, answer: Answer, first = 0): Row[] {
  const decodes: Decode[] = shape.columns.map((column, at) => decoderFor(answer.types[first + at] ?? 0, column).decode);
  return answer.rows.map((cells) => decodes.map((decode, at) => decodeCell(decode, cells[first + at])));
}

export function decodeCell(decode: Decode, cell: string | null | undefined): Value {
  if (cell === null || cell === undefined) return null;
  return decode === null ? cell : decode(cell);
}

/** A table of parameters: one array each for the given columns of the rows, to be taken apart by unnest(). */
export interface Unnested {
  /** `unnest($1::int4[], $2::text[]) WITH ORDINALITY AS v(c0, c1, ord)` */
  readonly from: string;
  /** `v.c0` for each column, with a cast where the array could not have the column's type. */
  readonly fields: readonly string[];
}

/** `first` is the number of the first parameter. */
export function unnest(columns: readonly Column[], first: number): Unnested {
  const arrays = columns.map((column, at) => `$${first + at}::${parameterType(column)}[]`);
  const fields = columns.map((column, at) => (isNested(column) ? `v.c${at}::${castType(column.native)}` : `v.c${at}`));
  const names = columns.map((_, at) => `c${at}, `).join('');
  return { from: `unnest(${arrays.join(', ')}) WITH ORDINALITY AS v(${names}ord)`, fields };
}

/** unnest() would take nested arrays apart too, so these travel as text and are cast row by row. */
function isNested(column: Column): boolean {
  return column.kind === 'array' || column.kind === 'set';
}

function parameterType(column: Column): string {
  return isNested(column) ? 'text' : castType(column.native);
}

/** One column of many rows as an array literal. `rows[i][column]` must not be undefined. */
export function columnLiteral(rows: readonly Row[], column: number, encode: Encode): string {
  return joinElements(rows.map((row) => encode(row[column] ?? null)));
}

export function encodeCell(encode: Encode, value: Value | undefined): string | null {
  return encode(value ?? null);
}

export function pick<T>(items: readonly T[], indexes: readonly number[]): T[] {
  const picked: T[] = [];
  for (const index of indexes) {
    const item = items[index];
    if (item !== undefined) picked.push(item);
  }
  return picked;
}
