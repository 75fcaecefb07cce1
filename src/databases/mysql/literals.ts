import type { Code } from '../../model/codes.ts';
import { TandemError } from '../../model/error.ts';
import type { Column } from '../../model/schema.ts';
import { plainDecimal, type Value } from '../../model/value.ts';

/**
 * The one place where values become SQL text. Statements are composed of literals because multi-row literal statements
 * are the fastest way into these servers. The rules hold for sessions with utf8mb4 and a sql_mode without
 * NO_BACKSLASH_ESCAPES, ANSI_QUOTES and NO_ZERO_DATE, which is what `connect.ts` sets up.
 *
 * A writer refuses what the column cannot hold as it is, also where the server would round, cut or clamp it with a mere
 * note: a decimal with more digits than its scale, seconds with more digits than the column keeps, blanks beyond the
 * length of a varchar, a label that differs only in case.
 */
export type LiteralWriter = (value: Value) => string;

/** An identifier, quoted. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A table's name with its database, quoted. */
export function quoteTable(ref: { readonly schema: string; readonly table: string }): string {
  return `${quoteName(ref.schema)}.${quoteName(ref.table)}`;
}

const careful = /[\0'\\\uD800-\uDFFF]/;
const escaped = /[\0'\\]/g;
const loneSurrogate = /\p{Surrogate}/u;

/** Any text as a string literal. Throws TD3006 for half a character pair, which UTF-8 cannot hold. */
export function quoteText(text: string): string {
  if (!careful.test(text)) return `'${text}'`;
  if (loneSurrogate.test(text)) {
    throw new TandemError('TD3006', 'a text holds half of a surrogate pair, which no character set can store');
  }
  return `'${text.replace(escaped, (char) => (char === '\0' ? '\\0' : `\\${char}`))}'`;
}

/** Bytes as a hexadecimal literal. */
export function quoteBytes(bytes: Uint8Array): string {
  return `x'${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}'`;
}

/**
 * Compiles the writer of one column. What it returns is valid for storing into the column and for comparing with it.
 */
export function literalWriter(column: Column): LiteralWriter {
  const write = writerOfKind(column);
  return (value) => {
    if (value !== null) return write(value);
    if (column.nullable) return 'NULL';
    // The server would make up a value for AUTO_INCREMENT, and for TIMESTAMP under old settings.
    throw refusal('TD7003', column, 'NULL in a column that is NOT NULL');
  };
}

/**
 * As {@link literalWriter}, for use in a table of literals. MariaDB gives a column of hexadecimal literals there no
 * more than 16 bits for its length: values of 64 KiB and more lose their ends without a word, and rows of that size
 * bring the server down (seen in 10.11). A CAST makes it a proper binary string.
 */
export function derivedWriter(column: Column): LiteralWriter {
  const write = literalWriter(column);
  if (column.kind !== 'bytes') return write;
  return (value) => (value === null ? write(value) : `CAST(${write(value)} AS BINARY)`);
}

function writerOfKind(column: Column): LiteralWriter {
  switch (column.kind) {
    case 'int':
    case 'bigint':
    case 'bool':
      return (value) => wholeNumber(column, value);
    case 'decimal':
      return (value) => decimal(column, value);
    case 'float4':
    case 'float8':
      return (value) => floating(column, value);
    case 'bit':
      return (value) => bits(column, value);
    case 'text':
      return column.native.startsWith('enum') ? labelWriter(column) : (value) => text(column, value);
    case 'set':
      return setWriter(column);
    case 'uuid':
    case 'json':
      return (value) => (typeof value === 'string' ? quoteText(value) : mismatch(column, value));
    case 'bytes':
      return (value) => bytes(column, value);
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return temporalWriter(column);
    case 'array':
    case 'interval':
    case 'unsupported':
      return (value) => mismatch(column, value);
  }
}

function wholeNumber(column: Column, value: Value): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value);
  return mismatch(column, value);
}

const decimalText = /^[+-]?\d+(?:\.\d+)?$/;

function decimal(column: Column, value: Value): string {
  if (typeof value !== 'string' || !decimalText.test(value)) return mismatch(column, value);
  const { precision, scale } = column;
  if (precision === null || scale === null) return value;
  if (value.length <= scale) return value;
  const plain = plainDecimal(value);
  const point = plain.indexOf('.');
  const digits = point === -1 ? 0 : plain.length - point - 1;
  if (digits > scale) throw refusal('TD3002', column, `more than ${scale} digits after the point`);
  const whole = plain.length - (digits === 0 ? 0 : digits + 1) - (plain.startsWith('-') ? 1 : 0);
  if (whole > Math.max(precision - scale, 1)) throw refusal('TD3003', column, 'more digits than the column has');
  return plain;
}

