import type { Column } from '../model/schema.ts';
import type { Value } from '../model/value.ts';
import type { End } from './declaration.ts';
import { fitJson } from './fit-json.ts';
import { contains, integerRange } from './ranges.ts';
import { chain, type Convert, refuse } from './refuse.ts';
import { fitFraction, isTrueDate } from './temporal.ts';

/**
 * What a column asks of a value beyond its kind: range, length, allowed values, digits. Returns null where nothing that
 * `source` can hold fails, so that most pairs cost nothing. `source: null` = the value comes out of a codec and may be
 * anything of the kind.
 */
export function fitTo(source: End | null, to: End): Convert | null {
  const from = source?.column ?? null;
  const fromPostgres = source?.engine === 'postgres';
  const toPostgres = to.engine === 'postgres';
  switch (to.column.kind) {
    case 'int':
    case 'bigint':
      return fitInteger(from, to);
    case 'decimal':
      return toPostgres && to.column.precision === null ? null : fitDecimal(from, to);
    case 'float4':
    case 'float8':
      return toPostgres || (source !== null && !fromPostgres) ? null : (value) => fitFinite(value, to);
    case 'bool':
      return toPostgres && !fromPostgres ? (value) => fitBoolean(value, to) : null;
    case 'bit':
      return from?.kind === 'bit' && from.length === to.column.length ? null : (value) => fitBits(value as string, to);
    case 'text':
      return chain(fitText(from, to), toPostgres && !fromPostgres ? fitNul(to) : null);
    case 'bytes':
      return fitBytes(from, to);
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return chain(fitDigits(source, to), fitDate(source, to), fitInstant(source, to));
    case 'time':
      return chain(fitDigits(source, to), toPostgres && !fromPostgres ? (value) => fitDayTime(value, to) : null);
    case 'json':
      return fitJson(source, to);
    case 'set':
      return fitSet(from, to);
    case 'array':
    case 'uuid':
    case 'interval':
    case 'unsupported':
      return null;
  }
}

function fitInteger(from: Column | null, to: End): Convert | null {
  const range = integerRange(to.column);
  if (range === null || (from !== null && contains(range, integerRange(from)))) return null;
  const isYear = to.column.native.startsWith('year');
  const refuseRange = (): never =>
    refuse('TD3003', 'the value is out of range', to, `${range.lowest} to ${range.highest} (${to.column.native})`);
  if (to.column.kind === 'bigint') {
    return (value) => ((value as bigint) < range.lowest || (value as bigint) > range.highest ? refuseRange() : value);
  }
  const [lowest, highest] = [Number(range.lowest), Number(range.highest)];
  // MySQL takes 1 to 99 for years of this and the last century.
  if (isYear) return (value) => (value === 0 || isWithin(value, 1901, highest) ? value : refuseRange());
  return (value) => ((value as number) < lowest || (value as number) > highest ? refuseRange() : value);
}

function isWithin(value: Value, lowest: number, highest: number): boolean {
  return (value as number) >= lowest && (value as number) <= highest;
}

const DECIMAL = /^[+-]?0*(\d*)(?:\.(\d*?)0*)?$/;
const ZEROS_AT_END = /0*$/;

function fitDecimal(from: Column | null, to: End): Convert | null {
  const { precision, scale } = to.column;
  const wholeDigits = precision === null ? Number.POSITIVE_INFINITY : precision - (scale ?? 0);
  const holdsNaN = to.engine === 'postgres';
  if (from !== null && decimalFits(from, to.column, wholeDigits)) return null;
  return (value) => {
    const match = DECIMAL.exec(value as string);
    if (match === null) {
      if (holdsNaN) return value;
      return refuse('TD3004', `${to.column.native} cannot hold the value`, to, 'a finite number', 'NaN or infinity');
    }
    if ((match[1] ?? '').length > wholeDigits) {
      refuse('TD3003', 'the value is out of range', to, `${wholeDigits} digits before the point (${to.column.native})`);
    }
    if (scale !== null && digitsBehind(match[1] ?? '', match[2] ?? '') > scale) {
      refuse('TD3002', 'digits would be lost', to, `${scale} digits after the point`);
    }
    return value;
  };
}

