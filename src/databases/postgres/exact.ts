import type { Column } from '../../model/schema.ts';

/** Collations under which two texts are equal only if they are the same; of the database's own this is always true. */
const STRICT_COLLATIONS = new Set(['default', 'C', 'POSIX', 'ucs_basic']);

/**
 * The condition that a column holds a value. The type's own equality finds the row, by its index; where it takes more
 * than one value for equal (`Bob` and `bob` of a citext, a month and 30 days), the text decides: a change of `bob` is
 * none of `Bob`.
 */
export function holds(column: Column, name: string, value: string): string {
  const equal = `${name} = ${value}`;
  return isLoose(column) ? `${equal} AND ${name}::text = ${value}::text COLLATE "C"` : equal;
}

function isLoose({ kind, native, collation }: Column): boolean {
  if (kind === 'interval') return true;
  if (kind !== 'text') return false;
  return /(?:^|[."])citext"?$/.test(native) || (collation !== null && !STRICT_COLLATIONS.has(collation));
}