/** Always with an exponent: without one the server would take the number for a decimal. */
function floating(column: Column, value: Value): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return mismatch(column, value);
  if (Object.is(value, -0)) return '-0e0';
  const digits = String(value);
  return digits.includes('e') ? digits : `${digits}e0`;
}

const bitText = /^[01]{1,64}$/;

/** As a number, which stores and compares alike; a b'' literal would compare as text. */
function bits(column: Column, value: Value): string {
  if (typeof value !== 'string' || !bitText.test(value)) return mismatch(column, value);
  if (column.length !== null && value.length !== column.length) {
    throw refusal('TD3007', column, `not exactly ${column.length} bits`);
  }
  return BigInt(`0b${value}`).toString();
}

function text(column: Column, value: Value): string {
  if (typeof value !== 'string') return mismatch(column, value);
  const { length } = column;
  if (length !== null && value.length > length && value.length - pairsIn(value) > length) {
    throw refusal('TD3007', column, `longer than ${length} characters`);
  }
  return quoteText(value);
}

/** How many characters of a text take two UTF-16 units. */
function pairsIn(value: string): number {
  return value.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0;
}

/** An unknown label must not reach the server: it takes '2' for the second label, and 'RED' for 'red'. */
function labelWriter(column: Column): LiteralWriter {
  const labels = new Map((column.values ?? []).map((label) => [label, quoteText(label)]));
  return (value) => {
    const known = typeof value === 'string' ? labels.get(value) : undefined;
    return known ?? refuseLabel(column, value);
  };
}

function setWriter(column: Column): LiteralWriter {
  const labels = new Set(column.values ?? []);
  return (value) => {
    if (!Array.isArray(value)) return mismatch(column, value);
    for (const label of value) if (typeof label !== 'string' || !labels.has(label)) return refuseLabel(column, value);
    return quoteText(value.join(','));
  };
}

function refuseLabel(column: Column, value: Value): string {
  if (typeof value !== 'string' && !Array.isArray(value)) return mismatch(column, value);
  throw refusal('TD3001', column, `a label that ${column.native.startsWith('enum') ? 'the ENUM' : 'the SET'} lacks`);
}

function bytes(column: Column, value: Value): string {
  if (!(value instanceof Uint8Array)) return mismatch(column, value);
  if (column.length !== null && value.length > column.length) {
    throw refusal('TD3007', column, `longer than ${column.length} bytes`);
  }
  return quoteBytes(value);
}

const temporalText = {
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^-?\d{2,3}:\d\d:\d\d(?:\.\d{1,6})?$/,
  timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
  timestamptz: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/,
};

/**
 * A time of day says its type: MySQL compares a TIME with a text as texts where the text is no constant or stands in a
 * tuple, and `01:00:00.5` is not the text `01:00:00.500000`.
 */
function temporalWriter(column: Column): LiteralWriter {
  const pattern = temporalText[column.kind as keyof typeof temporalText];
  const typeName = column.kind === 'time' ? 'TIME' : '';
  const fractionMax = column.fraction ?? 6;
  return (value) => {
    if (typeof value !== 'string') return mismatch(column, value);
    if (!pattern.test(value)) return mismatch(column, value);
    const point = value.indexOf('.');
    if (point >= 0 && value.length > point + 1 + fractionMax && /[^0]/.test(value.slice(point + 1 + fractionMax))) {
      throw refusal('TD3002', column, `more than ${fractionMax} digits of a second`);
    }
    return `${typeName}'${value}'`;
  };
}

function mismatch(column: Column, value: Value): never {
  const special = typeof value === 'number' || typeof value === 'string' ? ' this' : ` ${kindOf(value)}`;
  throw refusal('TD3004', column, `a value that ${column.native} cannot hold:${special}`);
}

function kindOf(value: Value): string {
  if (value instanceof Uint8Array) return 'bytes';
  return Array.isArray(value) ? 'a list' : typeof value;
}

function refusal(code: Code, column: Column, found: string): TandemError {
  return new TandemError(code, `a value does not fit the column ${column.name} (${column.native})`, {
    found,
    at: { column: column.name },
  });
}
