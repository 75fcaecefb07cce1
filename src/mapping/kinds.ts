import { TandemError } from '../model/error.ts';
import { canonicalJson } from '../model/json.ts';
import type { Column } from '../model/schema.ts';
import type { Kind, Value } from '../model/value.ts';
import { ADDRESSES } from './addresses.ts';
import { arrayOfJson, jsonOfArray } from './arrays.ts';
import type { End } from './declaration.ts';
import { misfitOf } from './misfits.ts';
import { type Convert, refuse } from './refuse.ts';

/**
 * Which kinds stand for each other without a codec. The compiler checks columns by this table, and the conversions
 * below hold to it; it is symmetric, so that a pair of kinds is convertible both ways or not at all.
 */
export const CONVERTS = {
  int: ['bigint', 'decimal', 'float8', 'bool'],
  bigint: ['int', 'decimal'],
  decimal: ['int', 'bigint'],
  float4: ['float8'],
  float8: ['int', 'float4'],
  bool: ['int', 'bit'],
  bit: ['bool', 'bytes'],
  text: ['uuid', 'json', 'interval', 'set'],
  set: ['array', 'json', 'text'],
  array: ['json', 'set'],
  uuid: ['text', 'bytes'],
  bytes: ['bit', 'uuid'],
  json: ['text', 'array', 'set'],
  date: ['timestamp'],
  time: [],
  timestamp: ['timestamptz', 'date'],
  timestamptz: ['timestamp'],
  interval: ['text'],
  unsupported: [],
} as const satisfies Record<Kind, readonly Kind[]>;

/**
 * The conversions that Tandem makes by itself: those that lose nothing, or that refuse what they would lose. Range,
 * length and fraction of the target column are fit.ts's concern, not theirs.
 */
const CONVERSIONS: Readonly<Record<string, (from: End, to: End) => Convert | null>> = {
  'int>bigint': () => (value) => BigInt(value as number),
  'bigint>int': (_, to) => (value) => numberOf(value as bigint, to),
  'int>decimal': () => String,
  'bigint>decimal': () => String,
  'decimal>int': (_, to) => (value) => numberOf(BigInt(integerText(value, to)), to),
  'decimal>bigint': (_, to) => (value) => BigInt(integerText(value, to)),
  'int>float8': () => null,
  'float8>int': (_, to) => (value) => (Number.isInteger(value) ? value : lossy(to, 'a whole number')),
  'bool>int': () => Number,
  'int>bool': (_, to) => (value) => booleanOf(value, to),
  'bool>bit': (_, to) => (value) => (typeof value === 'boolean' ? (value ? '1' : '0') : refuseBoolean(to)),
  'bit>bool': () => (value) => value === '1',
  'float4>float8': () => null,
  'float8>float4': (_, to) => (value) => {
    const number = value as number;
    return Number.isNaN(number) || Math.fround(number) === number ? value : lossy(to, 'a number of 4-byte precision');
  },
  'bit>bytes': (_, to) => (value) => bytesOfBits(value as string, to),
  'bytes>bit': (_, to) => (value) => bitsOfBytes(value as Uint8Array, to),
  'timestamp>timestamptz': () => null,
  'timestamptz>timestamp': () => null,
  'date>timestamp': () => (value) => `${value as string} 00:00:00`,
  'timestamp>date': (_, to) => (value) => dateOf(value as string, to),
  'uuid>text': () => null,
  'text>uuid': (_, to) => (value) => uuidOf(value as string, to),
  'uuid>bytes': () => (value) => new Uint8Array(Buffer.from((value as string).replaceAll('-', ''), 'hex')),
  'bytes>uuid': (_, to) => (value) => uuidOfBytes(value as Uint8Array, to),
  'json>text': () => null,
  'text>json': (_, to) => (value) => jsonOfText(value as string, to),
  'array>json': (from) => (value) => jsonOfArray(value, from),
  'json>array': (_, to) => (value) => arrayOfJson(value as string, to),
  'interval>text': () => null,
  'text>interval': (_, to) => (value) => intervalOf(value as string, to),
  'set>array': () => null,
  'array>set': (_, to) => (value) => setOf(value as readonly Value[], to),
  'set>json': () => (value) => JSON.stringify(value),
  'json>set': (_, to) => (value) => setOf(stringsOfJson(value as string, to), to),
  'set>text': () => (value) => (value as readonly string[]).join(','),
  'text>set': (_, to) => (value) => setOf(value === '' ? [] : (value as string).split(','), to),
};

/** Can values of the two columns stand for each other without a codec? */
export function convertible(left: Column, right: Column): boolean {
  if (left.kind === 'unsupported' || right.kind === 'unsupported' || misfitOf(left, right) !== null) return false;
  if (left.kind === right.kind) return left.kind !== 'array' || left.element === right.element;
  const kinds: readonly Kind[] = CONVERTS[left.kind];
  return kinds.includes(right.kind) && shapesFit(left, right) && shapesFit(right, left);
}

/** Shapes that the kinds alone do not tell: one bit for a boolean, sixteen bytes and 36 characters for a UUID. */
function shapesFit(from: Column, to: Column): boolean {
  if (from.kind === 'bool' && to.kind === 'bit') return to.length === 1;
  if (from.kind === 'bit' && to.kind === 'bytes') return from.length !== null;
  if (from.kind === 'uuid' && to.kind === 'bytes') return to.length === 16;
  if (from.kind === 'uuid' && to.kind === 'text') return to.length === null || to.length >= 36;
  if (from.kind === 'set' && to.kind === 'array') return to.element === 'text';
  if (from.kind === 'array') return from.element !== null && from.element !== 'bytes';
  return true;
}

