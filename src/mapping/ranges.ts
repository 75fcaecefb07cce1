import type { Column } from '../model/schema.ts';

export interface IntegerRange {
  readonly lowest: bigint;
  readonly highest: bigint;
}

/** Bits by the engines' words for integer types; `int` and `int4` are the same four bytes everywhere. */
const BITS: Readonly<Record<string, number>> = {
  tinyint: 8,
  int1: 8,
  smallint: 16,
  int2: 16,
  smallserial: 16,
  mediumint: 24,
  int3: 24,
  int: 32,
  integer: 32,
  int4: 32,
  serial: 32,
  bigint: 64,
  int8: 64,
  bigserial: 64,
};

/** What an integer column holds, or null where its type is not known to have limits. YEAR holds 0 and 1901..2155. */
export function integerRange(column: Column): IntegerRange | null {
  const word = /^[a-z0-9]+/.exec(column.native.toLowerCase())?.[0] ?? '';
  if (word === 'year') return { lowest: 0n, highest: 2155n };
  const bits = BITS[word] ?? (column.kind === 'int' ? 32 : column.kind === 'bigint' ? 64 : undefined);
  if (bits === undefined) return null;
  const size = 1n << BigInt(bits);
  return column.unsigned ? { lowest: 0n, highest: size - 1n } : { lowest: -size / 2n, highest: size / 2n - 1n };
}

/** Does everything that `inner` holds fit into `outer`? */
export function contains(outer: IntegerRange, inner: IntegerRange | null): boolean {
  return inner !== null && inner.lowest >= outer.lowest && inner.highest <= outer.highest;
}
