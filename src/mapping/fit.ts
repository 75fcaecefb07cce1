import type { Column } from '../model/schema.ts';
import type { Value } from '../model/value.ts';
import { contains, integerRange } from './ranges.ts';
import { chain, type Convert, type End, refuse } from './refuse.ts';
import { fitFraction } from './temporal.ts';

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
      return chain(fitDigits(source, to), fitDate(source, to));
    case 'time':
      return chain(fitDigits(source, to), toPostgres && !fromPostgres ? (value) => fitDayTime(value, to) : null);
    case 'json':
      return toPostgres && !fromPostgres ? (value) => fitJson(value as string, to) : null;
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
  const refuseRange = (): never =>
    refuse('TD3003', 'the value is out of range', to, `${range.lowest} to ${range.highest} (${to.column.native})`);
  if (to.column.kind === 'bigint') {
    return (value) => ((value as bigint) < range.lowest || (value as bigint) > range.highest ? refuseRange() : value);
  }
  const [lowest, highest] = [Number(range.lowest), Number(range.highest)];
  return (value) => ((value as number) < lowest || (value as number) > highest ? refuseRange() : value);
}

const DECIMAL = /^[+-]?0*(\d*)(?:\.(\d*?)0*)?$/;

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
    if (scale !== null && (match[2] ?? '').length > scale) {
      refuse('TD3002', 'digits after the point would be lost', to, `${scale} digits after the point`);
    }
    return value;
  };
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
  if (allowed === null) return null;
  if (from?.kind === 'text' && from.values?.every((value) => allowed.includes(value)) === true) return null;
  const known = new Set<Value>(allowed);
  return (value) =>
    known.has(value) ? value : refuse('TD3001', 'the value is not allowed there', to, `one of ${allowed.join(', ')}`);
}

/** Length counts code points, as the servers do. A string of no more UTF-16 units than that cannot be too long. */
function fitLength(from: Column | null, to: End): Convert | null {
  const limit = to.column.length;
  if (limit === null || to.column.values !== null) return null;
  if (from?.kind === 'text' && from.length !== null && from.length <= limit) return null;
  return (value) => {
    const text = value as string;
    if (text.length <= limit || codePoints(text) <= limit) return value;
    return refuse('TD3007', 'the text is too long', to, `${limit} characters at most (${to.column.native})`);
  };
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

function fitJson(value: string, to: End): string {
  // An escaped NUL is legal JSON, but jsonb refuses it; a doubled backslash before the u is no escape.
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(value)) refuse('TD3005', 'the JSON holds U+0000', to, 'JSON without \\u0000');
  return value;
}

function fitBytes(from: Column | null, to: End): Convert | null {
  const limit = to.column.length;
  if (limit === null || (from?.kind === 'bytes' && from.length !== null && from.length <= limit)) return null;
  return (value) =>
    (value as Uint8Array).length <= limit ? value : refuse('TD3007', 'too many bytes', to, `${limit} bytes at most`);
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
  const isHeld = toPostgres ? isDateOfPostgres : isDateOfMysql;
  return (value) => {
    if (isHeld(value as string)) return value;
    return refuse('TD3004', `${to.column.native} cannot hold the date`, to, 'a date of the years 1 to 9999');
  };
}

/** No zero and no partial dates. */
function isDateOfPostgres(value: string): boolean {
  return !value.startsWith('0000') && !value.startsWith('-00', 4) && !value.startsWith('-00', 7);
}

/** No infinity, no years before 1 or after 9999. */
function isDateOfMysql(value: string): boolean {
  return value.charCodeAt(4) === HYPHEN && !value.endsWith('BC') && !value.endsWith('infinity');
}

const HYPHEN = 45;
