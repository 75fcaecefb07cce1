import type { Column } from '../../model/schema.ts';
import { plainDecimal, type Row, type Value } from '../../model/value.ts';

/** The text of a key or unique value: equal exactly where this database holds two values for the same. */
export function identityOf(row: Row, columns: readonly Column[], at: readonly number[]): string | null {
  let text = '';
  for (const index of at) {
    const value = row[index];
    const column = columns[index];
    if (value === null || value === undefined || column === undefined) return null;
    text += `${identityOfValue(value, column)}\u0000`;
  }
  return text;
}

function identityOfValue(value: Exclude<Value, null>, column: Column): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'string') {
    if (column.kind === 'decimal') return plainDecimal(value);
    return column.collation === 'nocase' ? value.toLowerCase() : value;
  }
  return typeof value === 'object'
    ? JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item))
    : String(value);
}

/** The order in which a scan walks: numbers by size, everything else by code units. */
export function compareValues(a: Value | undefined, b: Value | undefined): number {
  if ((typeof a === 'number' && typeof b === 'number') || (typeof a === 'bigint' && typeof b === 'bigint')) {
    return a < b ? -1 : Number(a > b);
  }
  const left = a instanceof Uint8Array ? Buffer.from(a).toString('hex') : String(a);
  const right = b instanceof Uint8Array ? Buffer.from(b).toString('hex') : String(b);
  return left < right ? -1 : Number(left > right);
}
