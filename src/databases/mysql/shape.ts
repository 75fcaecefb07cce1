import type { TableShape } from '../../model/plan.ts';
import type { Column } from '../../model/schema.ts';
import { plainDecimal, type Row, type Value } from '../../model/value.ts';
import { derivedWriter, type LiteralWriter, literalWriter, quoteBytes, quoteName, quoteTable } from './literals.ts';
import type { Cells } from './session.ts';
import { rowDecoder, selectExpression } from './text-values.ts';

/** A {@link TableShape} with everything that its statements need, made once. */
export interface CompiledShape {
  readonly shape: TableShape;
  readonly table: string;
  /** Quoted, in the order of the image. */
  readonly names: readonly string[];
  readonly writers: readonly LiteralWriter[];
  /** The same for a table of literals; see {@link derivedWriter}. */
  readonly derivedWriters: readonly LiteralWriter[];
  /** The select list of a whole image; the table goes by the name `t`. */
  readonly selectImage: string;
  readonly decodeImage: (cells: Cells) => Row;
  readonly selectKey: string;
  readonly decodeKey: (cells: Cells) => Row;
  /** A text that two keys share exactly when they are the same, from the values of the key's columns. */
  readonly identity: (key: Row) => string;
  readonly keyColumns: readonly Column[];
}

const known = new WeakMap<TableShape, CompiledShape>();

export function compileShape(shape: TableShape): CompiledShape {
  const found = known.get(shape);
  if (found !== undefined) return found;
  const keyColumns = shape.key.flatMap((at) => shape.columns[at] ?? []);
  const compiled: CompiledShape = {
    shape,
    table: quoteTable(shape.ref),
    names: shape.columns.map((column) => quoteName(column.name)),
    writers: shape.columns.map(literalWriter),
    derivedWriters: shape.columns.map(derivedWriter),
    selectImage: shape.columns.map(selectExpression).join(', '),
    decodeImage: rowDecoder(shape.columns),
    selectKey: keyColumns.map(selectExpression).join(', '),
    decodeKey: rowDecoder(keyColumns),
    identity: identityOf(keyColumns),
    keyColumns,
  };
  known.set(shape, compiled);
  return compiled;
}

/** The key within an image. */
export function keyOf(shape: TableShape, image: Row): Row {
  return shape.key.map((at) => image[at]);
}

function identityOf(columns: readonly Column[]): (key: Row) => string {
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) return (key) => identityOfValue(only, key[0] ?? null);
  return (key) => {
    let text = '';
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at];
      const part = column === undefined ? '' : identityOfValue(column, key[at] ?? null);
      text += `${part.length}:${part}`;
    }
    return text;
  };
}

function identityOfValue(column: Column, value: Value): string {
  if (typeof value === 'string') return column.kind === 'decimal' ? plainDecimal(value) : value;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  return String(value);
}

/** Text that its column's collation may compare equal to other text. */
function isCollated(column: Column): boolean {
  return column.kind === 'text' && !column.native.startsWith('enum');
}

/**
 * The condition that finds rows by tuples of the columns `by`. Collations decide what is equal, as they do for the
 * unique keys of the table; `exact` adds that texts must be spelt as given, blanks at their end included: by a
 * collation that ignores case, the row `Bob` is found for the key `bob`, but it is another row. The table goes by the
 * name `t`.
 */
export function matching(
  compiled: CompiledShape,
  by: readonly number[],
  tuples: readonly Row[],
  exact: boolean,
): string {
  const names = by.map((at) => `t.${compiled.names[at]}`);
  const writers = by.map((at) => compiled.writers[at] ?? String);
  const found = `${tupleText(names)} IN (${tupleList(writers, tuples)})`;
  const columns = by.flatMap((at) => compiled.shape.columns[at] ?? []);
  if (!exact || !columns.some(isCollated)) return found;
  const exactNames = columns.map((column, at) => (isCollated(column) ? exactText(names[at] ?? '') : (names[at] ?? '')));
  const exactWriters = columns.map((column, at) => (isCollated(column) ? exactLiteral : (writers[at] ?? String)));
  return `${found} AND ${tupleText(exactNames)} IN (${tupleList(exactWriters, tuples)})`;
}

export function exactText(name: string): string {
  return `CAST(CONVERT(${name} USING utf8mb4) AS BINARY)`;
}

function exactLiteral(value: Value): string {
  return typeof value === 'string' ? quoteBytes(Buffer.from(value)) : 'NULL';
}

function tupleText(items: readonly string[]): string {
  return items.length === 1 ? (items[0] ?? '') : `(${items.join(',')})`;
}

function tupleList(writers: readonly LiteralWriter[], tuples: readonly Row[]): string {
  return tuples.map((tuple) => tupleText(writers.map((write, at) => compared(write, tuple[at])))).join(',');
}

/** NULL is equal to nothing, whatever the column allows. */
function compared(write: LiteralWriter, value: Value | undefined): string {
  return value === null || value === undefined ? 'NULL' : write(value);
}
