import type { DebeziumJson } from '../../model/debezium.ts';
import {
  bigNumber,
  bits,
  bytes,
  civilOfDay,
  civilOfMicros,
  floating,
  instant,
  text,
  timeOfMicros,
  wholeNumber,
} from '../../model/debezium-json.ts';
import { type DebeziumDecode, NotTold } from '../../model/debezium-reader.ts';
import type { Column } from '../../model/schema.ts';
import type { Value } from '../../model/value.ts';
import { padBytes, setMembers, trimBlanks } from './canonical.ts';
import { doublesOf, jsonOrText } from './canonical-json.ts';
import type { Flavor } from './flavor.ts';

// What Debezium's MySQL and MariaDB connectors write with the settings of debezium.ts, as the reader of the log has it.

type Json = Exclude<DebeziumJson, null>;

export function decoderOfColumn(flavor: Flavor, column: Column): DebeziumDecode {
  const { kind, native, values, length } = column;
  switch (kind) {
    case 'int':
      return /^year\b/.test(native) ? year : wholeNumber;
    case 'bool':
      return tinyBoolean;
    case 'bigint':
      return column.unsigned ? unsignedBigint : bigNumber;
    case 'decimal':
      return decimal;
    case 'float4':
      return (json) => Math.fround(floating(json));
    case 'float8':
      return floating;
    case 'bit':
      return (json) => bits(json, length ?? 1);
    case 'text':
      return textDecoder(column);
    case 'set':
      return (json) => setOf(text(json), values ?? []);
    case 'bytes':
      return /^binary\b/.test(native) ? (json) => padBytes(bytes(json), length ?? 0) : bytes;
    case 'json':
      return flavor.engine === 'mysql' ? (json) => doublesOf(jsonOrText(text(json))) : (json) => jsonOrText(text(json));
    case 'uuid':
      return uuid;
    case 'date':
      return (json) => dateOf(...civilOfDay(wholeNumber(json)));
    case 'time':
      return (json) => timeOfMicros(bigNumber(json));
    case 'timestamp':
      return dateTime;
    case 'timestamptz':
      return timestamp;
    case 'array':
    case 'interval':
    case 'unsupported':
      return notCarried;
  }
}

function notCarried(): never {
  throw new NotTold('type that Tandem carries');
}

/** 0 arrives as 1900, which no YEAR can hold. */
function year(json: Json): number {
  const value = wholeNumber(json);
  return value === 1900 ? 0 : value;
}

function tinyBoolean(json: Json): Value {
  const value = wholeNumber(json);
  return value === 0 ? false : value === 1 ? true : value;
}

/** Connect's Decimal without digits after the point: two's complement, highest byte first. */
function unsignedBigint(json: Json): bigint {
  if (typeof json === 'number' || typeof json === 'bigint') return bigNumber(json);
  const hex = Buffer.from(bytes(json)).toString('hex');
  if (!/^[0-7]/.test(hex)) throw new NotTold('unsigned number');
  return BigInt(`0x${hex}`);
}

function decimal(json: Json): string {
  const digits = text(json);
  if (/^-?\d+(?:\.\d+)?$/.test(digits)) return digits;
  throw new NotTold('decimal number');
}

function textDecoder(column: Column): DebeziumDecode {
  const { native, values, charset } = column;
  if (native.startsWith('enum(') && values !== null) return labelDecoder(values);
  const decode = native.startsWith('char(') ? (json: Json) => trimBlanks(text(json)) : text;
  if (charset === null || /^(?:utf|ucs)/.test(charset)) return decode;
  // No such character set has this character: Java puts it for the bytes that it takes to be none.
  return (json) => {
    const value = decode(json);
    if (value.includes('\uFFFD')) throw new NotTold(`character of ${charset}`);
    return value;
  };
}

/** The log leaves out zeros at the end of the stored bytes, and Debezium puts them in front. */
function uuid(json: Json): string {
  const found = text(json).toLowerCase();
  if (found.startsWith('00') && /[1-9a-f]/.test(found)) throw new NotTold('uuid that does not begin with zeros');
  return found;
}

/** Commas and backslashes in a label are escaped; the empty text stands for a value that was refused, too. */
function labelDecoder(labels: readonly string[]): DebeziumDecode {
  const known = new Map(labels.map((label) => [label.replaceAll(/[\\,]/g, String.raw`\$&`), label]));
  known.set('', '');
  return (json) => {
    const label = known.get(text(json));
    if (label === undefined) throw new NotTold('label of the ENUM');
    return label;
  };
}

function setOf(members: string, labels: readonly string[]): string[] {
  const found = setMembers(members, labels);
  if (found.join(',') !== members) throw new NotTold('members of the SET');
  return found;
}

function dateOf(yearNumber: number, monthAndDay: string): string {
  return `${String(yearNumber).padStart(4, '0')}-${monthAndDay}`;
}

function dateTime(json: Json): string {
  const [day, time] = civilOfMicros(bigNumber(json));
  return `${dateOf(...civilOfDay(day))} ${time}`;
}

/** The zero timestamp arrives as the epoch, where TIMESTAMP has not begun yet. */
function timestamp(json: Json): string {
  const [yearNumber, monthAndDay, time] = instant(json);
  const found = `${dateOf(yearNumber, monthAndDay)} ${time}`;
  return found === '1970-01-01 00:00:00' ? '0000-00-00 00:00:00' : found;
}
