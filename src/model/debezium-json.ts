import type { DebeziumJson } from './debezium.ts';
import { NotTold } from './debezium-reader.ts';

// What the decoders of the engines' columns share: each either takes what the connector's settings promise, or refuses.

type Json = Exclude<DebeziumJson, null>;

export function wholeNumber(json: Json): number {
  if (typeof json === 'number' && Number.isInteger(json)) return json;
  throw new NotTold('whole number');
}

export function bigNumber(json: Json): bigint {
  if (typeof json === 'bigint') return json;
  return BigInt(wholeNumber(json));
}

/** JSON has no word for them, so they come as text. */
const odd = new Map<Json, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

export function floating(json: Json): number {
  const value = typeof json === 'bigint' ? Number(json) : (odd.get(json) ?? json);
  if (typeof value === 'number') return value;
  throw new NotTold('number');
}

export function text(json: Json): string {
  if (typeof json === 'string') return json;
  throw new NotTold('text');
}

export function truth(json: Json): boolean {
  if (typeof json === 'boolean') return json;
  throw new NotTold('boolean');
}

const base64 = /^(?:[\w+/]{4})*(?:[\w+/]{2}==|[\w+/]{3}=)?$/;

export function bytes(json: Json): Uint8Array {
  if (typeof json === 'string' && base64.test(json)) return new Uint8Array(Buffer.from(json, 'base64'));
  throw new NotTold('bytes in base64');
}

/** BIT(1) is a boolean; what is longer comes as bytes, lowest first, in PostgreSQL without the zeros at the end. */
export function bits(json: Json, length: number): string {
  if (length === 1) return truth(json) ? '1' : '0';
  let binary = '';
  for (const byte of bytes(json).toReversed()) binary += byte.toString(2).padStart(8, '0');
  if (binary.length > length && /1/.test(binary.slice(0, -length))) throw new NotTold(`bits, ${length} of them`);
  return binary.slice(-length).padStart(length, '0');
}

const usPerSecond = 1_000_000n;
const usPerDay = 86_400n * usPerSecond;

/** Microseconds, of which a day may have any number, as `[-]HH:MM:SS[.f]`. */
export function timeOfMicros(us: bigint): string {
  const size = us < 0n ? -us : us;
  const seconds = Number(size / usPerSecond);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const fraction = String(size % usPerSecond)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const digits = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return `${us < 0n ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A day counted from 1970-01-01, and the rest of so many microseconds as a time of that day. */
export function civilOfMicros(us: bigint): readonly [day: number, time: string] {
  const time = ((us % usPerDay) + usPerDay) % usPerDay;
  return [Number((us - time) / usPerDay), timeOfMicros(time)];
}

/** Year (0 is 1 BC) and `MM-DD` of a day counted from 1970-01-01, in the proleptic Gregorian calendar. */
export function civilOfDay(daysSince1970: number): readonly [year: number, monthAndDay: string] {
  // Days since 0000-03-01, so that the leap day is the last of its year.
  const days = daysSince1970 + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return [year, `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`];
}

const instantForm = /^([+-]?\d{4,})-(\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/;

/** An instant in ISO 8601, always UTC: year (0 is 1 BC), `MM-DD`, and the time without zeros at its end. */
export function instant(json: Json): readonly [year: number, monthAndDay: string, time: string] {
  const match = typeof json === 'string' ? instantForm.exec(json) : null;
  if (match === null) throw new NotTold('instant in UTC');
  const fraction = (match[4] ?? '').replace(/0+$/, '');
  return [Number(match[1]), match[2] ?? '', `${match[3]}${fraction === '' ? '' : `.${fraction}`}`];
}
