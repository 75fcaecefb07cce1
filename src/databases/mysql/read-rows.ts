import type { TableShape } from '../../model/plan.ts';
import type { Column } from '../../model/schema.ts';
import type { Row, Value } from '../../model/value.ts';
import type { Flavor } from './flavor.ts';
import { literalWriter, quoteName } from './literals.ts';
import { rowsByKey, tableBy } from './locate.ts';
import { rowsOf, type Session } from './session.ts';
import { compileShape, keyOf, matching } from './shape.ts';

/**
 * Tuples in one statement. MariaDB turns lists of 1000 and more into a subquery (in_predicate_conversion_threshold).
 */
export const tuplesMax = 500;
const scanRowsMax = 2_000;

/** Pieces of a list, in order, of `size` items at most. */
export function* pieces<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  if (items.length <= size) {
    if (items.length > 0) yield items;
    return;
  }
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

/** Rows whose columns `by` equal one of the tuples, as the collations of the columns judge it. */
export async function findRows(
  session: Session,
  shape: TableShape,
  by: readonly number[],
  tuples: readonly Row[],
  suffix: '' | ' FOR UPDATE',
): Promise<readonly Row[]> {
  const compiled = compileShape(shape);
  const found: Row[] = [];
  for (const piece of pieces(tuples, tuplesMax)) {
    const table = await tableBy(session, compiled, by);
    const sql = `SELECT ${compiled.selectImage} FROM ${table} WHERE ${matching(compiled, by, piece, false)}${suffix}`;
    for (const cells of await session.rows(sql)) found.push(compiled.decodeImage(cells));
  }
  return found;
}

/** Locks rows by their keys. Images in the order of the keys; null where there is no such row. */
export async function lockRows(
  session: Session,
  flavor: Flavor,
  shape: TableShape,
  keys: readonly Row[],
): Promise<readonly (Row | null)[]> {
  const compiled = compileShape(shape);
  const byIdentity = new Map<string, Row>();
  for (const piece of pieces(keys, tuplesMax)) {
    const sql = `SELECT ${compiled.selectImage} FROM ${await rowsByKey(session, flavor, compiled, piece)} FOR UPDATE`;
    for (const cells of await session.rows(sql)) {
      const image = compiled.decodeImage(cells);
      byIdentity.set(compiled.identity(keyOf(shape, image)), image);
    }
  }
  return keys.map((key) => byIdentity.get(compiled.identity(key)) ?? null);
}

/** All rows in key order. Each chunk is a statement of its own that goes on behind the last key. */
export async function* scanRows(
  withSession: <Result>(work: (session: Session) => Promise<Result>) => Promise<Result>,
  shape: TableShape,
): AsyncGenerator<readonly Row[]> {
  const compiled = compileShape(shape);
  const order = compiled.keyColumns.map(ordered);
  const orderBy = order.map((part) => part.expression).join(', ');
  let last: Row | null = null;
  for (;;) {
    const where: string = last === null ? '' : ` WHERE ${behind(order, last)}`;
    const rest = `${where} ORDER BY ${orderBy} LIMIT ${scanRowsMax}`;
    const sql = `SELECT ${compiled.selectImage} FROM ${compiled.table} t${rest}`;
    const cells = await withSession((session) => rowsOfQuery(session, sql));
    if (cells.length > 0) yield cells.map(compiled.decodeImage);
    const final = cells.at(-1);
    if (final === undefined || cells.length < scanRowsMax) return;
    last = keyOf(shape, compiled.decodeImage(final));
  }
}

async function rowsOfQuery(session: Session, sql: string) {
  const [answer] = await session.run(sql, 1);
  return rowsOf(answer);
}

interface Ordered {
  readonly expression: string;
  readonly write: (value: Value) => string;
}

/** ENUM and SET sort by number but compare with text by text; their text does both alike, at the price of a sort. */
function ordered(column: Column): Ordered {
  const name = `t.${quoteName(column.name)}`;
  const labels = column.kind === 'set' || column.native.startsWith('enum');
  return { expression: labels ? `CONCAT(${name})` : name, write: literalWriter(column) };
}

/** (a, b) > (x, y), spelt so that the optimizer reads a range of the index. */
function behind(order: readonly Ordered[], key: Row): string {
  const alternatives = order.map((part, at) => {
    const equal = order.slice(0, at).map((each, index) => `${each.expression} = ${each.write(key[index] ?? null)}`);
    return [...equal, `${part.expression} > ${part.write(key[at] ?? null)}`].join(' AND ');
  });
  return alternatives.map((alternative) => `(${alternative})`).join(' OR ');
}
