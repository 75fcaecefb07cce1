import type { Cursor, ColumnPlan, ValueReader } from './binlog-values.ts';
import { dateOfDay, dateText, timeText } from './canonical.ts';

// Temporal values as the log stores them: big-endian, then the fraction in 0..3 bytes (`my_time.cc`, "On disk format").
// `column.scale` is the number of fractional digits and `column.bytes` that of its bytes.

const secondsPerDay = 86_400;

/** The fraction of a second, in microseconds, behind the part that is always there. */
function microsAt(buffer: Buffer, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return buffer.readUInt8(at) * 10_000;
    case 2:
      return buffer.readUInt16BE(at) * 100;
    case 3:
      return buffer.readUIntBE(at, 3);
    default:
      return 0;
  }
}

/** Bytes of a fraction with so many digits. */
export function fractionBytes(digits: number): number {
  return (digits + 1) >> 1;
}

let lastDay = Number.NaN;
let lastDayText = '';

/** Neighbouring rows mostly share their day. */
function dayText(daysSince1970: number): string {
  if (daysSince1970 !== lastDay) {
    lastDay = daysSince1970;
    lastDayText = dateOfDay(daysSince1970);
  }
  return lastDayText;
}

function timestampText(seconds: number, micros: number): string {
  if (seconds === 0 && micros === 0) return '0000-00-00 00:00:00';
  const clock = seconds % secondsPerDay;
  const minutes = Math.floor(clock / 60);
  const day = dayText((seconds - clock) / secondsPerDay);
  return civilText(day, Math.floor(minutes / 60), minutes % 60, clock % 60, micros);
}

/**
 * `2024-01-31 12:34:56.789`, with the digits put in their places: to append piece by piece takes six times the memory.
 */
const civil = Buffer.from('0000-00-00 00:00:00.000000');
const secondsEnd = 19;
let civilDay = '';

function civilText(day: string, hours: number, minutes: number, seconds: number, micros: number): string {
  if (day !== civilDay) {
    civil.write(day, 0, 'latin1');
    civilDay = day;
  }
  putDigits(hours, 13, 2);
  putDigits(minutes, 16, 2);
  putDigits(seconds, secondsEnd, 2);
  if (micros === 0) return civil.toString('latin1', 0, secondsEnd);
  let end = civil.length;
  putDigits(micros, end, 6);
  while (civil[end - 1] === zero) end--;
  return civil.toString('latin1', 0, end);
}

const zero = 0x30;

/** So many decimal digits of the number, up to the place `end`. */
function putDigits(value: number, end: number, count: number): void {
  let rest = value;
  for (let at = end - 1; at >= end - count; at--) {
    civil[at] = zero + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** TIMESTAMP(n): seconds since 1970 in UTC, up to 2106 where the server goes that far. */
export const readTimestamp: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 4 + column.bytes;
  return timestampText(buffer.readUInt32BE(at), microsAt(buffer, at + 4, column.bytes));
};

let lastDate = Number.NaN;
let lastDateText = '';

/**
 * DATETIME(n): year times 13 plus month in 17 bits, day 5, hour 5, minute 6, second 6, under a sign bit that is set.
 */
export const readDateTime: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 5 + column.bytes;
  const low = buffer.readUInt32BE(at + 1);
  const date = (buffer.readUInt8(at) - 0x80) * 2 ** 15 + (low >>> 17);
  if (date !== lastDate) {
    const yearMonth = date >>> 5;
    lastDate = date;
    lastDateText = dateText(Math.floor(yearMonth / 13), yearMonth % 13, date & 31);
  }
  const micros = microsAt(buffer, at + 5, column.bytes);
  return civilText(lastDateText, (low >>> 12) & 31, (low >>> 6) & 63, low & 63, micros);
};

/** TIME(n): 10 bits for hours, 6 for minutes, 6 for seconds; the whole with its fraction is offset to stay positive. */
export const readTime: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 3 + column.bytes;
  const fractionUnits = 256 ** column.bytes;
  const packed = buffer.readUIntBE(at, 3 + column.bytes) - 0x80_00_00 * fractionUnits;
  const size = Math.abs(packed);
  const clock = Math.floor(size / fractionUnits);
  const units = size % fractionUnits;
  const micros = column.bytes === 1 ? units * 10_000 : column.bytes === 2 ? units * 100 : units;
  return timeText(packed < 0, (clock >> 12) & 0x3_ff, (clock >> 6) & 63, clock & 63, micros);
};

/** DATE: day 5 bits, month 4, year 15, little-endian. */
export const readDate: ValueReader = (cursor) => {
  const { buffer, at } = cursor;
  cursor.at = at + 3;
  const packed = buffer.readUIntLE(at, 3);
  return dateText(packed >> 9, (packed >> 5) & 15, packed & 31);
};

// Columns that were made before MySQL 5.6, or in MariaDB without mysql56_temporal_format, and never rebuilt.

export const readOldTimestamp: ValueReader = (cursor: Cursor) => {
  cursor.at += 4;
  return timestampText(cursor.buffer.readUInt32LE(cursor.at - 4), 0);
};

/** Decimal digits: YYYYMMDDhhmmss. */
export const readOldDateTime: ValueReader = (cursor: Cursor, _column: ColumnPlan) => {
  const digits = String(cursor.buffer.readBigUInt64LE(cursor.at)).padStart(14, '0');
  cursor.at += 8;
  return digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3 $4:$5:$6');
};

/** Decimal digits: hhmmss. */
export const readOldTime: ValueReader = (cursor: Cursor) => {
  const packed = cursor.buffer.readIntLE(cursor.at, 3);
  cursor.at += 3;
  const size = Math.abs(packed);
  return timeText(packed < 0, Math.floor(size / 10_000), Math.floor(size / 100) % 100, size % 100, 0);
};