/** The conversion for one direction of a pair that is {@link convertible}; null where the value stays as it is. */
export function conversion(from: End, to: End): Convert | null {
  if (from.column.kind === to.column.kind) return addressOf(from, to);
  return CONVERSIONS[`${from.column.kind}>${to.column.kind}`]?.(from, to) ?? null;
}

/** Text for a column of a type of addresses. */
function addressOf(from: End, to: End): Convert | null {
  const printed = ADDRESSES[to.column.native];
  if (printed === undefined || from.column.native === to.column.native) return null;
  return (value) => printed(value as string) ?? unrepresentable(to, `an address of type ${to.column.native}`);
}

const SPELLED: Partial<Record<Kind, readonly Kind[]>> = {
  text: ['uuid', 'json', 'set'],
  array: ['set'],
  json: ['set'],
};

/** The spelling that stands for all of a side's spellings of one value, where the other side's kind knows just one. */
export function kindCanon(own: End, other: End): Convert | null {
  const knowsOne = SPELLED[own.column.kind]?.includes(other.column.kind) === true;
  if (!knowsOne && addressOf(own, other) === null && !isExactList(own, other)) return null;
  const there = conversion(own, other);
  const back = conversion(other, own);
  return (value) => {
    try {
      const canonical = there === null ? value : there(value);
      return back === null ? canonical : back(canonical);
    } catch (thrown) {
      // What is no spelling of anything over there stands for itself; converting it will say what is wrong with it.
      if (thrown instanceof TandemError) return value;
      throw thrown;
    }
  };
}

/** JSON has many spellings of a number, and those of a list's elements are compared as texts. */
function isExactList(own: End, other: End): boolean {
  return own.column.kind === 'array' && own.column.element === 'decimal' && other.column.kind === 'json';
}

function lossy(to: End, expected: string): never {
  return refuse('TD3002', 'the value would not come back as it was', to, expected);
}

function unrepresentable(to: End, expected: string): never {
  return refuse('TD3004', `${to.column.native} cannot hold the value`, to, expected);
}

function numberOf(value: bigint, to: End): number {
  const number = Number(value);
  if (BigInt(number) !== value) refuse('TD3003', 'the value is out of range', to, `a value of ${to.column.native}`);
  return number;
}

function integerText(value: Value, to: End): string {
  const match = /^([+-]?\d+)(?:\.(\d*))?$/.exec(value as string);
  if (match === null) return unrepresentable(to, 'a finite number');
  if (match[2] !== undefined && /[^0]/.test(match[2])) lossy(to, 'a whole number');
  return (match[1] ?? '').replace(/^\+/, '');
}

function booleanOf(value: Value, to: End): Value {
  if (value === 0 || value === 1) return value === 1;
  return to.engine === 'postgres' ? refuseBoolean(to) : value;
}

function refuseBoolean(to: End): never {
  return refuse('TD3003', 'the value is neither true nor false', to, '0 or 1', 'another number');
}

function dateOf(value: string, to: End): string {
  if (/^\d{4}-\d\d-\d\d 00:00:00$/.test(value)) return value.slice(0, 10);
  return lossy(to, 'midnight exactly');
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

function uuidOf(value: string, to: End): string {
  const uuid = value.toLowerCase();
  return UUID.test(uuid) ? uuid : unrepresentable(to, 'a UUID of 36 characters');
}

function uuidOfBytes(bytes: Uint8Array, to: End): string {
  if (bytes.length !== 16) unrepresentable(to, '16 bytes');
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Bits as a big-endian number, padded on the left to whole bytes, as MySQL stores BIT. */
function bytesOfBits(bits: string, to: End): Uint8Array {
  const size = Math.ceil(bits.length / 8);
  if (to.column.length !== null && to.column.length < size)
    refuse('TD3007', 'too many bits', to, `${to.column.length} bytes`);
  const padded = bits.padStart(size * 8, '0');
  return Uint8Array.from({ length: size }, (_, at) => Number.parseInt(padded.slice(at * 8, at * 8 + 8), 2));
}

function bitsOfBytes(bytes: Uint8Array, to: End): string {
  const length = to.column.length ?? bytes.length * 8;
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const surplus = bits.length - length;
  if (bytes.length !== Math.ceil(length / 8) || bits.slice(0, surplus).includes('1')) {
    unrepresentable(to, `${Math.ceil(length / 8)} bytes that hold ${length} bits`);
  }
  return bits.slice(surplus);
}

function jsonOfText(value: string, to: End): string {
  try {
    return canonicalJson(value);
  } catch {
    return unrepresentable(to, 'JSON');
  }
}

const INTERVAL_PARTS = [
  String.raw`(?:-?\d+ years?)?`,
  String.raw`(?:(?:^| )-?\d+ mons?)?`,
  String.raw`(?:(?:^| )[+-]?\d+ days?)?`,
  String.raw`(?:(?:^| )[+-]?\d\d+:\d\d:\d\d(?:\.\d{1,6})?)?`,
];
const INTERVAL = new RegExp(`^(?=.)${INTERVAL_PARTS.join('')}$`);

function intervalOf(value: string, to: End): string {
  return INTERVAL.test(value)
    ? value
    : unrepresentable(to, "an interval as PostgreSQL prints it, such as '1 day 02:00:00'");
}

function stringsOfJson(text: string, to: End): readonly Value[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return unrepresentable(to, 'an array of names');
  return value.map((item) => (typeof item === 'string' ? item : unrepresentable(to, 'an array of names')));
}

function setOf(members: readonly Value[], to: End): readonly string[] {
  const known = to.column.values ?? [];
  const unknown = members.some((member) => typeof member !== 'string' || !known.includes(member));
  if (unknown) refuse('TD3001', 'a member is not in the set', to, `members of ${known.join(', ')}`);
  return known.filter((member) => members.includes(member));
}
