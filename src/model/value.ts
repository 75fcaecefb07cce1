import { plainJson } from './json.ts';

/**
 * The one canonical form of every value (the reader of a log, a locked row and a scanned row all produce the same).
 *
 * | kind                  | JS form                                                                   |
 * |-----------------------|---------------------------------------------------------------------------|
 * | int                   | number (int2, int4, tinyint..int unsigned, year)                          |
 * | bigint                | bigint (int8, bigint, bigint unsigned)                                    |
 * | decimal               | string as the source wrote it (`1.00`), equal by number; `NaN` and such of PostgreSQL |
 * | float4, float8        | number (float4 after Math.fround); NaN and infinities of PostgreSQL as such |
 * | bool                  | boolean; a tinyint(1) that holds neither 0 nor 1 stays a number            |
 * | bit                   | string of 0 and 1, as long as the declared length                         |
 * | text                  | string; char(n) without its trailing blanks; enum as its label            |
 * | set                   | string[] in the order of definition                                       |
 * | array                 | nested arrays of canonical elements                                       |
 * | uuid                  | 36 lower-case characters                                                  |
 * | bytes                 | Uint8Array; BINARY(n) padded to n again                                   |
 * | json                  | canonical JSON text: keys sorted, no blanks, numbers as written, equal by number |
 * | date                  | `YYYY-MM-DD` (also `infinity`, `0000-00-00` as found)                     |
 * | time                  | `[-]HH:MM:SS[.f]`, no trailing zeros in f                                 |
 * | timestamp             | `YYYY-MM-DD HH:MM:SS[.f]`, civil time, no zone, no trailing zeros in f    |
 * | timestamptz           | the same form, always UTC                                                 |
 * | interval              | text in PostgreSQL's `postgres` style                                     |
 *
 * Temporal values are text, not numbers: text is exact to the microsecond, holds zero dates and infinity as they were
 * found, survives JSON and structured clone, and compares by `===`.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[];

export type Kind =
  | 'int'
  | 'bigint'
  | 'decimal'
  | 'float4'
  | 'float8'
  | 'bool'
  | 'bit'
  | 'text'
  | 'set'
  | 'array'
  | 'uuid'
  | 'bytes'
  | 'json'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  /** A type Tandem does not carry; linking such a column is a finding, never a guess. */
  | 'unsupported';

/**
 * Values in the order of the columns that the holder of the row names. `undefined` means *not known or not to be
 * touched* (an unchanged TOAST value, a one-way column); SQL NULL is `null`.
 */
export type Row = readonly (Value | undefined)[];

/** Are two canonical values of one kind the same? The only equality that decides anything (design: G1). */
export function sameValue(kind: Kind, a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (a === null || b === null || a === undefined || b === undefined) return false;
  if (kind === 'decimal') return typeof a === 'string' && typeof b === 'string' && plainDecimal(a) === plainDecimal(b);
  if (kind === 'json') return typeof a === 'string' && typeof b === 'string' && plainJson(a) === plainJson(b);
  if (typeof a === 'number' && typeof b === 'number') return Number.isNaN(a) && Number.isNaN(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return sameBytes(a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => sameValue(kind, item as Value, b[at] as Value));
  }
  return false;
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/**
 * Decimal text without the zeros that carry no value: `-007.500` and `-7.5` are one number. What is no such text comes
 * back as it is. By hand, because every decimal of every row comes here: what a regular expression matched took 500
 * bytes a row.
 */
export function plainDecimal(text: string): string {
  const sign = text.charCodeAt(0);
  let start = sign === MINUS || sign === PLUS ? 1 : 0;
  const point = pointOf(text, start);
  if (point < 0) return text;
  let end = text.length;
  if (point < end) {
    while (text.charCodeAt(end - 1) === ZERO) end--;
    if (end - 1 === point) end = point;
  }
  while (start < point - 1 && text.charCodeAt(start) === ZERO) start++;
  const hasWhole = start < point;
  const isWhole = end === point;
  if (isWhole && (!hasWhole || (start === point - 1 && text.charCodeAt(start) === ZERO))) return '0';
  const digits = hasWhole ? text.slice(start, end) : `0${text.slice(start, end)}`;
  return sign === MINUS ? `-${digits}` : digits;
}

/** Where the point of a decimal text is, its length where it has none, -1 where the text is no decimal. */
function pointOf(text: string, start: number): number {
  let point = text.length;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === POINT && point === text.length) point = at;
    else if (unit < ZERO || unit > ZERO + 9) return -1;
  }
  return point;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/**
 * Canonical values as JSON text and back, without loss (bigint, bytes, NaN and absent values are tagged). Used where a
 * row travels through a state table.
 */
export function encodeRow(row: Row): string {
  return JSON.stringify(row.map(encodeValue));
}

/** The inverse of {@link encodeRow}. Throws SyntaxError on text that is not JSON. */
export function decodeRow(text: string): Row {
  return (JSON.parse(text) as unknown[]).map(decodeValue);
}

function encodeValue(value: Value | undefined): unknown {
  if (value === undefined) return { u: 1 };
  if (typeof value === 'bigint') return { n: value.toString() };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return { f: String(value) };
  if (value instanceof Uint8Array) return { b: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map((item) => encodeValue(item as Value));
  return value;
}

function decodeValue(value: unknown): Value | undefined {
  if (Array.isArray(value)) return value.map((item) => decodeValue(item) as Value);
  if (value === null || typeof value !== 'object') return value as Value;
  const tagged = value as { u?: 1; n?: string; f?: string; b?: string };
  if (tagged.n !== undefined) return BigInt(tagged.n);
  if (tagged.f !== undefined) return Number(tagged.f);
  if (tagged.b !== undefined) return new Uint8Array(Buffer.from(tagged.b, 'base64'));
  return undefined;
}
