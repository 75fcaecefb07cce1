import { TandemError } from '../../model/error.ts';
import { canonicalJson } from '../../model/json.ts';
import type { Column } from '../../model/schema.ts';
import type { Kind, Value } from '../../model/value.ts';
import { formatArray, parseArray } from './arrays.ts';
import { type ValueType, typeByOid } from './types.ts';

/**
 * The settings that make PostgreSQL's text output the same in every session, replication included. What the decoders
 * below read and what the encoders write depends on them.
 */
export const OUTPUT_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
};

/** Text as the server prints it -> canonical value. null: the text is the value. */
export type Decode = ((text: string) => Value) | null;

/** Chosen once per column of a relation or a result; the loop over the rows only calls it. */
export interface Decoder {
  readonly decode: Decode;
  /** Integers, which the log reader parses straight from the bytes. */
  readonly digits: 'number' | 'bigint' | null;
}

/**
 * The decoder of a type by its OID. Types made in this database (enums, extensions) have no fixed OID: they go by what
 * the catalogue said of the column, or stay text.
 */
export function decoderFor(oid: number, column: Pick<Column, 'kind' | 'element'> | undefined): Decoder {
  const type = typeByOid(oid) ?? (column === undefined ? TEXT : { ...column, padded: false });
  return decoderOf(type);
}

export function decoderOf(type: ValueType): Decoder {
  const digits = type.kind === 'int' ? 'number' : type.kind === 'bigint' ? 'bigint' : null;
  return { decode: decodeFunction(type), digits };
}

const TEXT: ValueType = { kind: 'text', element: null, padded: false };

function decodeFunction({ kind, element, padded }: ValueType): Decode {
  switch (kind) {
    case 'int':
    case 'float8':
      return Number;
    case 'float4':
      return decodeFloat4;
    case 'bigint':
      return BigInt;
    case 'bool':
      return decodeBool;
    case 'bytes':
      return decodeBytes;
    case 'json':
      return canonicalJson;
    case 'timestamptz':
      return decodeTimestamptz;
    case 'text':
      return padded ? trimBlanks : null;
    case 'array': {
      const decode = decodeFunction({ kind: element ?? 'text', element: null, padded });
      return (text) => parseArray(text, decode);
    }
    case 'decimal':
    case 'bit':
    case 'uuid':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
    case 'set':
    case 'unsupported':
      return null;
  }
}

function decodeFloat4(text: string): Value {
  return Math.fround(Number(text));
}

function decodeBool(text: string): Value {
  return text === 't';
}

function decodeBytes(text: string): Value {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}

/** `2024-01-31 12:00:00.5+00` in a session whose time zone is UTC; ` BC` may follow; infinity has no zone. */
function decodeTimestamptz(text: string): Value {
  if (text.endsWith('+00')) return text.slice(0, -3);
  return text.replace('+00 BC', ' BC');
}

function trimBlanks(text: string): Value {
  return text.replace(/ +$/, '');
}

/** Canonical value -> text that PostgreSQL reads. Throws TandemError TD3005 for text with U+0000. */
export type Encode = (value: Value) => string | null;

export function encoderFor(column: Column): Encode {
  const encode = encodeFunction(column.kind === 'array' ? (column.element ?? 'text') : column.kind, column.name);
  if (column.kind !== 'array') return (value) => (value === null ? null : encode(value));
  const item: Encode = (value) => (value === null ? null : encode(value));
  return (value) => {
    if (value === null) return null;
    return Array.isArray(value) ? formatArray(value as readonly Value[], item) : encode(value);
  };
}

function encodeFunction(kind: Kind, column: string): (value: Exclude<Value, null>) => string {
  switch (kind) {
    case 'bytes':
      return (value) =>
        value instanceof Uint8Array
          ? `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
          : String(value);
    case 'float4':
    case 'float8':
      return (value) => (Object.is(value, -0) ? '-0' : String(value));
    case 'text':
    case 'json':
    case 'unsupported':
      return (value) => {
        const text = String(value);
        if (text.includes('\0')) refuseNul(column);
        return text;
      };
    case 'int':
    case 'bigint':
    case 'decimal':
    case 'bool':
    case 'bit':
    case 'set':
    case 'array':
    case 'uuid':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'interval':
      return String;
  }
}

function refuseNul(column: string): never {
  throw new TandemError('TD3005', 'a text holds the character U+0000, which PostgreSQL cannot store', {
    at: { column },
  });
}