/** Digits after the point that a number needs: negative where it ends in zeros before the point, as 1200 with -2. */
function digitsBehind(whole: string, fraction: string): number {
  if (fraction !== '') return fraction.length;
  return whole === '' ? Number.NEGATIVE_INFINITY : -(ZEROS_AT_END.exec(whole)?.[0].length ?? 0);
}

function decimalFits(from: Column, to: Column, wholeDigits: number): boolean {
  if (from.kind !== 'decimal' || from.precision === null) return false;
  const fromScale = from.scale ?? 0;
  return from.precision - fromScale <= wholeDigits && (to.scale === null || fromScale <= to.scale);
}

function fitFinite(value: Value, to: End): Value {
  if (Number.isFinite(value)) return value;
  return refuse('TD3004', `${to.column.native} cannot hold the value`, to, 'a finite number', 'NaN or infinity');
}

function fitBoolean(value: Value, to: End): Value {
  if (typeof value === 'boolean') return value;
  return refuse('TD3003', 'the value is neither true nor false', to, '0 or 1', 'another number');
}

function fitBits(bits: string, to: End): string {
  const length = to.column.length;
  if (length === null || bits.length === length) return bits;
  const surplus = bits.length - length;
  if (surplus > 0 && bits.slice(0, surplus).includes('1')) refuse('TD3003', 'too many bits', to, `${length} bits`);
  return surplus > 0 ? bits.slice(surplus) : bits.padStart(length, '0');
}

function fitText(from: Column | null, to: End): Convert | null {
  return chain(fitValues(from, to), fitLength(from, to), fitBlanks(from, to));
}

function fitValues(from: Column | null, to: End): Convert | null {
  const allowed = to.column.values;
  if (allowed === null) return fitLabel(from, to);
  if (from?.kind === 'text' && from.values?.every((value) => allowed.includes(value)) === true) {
    return allowed.includes('') ? null : fitLabel(from, to);
  }
  const known = new Set<Value>(allowed);
  return (value) =>
    known.has(value) ? value : refuse('TD3001', 'the value is not allowed there', to, `one of ${allowed.join(', ')}`);
}

/** An ENUM without an empty label holds '' all the same, for what a session that was not strict could not store. */
function fitLabel(from: Column | null, to: End): Convert | null {
  if (from === null || !from.native.startsWith('enum') || from.values?.includes('') !== false) return null;
  return (value) =>
    value === ''
      ? refuse('TD3001', 'the value is no label of the ENUM', to, `one of ${from.values?.join(', ')}`)
      : value;
}

/** Length counts code points, as the servers do. A string of no more UTF-16 units than that cannot be too long. */
function fitLength(from: Column | null, to: End): Convert | null {
  const limit = to.column.length;
  if (limit === null || to.column.values !== null) return null;
  if (/^(?:tiny|medium)?text/.test(to.column.native)) return fitEncoded(to, limit);
  if (from?.kind === 'text' && from.length !== null && from.length <= limit) return null;
  return (value) => {
    const text = value as string;
    if (text.length <= limit || codePoints(text) <= limit) return value;
    return refuse('TD3007', 'the text is too long', to, `${limit} characters at most (${to.column.native})`);
  };
}

/** The TEXT types of MySQL count bytes of their own character set. */
function fitEncoded(to: End, limit: number): Convert {
  const size = encodedSize(to.column.charset ?? '');
  return (value) =>
    size(value as string) <= limit
      ? value
      : refuse('TD3007', 'the text is too long', to, `${limit} bytes at most (${to.column.native})`);
}

