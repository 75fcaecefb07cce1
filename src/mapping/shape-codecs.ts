import { TandemError } from '../model/error.ts';
import type { Value } from '../model/value.ts';
import type { DeclaredCodec, End } from './declaration.ts';
import { type Placement, placedCodec } from './placed-codec.ts';

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
