import { inflateRawSync, inflateSync } from 'node:zlib';
import type { Value } from '../../model/value.ts';
import { decimalText } from './binlog-decimal.ts';
import { corrupt } from './binlog-events.ts';
import { jsonText } from './binlog-json.ts';
import { bitText, padBytes, trimBlanks, uuidText } from './canonical.ts';
import { jsonOrText } from './canonical-json.ts';
import type { TextReader } from './charset.ts';

/** Where the reading of an event stands. */
export interface Cursor {
  readonly buffer: Buffer;
  at: number;
}

/** One column of one version of a table, with the reader chosen for it. All have the same fields, for speed. */
export interface ColumnPlan {
  readonly name: string;
  readonly read: ValueReader;
  /** Bytes of the number before the value that says how long it is, or of the value itself where that is fixed. */
  readonly bytes: number;
  /** Declared length: bytes of a BINARY, bits of a BIT. */
  readonly length: number;
  readonly precision: number;
  readonly scale: number;
  readonly unsigned: boolean;
  /** Labels of ENUM and SET. */
  readonly labels: readonly string[];
  readonly text: TextReader;
  /** A computed column may be missing from the log. */
  readonly generated: boolean;
}

/** Reads one value that is not NULL and moves the cursor behind it. */
export type ValueReader = (cursor: Cursor, column: ColumnPlan) => Value;

export const readTiny: ValueReader = (cursor, column) => {
  const value = cursor.buffer.readUInt8(cursor.at++);
  return column.unsigned ? value : (value << 24) >> 24;
};

/** tinyint(1). */
export const readBool: ValueReader = (cursor, column) => {
  const value = readTiny(cursor, column);
  return value === 0 ? false : value === 1 ? true : value;
};

export const readShort: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 2;
  return column.unsigned ? buffer.readUInt16LE(at) : buffer.readInt16LE(at);
};

export const readMedium: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 3;
  return column.unsigned ? buffer.readUIntLE(at, 3) : buffer.readIntLE(at, 3);
};

export const readInt: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 4;
  return column.unsigned ? buffer.readUInt32LE(at) : buffer.readInt32LE(at);
};

/** Numbers up to 2^53 become a BigInt faster by way of a number. */
export const readBigInt: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + 8;
  const high = buffer.readInt32LE(at + 4);
  if (high >= 0 && high < 2 ** 21) return BigInt(high * 2 ** 32 + buffer.readUInt32LE(at));
  return column.unsigned ? buffer.readBigUInt64LE(at) : buffer.readBigInt64LE(at);
};

export const readFloat: ValueReader = (cursor) => {
  cursor.at += 4;
  return cursor.buffer.readFloatLE(cursor.at - 4);
};

export const readDouble: ValueReader = (cursor) => {
  cursor.at += 8;
  return cursor.buffer.readDoubleLE(cursor.at - 8);
};

export const readDecimal: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + column.bytes;
  return decimalText(buffer, at, column.precision, column.scale);
};

export const readYear: ValueReader = (cursor) => {
  const value = cursor.buffer.readUInt8(cursor.at++);
  return value === 0 ? 0 : 1900 + value;
};

export const readBit: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + column.bytes;
  return bitText(buffer.subarray(at, cursor.at), column.length);
};

/** Reads the length before a value and leaves the cursor behind the value; gives where the value starts. */
function enter(cursor: Cursor, lengthBytes: number): number {
  const { buffer, at } = cursor;
  const length =
    lengthBytes === 1
      ? buffer.readUInt8(at)
      : lengthBytes === 2
        ? buffer.readUInt16LE(at)
        : buffer.readUIntLE(at, lengthBytes);
  const start = at + lengthBytes;
  cursor.at = start + length;
  if (cursor.at > buffer.length) throw corrupt('a value that is longer than its event');
  return start;
}

/** VARCHAR and the TEXT types. */
export const readText: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return column.text(cursor.buffer, start, cursor.at);
};

/** CHAR comes without the blanks that pad it, except in some old tables. */
export const readChar: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return trimBlanks(column.text(cursor.buffer, start, cursor.at));
};

/** VARBINARY and the BLOB types. A copy, because the chunk of the network that holds it must not live as long. */
export const readBytes: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return new Uint8Array(cursor.buffer.subarray(start, cursor.at));
};

/** BINARY(n): the log leaves out the zeros at its end. */
export const readBinary: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return padBytes(cursor.buffer.subarray(start, cursor.at), column.length);
};

/** MySQL's JSON. */
export const readBinaryJson: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return jsonText(cursor.buffer, start, cursor.at);
};

