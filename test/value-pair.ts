import { expect } from 'vitest';
import type { DeclaredCodec, End, EngineName } from '../src/mapping/declaration.ts';
import { compilePair } from '../src/mapping/pair.ts';
import { TandemError } from '../src/model/error.ts';
import type { Column } from '../src/model/schema.ts';
import { sameValue, type Value } from '../src/model/value.ts';

/** Two columns of two engines. */
export interface Ends {
  readonly left: Column;
  readonly right: Column;
  readonly engines: readonly [EngineName, EngineName];
}

/** What happens to values between two columns, both ways, and what counts as one value on each side. */
export interface ValuePair {
  /** Null where every value passes unchanged. */
  readonly codec: unknown;
  toRight(this: void, value: Value): Value;
  toLeft(this: void, value: Value): Value;
  canonLeft(this: void, value: Value): Value;
  canonRight(this: void, value: Value): Value;
}

/** Compiles the pair as `compile` does. Throws Error for a codec that is not for these columns. */
export function pairOf({ left, right, engines }: Ends, declared: DeclaredCodec | null = null): ValuePair {
  const at = { link: 'l', left: left.name, right: right.name };
  const ends: readonly [End, End] = [
    { engine: engines[0], column: left, at },
    { engine: engines[1], column: right, at },
  ];
  const placed = declared?.between?.(...ends) ?? declared;
  if (placed !== null && 'expected' in placed) throw new Error(placed.expected);
  const { codec, canon } = compilePair(...ends, placed);
  return {
    codec,
    toRight: (value) => (codec === null ? value : codec.toRight(value)),
    toLeft: (value) => (codec === null ? value : codec.toLeft(value)),
    canonLeft: (value) => (value === null || !canon?.left ? value : canon.left(value)),
    canonRight: (value) => (value === null || !canon?.right ? value : canon.right(value)),
  };
}

/**
 * The value of `work`, or undefined where the row would be parked. Anything but a TandemError of class row is a bug.
 */
export function orParked<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof TandemError && thrown.class === 'row') return undefined;
    throw thrown;
  }
}

/**
 * The law of every pair, for one value of one side: it comes back as it was, or as one that counts for the same, or is
 * parked. True where it arrived.
 */
export function obeysLaw(pair: ValuePair, side: 'left' | 'right', column: Column, value: Value): boolean {
  const [there, back] = side === 'left' ? [pair.toRight, pair.toLeft] : [pair.toLeft, pair.toRight];
  const canon = side === 'left' ? pair.canonLeft : pair.canonRight;
  const arrived = orParked(() => there(value));
  if (arrived === undefined) return false;
  expect(sameValue(column.kind, canon(back(arrived)), canon(value))).toBe(true);
  expect(sameValue(column.kind, canon(canon(value)), canon(value))).toBe(true);
  return true;
}
