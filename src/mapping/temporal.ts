import type { Column } from '../model/schema.ts';
import type { Value } from '../model/value.ts';
import type { Canon } from './declaration.ts';

const MICROSECOND_DIGITS = 6;

/**
 * A time or timestamp cut to a number of fractional digits, in canonical form. Cutting, not rounding: rounding could
 * carry into the next day, and MySQL would round differently from PostgreSQL (correctness 12).
 */
export function fitFraction(value: Value, digits: number): Value {
  if (typeof value !== 'string') return value;
  const point = value.indexOf('.');
  if (point < 0) return value;
  let end = Math.min(value.length, point + 1 + digits);
  while (end > point + 1 && value.charCodeAt(end - 1) === ZERO) end -= 1;
  if (end === point + 1) end = point;
  return end === value.length ? value : value.slice(0, end);
}

const ZERO = 48;

/** Both sides are compared at the coarser of both precisions; the finer side keeps the digits it has stored. */
export function cutToCoarser(left: Column, right: Column): Canon | null {
  const [a, b] = [left.fraction, right.fraction];
  if (a === null || b === null || a === b) return null;
  const cut = (value: Value): Value => fitFraction(value, Math.min(a, b));
  return a > b ? { left: cut, right: null } : { left: null, right: cut };
}

const [HYPHEN, TWO, NINE] = [45, 50, 57];

/**
 * Is it a date of the calendar? MySQL's may have a zero in it, and a session may allow the 31st of February; what
 * PostgreSQL prints is always one.
 */
export function isTrueDate(value: string): boolean {
  if (value.charCodeAt(4) !== HYPHEN || value.endsWith('BC')) return true;
  if (value.startsWith('0000') || value.startsWith('-00', 4) || value.startsWith('-00', 7)) return false;
  const tens = value.charCodeAt(8);
  if (tens < TWO || (tens === TWO && value.charCodeAt(9) < NINE)) return true;
  return microsecondsOf(`${value.slice(0, '0000-00-00'.length)} 00:00:00`) !== null;
}

const CIVIL = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;

/** Microseconds since 1970 of a canonical timestamp, or null where it names no instant (infinity, zero dates, BC). */
export function microsecondsOf(text: string): bigint | null {
  const match = CIVIL.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(ms) || new Date(ms).getUTCDate() !== Number(day)) return null;
  return BigInt(ms) * 1000n + BigInt(fraction.padEnd(MICROSECOND_DIGITS, '0'));
}

/** The inverse of {@link microsecondsOf}; null outside the years 0001 to 9999, which canonical text cannot hold. */
export function timestampOf(microseconds: bigint): string | null {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const ms = Number((microseconds - fraction) / 1000n);
  if (ms < -62_135_596_800_000 || ms > 253_402_300_799_000) return null;
  const text = new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  return fitFraction(`${text}.${String(fraction).padStart(MICROSECOND_DIGITS, '0')}`, MICROSECOND_DIGITS) as string;
}
