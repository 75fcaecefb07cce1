import { objectText } from '../../model/json.ts';
import { decimalText } from './binlog-decimal.ts';
import { corrupt } from './binlog-events.ts';
import { dateText, timeText } from './canonical.ts';
import { doubleText } from './canonical-json.ts';

// MySQL's binary JSON (sql-common/json_binary.h): a type, then the value. Objects and arrays begin with their count and
// size, then come entries of fixed size that point to keys and values by their distance from that beginning; small
// values stand in the entry itself. All of it exists with 2-byte and with 4-byte numbers.

const types = {
  smallObject: 0,
  largeObject: 1,
  smallArray: 2,
  largeArray: 3,
  literal: 4,
  int16: 5,
  uint16: 6,
  int32: 7,
  uint32: 8,
  int64: 9,
  uint64: 10,
  double: 11,
  string: 12,
  opaque: 15,
} as const;

/** Canonical JSON text of a binary JSON value. Throws TD6010 for what is none. */
export function jsonText(buffer: Buffer, start: number, end: number): string {
  // What IGNORE stores in a NOT NULL column is an empty value; the server shows it as null.
  if (start === end) return 'null';
  return valueText(buffer, buffer[start] ?? 0, start + 1);
}

function valueText(buffer: Buffer, type: number, at: number): string {
  switch (type) {
    case types.smallObject:
      return objectAt(buffer, at, false);
    case types.largeObject:
      return objectAt(buffer, at, true);
    case types.smallArray:
      return arrayAt(buffer, at, false);
    case types.largeArray:
      return arrayAt(buffer, at, true);
    case types.literal:
      return literalText(buffer.readUInt8(at));
    case types.int16:
      return String(buffer.readInt16LE(at));
    case types.uint16:
      return String(buffer.readUInt16LE(at));
    case types.int32:
      return String(buffer.readInt32LE(at));
    case types.uint32:
      return String(buffer.readUInt32LE(at));
    case types.int64:
      return String(buffer.readBigInt64LE(at));
    case types.uint64:
      return String(buffer.readBigUInt64LE(at));
    case types.double:
      return doubleText(buffer.readDoubleLE(at));
    case types.string: {
      const { length, next } = lengthAt(buffer, at);
      return JSON.stringify(buffer.toString('utf8', next, next + length));
    }
    case types.opaque:
      return opaqueText(buffer, at);
    default:
      throw corrupt(`a JSON value of type ${type}`);
  }
}

function literalText(literal: number): string {
  const text = ['null', 'true', 'false'][literal];
  if (text === undefined) throw corrupt(`a JSON literal ${literal}`);
  return text;
}

function objectAt(buffer: Buffer, base: number, large: boolean): string {
  const width = large ? 4 : 2;
  const count = buffer.readUIntLE(base, width);
  const keysAt = base + 2 * width;
  const keyEntryBytes = width + 2;
  const valuesAt = keysAt + count * keyEntryBytes;
  const members = new Map<string, string>();
  for (let index = 0; index < count; index++) {
    const entry = keysAt + index * keyEntryBytes;
    const keyAt = base + buffer.readUIntLE(entry, width);
    const key = buffer.toString('utf8', keyAt, keyAt + buffer.readUInt16LE(entry + width));
    members.set(key, entryText(buffer, base, valuesAt + index * (width + 1), large));
  }
  return objectText(members);
}

function arrayAt(buffer: Buffer, base: number, large: boolean): string {
  const width = large ? 4 : 2;
  const count = buffer.readUIntLE(base, width);
  const valuesAt = base + 2 * width;
  let text = '[';
  for (let index = 0; index < count; index++) {
    if (index > 0) text += ',';
    text += entryText(buffer, base, valuesAt + index * (width + 1), large);
  }
  return `${text}]`;
}

function entryText(buffer: Buffer, base: number, entry: number, large: boolean): string {
  const type = buffer.readUInt8(entry);
  const isInline =
    type === types.literal ||
    type === types.int16 ||
    type === types.uint16 ||
    (large && (type === types.int32 || type === types.uint32));
  return valueText(buffer, type, isInline ? entry + 1 : base + buffer.readUIntLE(entry + 1, large ? 4 : 2));
}

/** Seven bits a byte, lowest first; the top bit says that more follow. */
function lengthAt(buffer: Buffer, at: number): { length: number; next: number } {
  let length = 0;
  let weight = 1;
  for (let next = at; next < at + 5; next++) {
    const byte = buffer.readUInt8(next);
    length += (byte & 0x7f) * weight;
    if (byte < 0x80) return { length, next: next + 1 };
    weight *= 128;
  }
  throw corrupt('a JSON length of more than 5 bytes');
}

const opaqueTypes = { timestamp: 7, date: 10, time: 11, datetime: 12, decimal: 246 } as const;

/** SQL values inside of JSON, as the server turns them into text. */
function opaqueText(buffer: Buffer, at: number): string {
  const type = buffer.readUInt8(at);
  const { length, next } = lengthAt(buffer, at + 1);
  switch (type) {
    case opaqueTypes.decimal:
      return decimalText(buffer, next + 2, buffer.readUInt8(next), buffer.readUInt8(next + 1));
    case opaqueTypes.date:
    case opaqueTypes.datetime:
    case opaqueTypes.timestamp:
      return `"${packedDateTime(buffer, next, type === opaqueTypes.date)}"`;
    case opaqueTypes.time:
      return `"${packedTime(buffer, next)}"`;
    default:
      return JSON.stringify(`base64:type${type}:${base64Lines(buffer.toString('base64', next, next + length))}`);
  }
}

/** Microseconds in the low 24 bits; above them second 6, minute 6, hour 5, day 5, and year times 13 plus month. */
function packedDateTime(buffer: Buffer, at: number, dateOnly: boolean): string {
  const micros = buffer.readUIntLE(at, 3);
  const packed = buffer.readUIntLE(at + 3, 5);
  const clock = packed % 2 ** 17;
  const date = (packed - clock) / 2 ** 17;
  const yearMonth = Math.floor(date / 32);
  const text = dateText(Math.floor(yearMonth / 13), yearMonth % 13, date % 32);
  if (dateOnly) return text;
  return `${text} ${timeText(false, clock >> 12, (clock >> 6) & 63, clock & 63, 0)}.${sixDigits(micros)}`;
}

function packedTime(buffer: Buffer, at: number): string {
  const packed = buffer.readBigInt64LE(at);
  const size = packed < 0n ? -packed : packed;
  const micros = Number(size & 0xff_ff_ffn);
  const clock = Number(size >> 24n);
  const text = timeText(packed < 0n, clock >> 12, (clock >> 6) & 63, clock & 63, 0);
  return `${text}.${sixDigits(micros)}`;
}

function sixDigits(micros: number): string {
  return String(micros).padStart(6, '0');
}

/** The server breaks the lines of base64 after 76 characters. */
function base64Lines(text: string): string {
  return text.replaceAll(/.{76}(?=.)/g, '$&\n');
}