function encodedSize(charset: string): (text: string) => number {
  if (charset.startsWith('utf8')) return (text) => Buffer.byteLength(text);
  if (/^(?:utf16|ucs2)/.test(charset)) return (text) => text.length * 2;
  return charset === 'utf32' ? (text) => codePoints(text) * 4 : codePoints;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** CHAR(n) gives back no trailing blanks, so a text that ends in one would not come back as it was. */
function fitBlanks(from: Column | null, to: End): Convert | null {
  if (!isFixedText(to.column) || (from !== null && isFixedText(from))) return null;
  return (value) =>
    (value as string).endsWith(' ')
      ? refuse('TD3002', 'blanks at the end would be lost', to, 'a text without blanks at the end')
      : value;
}

function isFixedText(column: Column): boolean {
  return /^(?:char|character|bpchar|nchar)(?! varying)\b/.test(column.native.toLowerCase());
}

function fitNul(to: End): Convert | null {
  if (to.column.values !== null) return null;
  return (value) =>
    (value as string).includes('\0') ? refuse('TD3005', 'the text holds U+0000', to, 'a text without U+0000') : value;
}

function fitBytes(from: Column | null, to: End): Convert | null {
  const limit = to.column.length;
  if (limit === null) return null;
  if (to.column.native.startsWith('binary')) return fitFixedBytes(from, to, limit);
  if (from?.kind === 'bytes' && from.length !== null && from.length <= limit) return null;
  return (value) =>
    (value as Uint8Array).length <= limit ? value : refuse('TD3007', 'too many bytes', to, `${limit} bytes at most`);
}

/** BINARY(n) fills up what is shorter, so that it does not come back as it was. */
function fitFixedBytes(from: Column | null, to: End, size: number): Convert | null {
  if (from?.native.startsWith('binary') === true && from.length === size) return null;
  return (value) => {
    const { length } = value as Uint8Array;
    if (length > size) refuse('TD3007', 'too many bytes', to, `${size} bytes`);
    return length === size ? value : refuse('TD3002', 'the bytes would be filled up with zeros', to, `${size} bytes`);
  };
}

function fitSet(from: Column | null, to: End): Convert | null {
  const allowed = to.column.values ?? [];
  if (from?.kind === 'set' && from.values?.every((value) => allowed.includes(value)) === true) return null;
  return (value) => {
    const members = value as readonly string[];
    if (members.every((member) => allowed.includes(member))) return members;
    return refuse('TD3001', 'a member is not in the set', to, `members of ${allowed.join(', ')}`);
  };
}

/** Between two columns `canon` has cut already what the coarser one does not keep (see pair.ts). */
function fitDigits(source: End | null, to: End): Convert | null {
  const digits = to.column.fraction;
  return source !== null || digits === null ? null : (value) => fitFraction(value, digits);
}

const DAY_TIME = /^(?:(?:[01]\d|2[0-3]):|24:00:00$)/;

function fitDayTime(value: Value, to: End): Value {
  if (DAY_TIME.test(value as string)) return value;
  return refuse('TD3003', 'the time is out of range', to, '00:00:00 to 24:00:00', 'a duration');
}

/** Dates that one engine has no word for. Within one family every date that one can hold the other can hold too. */
function fitDate(source: End | null, to: End): Convert | null {
  const toPostgres = to.engine === 'postgres';
  if (source !== null && (source.engine === 'postgres') === toPostgres) return null;
  const isHeld = toPostgres ? isTrueDate : isDateOfMysql;
  return (value) => {
    if (isHeld(value as string)) return value;
    return refuse('TD3004', `${to.column.native} cannot hold the date`, to, 'a true date of the years 1 to 9999');
  };
}

const INSTANTS = {
  first: '1970-01-01 00:00:01',
  last: { mysql: '2038-01-19 03:14:07.999999', mariadb: '2106-02-07 06:28:15.999999' },
};

/**
 * TIMESTAMP counts 32 bits of seconds, in MariaDB from 11.5 without a sign; older ones refuse themselves what they
 * cannot hold. Texts of one length compare as the times do.
 */
function fitInstant(source: End | null, to: End): Convert | null {
  if (to.engine === 'postgres' || !isTimestamp(to.column)) return null;
  if (source !== null && source.engine === to.engine && isTimestamp(source.column)) return null;
  const last = INSTANTS.last[to.engine];
  return (value) => {
    const text = value as string;
    if ((text >= INSTANTS.first && text <= last) || text.startsWith('0000')) return value;
    return refuse('TD3003', 'the time is out of range', to, `${INSTANTS.first} to ${last}`);
  };
}

function isTimestamp(column: Column): boolean {
  return column.kind === 'timestamptz' && column.native.startsWith('timestamp');
}

/** No infinity, no years before 1 or after 9999. */
function isDateOfMysql(value: string): boolean {
  return value.charCodeAt(4) === HYPHEN && !value.endsWith('BC') && !value.endsWith('infinity');
}

const HYPHEN = 45;
