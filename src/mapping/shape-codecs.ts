import { TandemError } from '../model/error.ts';
import type { Value } from '../model/value.ts';
import type { DeclaredCodec, End } from './declaration.ts';
import { conversion } from './kinds.ts';
import { type Placement, placedCodec } from './placed-codec.ts';
import { chain, type Convert } from './refuse.ts';
import { roundDecimal } from './rounding.ts';

/**
 * Truth as programs of C and PHP take it: 0 is false and every other number is true. All true numbers count as one
 * value, and the side that holds a 2 or a -1 keeps it; written anew it is 1.
 */
export function truthy(): DeclaredCodec & { readonly codec: 'truthy' } {
  return placedCodec('truthy', 'truthy', (left, right) => {
    const kinds = [left.column.kind, right.column.kind];
    if (!kinds.includes('bool') || !kinds.every((kind) => kind === 'bool' || kind === 'int')) {
      return { expected: 'a boolean on one side, and a boolean or an integer on the other' };
    }
    const [onLeft, onRight] = [truthIn(left), truthIn(right)];
    return { nulls: 'keep', toRight: onRight, toLeft: onLeft, canon: { left: onLeft, right: onRight } };
  });
}

function truthIn({ column }: End): (value: Value) => Value {
  if (column.kind === 'int') return (value) => (value === 0 || value === false ? 0 : 1);
  return (value) => value !== 0 && value !== false;
}

/**
 * Digits after the point that the other column does not keep are rounded, a half away from zero. They do not count: the
 * finer side keeps what it has stored.
 */
export function rounded(): DeclaredCodec & { readonly codec: 'rounded' } {
  return placedCodec('rounded', 'rounded', (left, right) => {
    const [ofLeft, ofRight] = [scaleOf(left), scaleOf(right)];
    if (ofLeft === null || ofRight === null || ofLeft === ofRight) {
      return { expected: 'exact numbers, of which one side keeps fewer digits after the point' };
    }
    const digits = Math.min(ofLeft, ofRight);
    const round: Convert = (value) => (typeof value === 'string' ? roundDecimal(value, digits) : value);
    const unchanged: Convert = (value) => value;
    return {
      nulls: 'keep',
      toRight: chain(round, conversion(left, right)) ?? unchanged,
      toLeft: chain(round, conversion(right, left)) ?? unchanged,
      canon: { left: ofLeft > digits ? round : null, right: ofRight > digits ? round : null },
    };
  });
}

/** Digits after the point that a column of exact numbers keeps; null for other columns. */
function scaleOf({ column }: End): number | null {
  if (column.kind === 'int' || column.kind === 'bigint') return 0;
  if (column.kind !== 'decimal') return null;
  return column.precision === null ? Number.POSITIVE_INFINITY : (column.scale ?? 0);
}

/**
 * The empty text on the left is NULL on the right. Where the left may be NULL, too, both count as one value there, and
 * the left keeps what it has; else a NULL becomes the empty text.
 */
export function emptyAsNull(): DeclaredCodec & { readonly codec: 'emptyAsNull' } {
  return placedCodec('emptyAsNull', 'emptyAsNull', (left, right) => {
    if (left.column.kind !== 'text' || right.column.kind !== 'text' || !right.column.nullable) {
      return { expected: 'a text on the left and a text that may be NULL on the right' };
    }
    const empty = left.column.nullable ? null : '';
    return {
      nulls: 'convert',
      toRight: (value) => (value === '' ? null : value),
      toLeft: (value) => value ?? empty,
      canon: { left: (value) => (value === '' ? empty : value), right: null },
    };
  });
}

/**
 * A UUID on the left, the bytes of `UUID_TO_BIN(uuid, 1)` on the right: the groups of the time are exchanged, so that
 * UUIDs of version 1 are stored in the order of their making.
 */
export function swappedUuid(): DeclaredCodec & { readonly codec: 'swappedUuid' } {
  return placedCodec('swappedUuid', 'swappedUuid', (left, right) => {
    const { kind, length } = left.column;
    const holdsUuid = kind === 'uuid' || (kind === 'text' && (length === null || length >= UUID_LENGTH));
    if (!holdsUuid || right.column.kind !== 'bytes' || right.column.length !== 16) {
      return { expected: 'a UUID, or a text of 36 characters, on the left and binary(16) on the right' };
    }
    return kind === 'text' ? { ...SWAPPED, canon: { left: lowerCase, right: null } } : SWAPPED;
  });
}

const UUID_LENGTH = 36;
const UUID = /^([\da-f]{8})-([\da-f]{4})-([\da-f]{4})-([\da-f]{4})-([\da-f]{12})$/;
const SWAPPED_HEX = /^([\da-f]{4})([\da-f]{4})([\da-f]{8})([\da-f]{4})([\da-f]{12})$/;

const SWAPPED: Placement = {
  nulls: 'keep',
  toRight(value) {
    const [, low, middle, high, variant, node] = UUID.exec(String(value)) ?? [];
    if (low === undefined) throw new TandemError('TD3004', 'the text is no UUID', { expected: 'a UUID' });
    return new Uint8Array(Buffer.from(`${high}${middle}${low}${variant}${node}`, 'hex'));
  },
  toLeft(value) {
    const [, high, middle, low, variant, node] =
      SWAPPED_HEX.exec(Buffer.from(value as Uint8Array).toString('hex')) ?? [];
    if (low === undefined) throw new TandemError('TD3004', 'the bytes are no UUID', { expected: '16 bytes' });
    return `${low}-${middle}-${high}-${variant}-${node}`;
  },
};

function lowerCase(value: Value): Value {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
