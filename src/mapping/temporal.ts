import type { Value } from '../model/value.ts';

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