/** MariaDB's JSON is a text. */
export const readTextJson: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return jsonOrText(column.text(cursor.buffer, start, cursor.at));
};

/**
 * MariaDB's UUID. Versions 1 to 5 are stored with their five groups in reverse order, so that index entries grow with
 * time: the group with the variant, whose top bit is set, then stands before the one with the version
 * (sql_type_uuid.h).
 */
export const readUuid: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  const stored = padBytes(cursor.buffer.subarray(start, cursor.at), 16);
  const [variant = 0, , version = 0] = stored.subarray(6);
  if (variant < 0x80 || version === 0 || version >= 0x60) return uuidText(stored);
  const swapped = new Uint8Array(16);
  swapped.set(stored.subarray(12, 16), 0);
  swapped.set(stored.subarray(10, 12), 4);
  swapped.set(stored.subarray(8, 10), 6);
  swapped.set(stored.subarray(6, 8), 8);
  swapped.set(stored.subarray(0, 6), 10);
  return uuidText(swapped);
};

/** MariaDB's INET4: four bytes. */
export const readInet4: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return padBytes(cursor.buffer.subarray(start, cursor.at), 4).join('.');
};

/** MariaDB's INET6: sixteen bytes. */
export const readInet6: ValueReader = (cursor, column) => {
  const start = enter(cursor, column.bytes);
  return inet6Text(padBytes(cursor.buffer.subarray(start, cursor.at), 16));
};

/** As MariaDB prints it: `::` for the longest run of zeros, IPv4 in dots where it is one (sql_type_inet.cc). */
function inet6Text(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, word) => (bytes[word * 2] ?? 0) * 256 + (bytes[word * 2 + 1] ?? 0));
  let runAt = -1;
  let runLength = 0;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && words[to] === 0) to += 1;
    if (to - from > runLength) [runAt, runLength] = [from, to - from];
  }
  const dotted = runAt === 0 && (runLength === 6 || (runLength === 5 && words[5] === 0xff_ff));
  let text = '';
  for (let word = 0; word < 8; word++) {
    if (dotted && word === 6) return `${text}${text.endsWith(':') ? '' : ':'}${bytes.subarray(12).join('.')}`;
    if (word === runAt) {
      text += '::';
      word += runLength - 1;
    } else {
      text += `${text === '' || text.endsWith(':') ? '' : ':'}${(words[word] ?? 0).toString(16)}`;
    }
  }
  return text;
}

/** ENUM: 0 is the empty text that stands for a value that was refused. */
export const readEnum: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + column.bytes;
  const index = column.bytes === 1 ? buffer.readUInt8(at) : buffer.readUInt16LE(at);
  if (index === 0) return '';
  const label = column.labels[index - 1];
  if (label === undefined) throw corrupt(`label ${index} of an ENUM that has ${column.labels.length}`);
  return label;
};

/** SET: one bit for each label. */
export const readSet: ValueReader = (cursor, column) => {
  const { buffer, at } = cursor;
  cursor.at = at + column.bytes;
  const members: string[] = [];
  for (let index = 0; index < column.bytes * 8; index++) {
    if (((buffer[at + (index >> 3)] ?? 0) & (1 << (index & 7))) === 0) continue;
    const label = column.labels[index];
    if (label === undefined) throw corrupt(`member ${index + 1} of a SET that has ${column.labels.length}`);
    members.push(label);
  }
  return members;
};

const zlibCompressed = 8;

/**
 * The bytes of a MariaDB column declared COMPRESSED (field_comp.cc). The first byte holds the method in its upper
 * half, a bit that says whether zlib's own frame is left out, and how many bytes of length come before the data.
 */
function uncompress(cursor: Cursor, column: ColumnPlan): Buffer {
  const start = enter(cursor, column.bytes);
  if (start === cursor.at) return Buffer.alloc(0);
  const head = cursor.buffer.readUInt8(start);
  if (head === 0) return cursor.buffer.subarray(start + 1, cursor.at);
  if (head >> 4 !== zlibCompressed) throw corrupt(`a compressed column by method ${head >> 4}`);
  const data = cursor.buffer.subarray(start + 1 + (head & 7), cursor.at);
  return (head & 8) === 0 ? inflateSync(data) : inflateRawSync(data);
}

export const readCompressedText: ValueReader = (cursor, column) => {
  const bytes = uncompress(cursor, column);
  return column.text(bytes, 0, bytes.length);
};

export const readCompressedBytes: ValueReader = (cursor, column) => new Uint8Array(uncompress(cursor, column));
