import { type DebeziumJson, UNAVAILABLE } from '../../model/debezium.ts';
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
  truth,
  wholeNumber,
} from '../../model/debezium-json.ts';
import { type DebeziumDecode, NotTold } from '../../model/debezium-reader.ts';
import { canonicalJson } from '../../model/json.ts';
import type { Column } from '../../model/schema.ts';
import { plainDecimal, type Kind, type Value } from '../../model/value.ts';

// What Debezium's PostgreSQL connector writes with the settings of debezium.ts, as the text reader of the log has it.

type Json = Exclude<DebeziumJson, null>;

export function decoderOfColumn(column: Column): DebeziumDecode {
  const { kind, element } = column;
  if (kind === 'array') return arrayDecoder(column, decoderOfKind(element ?? 'text', column));
  const decode = decoderOfKind(kind, column);
  const mark = kind === 'bytes' ? Buffer.from(UNAVAILABLE).toString('base64') : UNAVAILABLE;
  return (json) => (json === mark ? undefined : decode(json));
}

function decoderOfKind(kind: Kind, column: Column): (json: Json) => Value {
  switch (kind) {
    case 'int':
      return wholeNumber;
    case 'bigint':
      return bigNumber;
    case 'decimal':
      return column.scale === null || column.scale >= 0 ? decimal : (json) => plainDecimal(decimal(json));
    case 'float4':
      return (json) => Math.fround(floating(json));
    case 'float8':
      return floating;
    case 'bool':
      return truth;
    case 'bit':
      return (json) => bits(json, column.length ?? 1);
    case 'text':
      return /^(?:character|char|bpchar)\b(?! varying)/.test(column.native) ? paddedText : text;
    case 'json':
      return (json) => canonicalJson(text(json));
    case 'uuid':
      return (json) => text(json).toLowerCase();
    case 'bytes':
      return bytes;
    case 'date':
      return date;
    case 'time':
      return (json) => timeOfMicros(bigNumber(json));
    case 'timestamp':
      return timestamp;
    case 'timestamptz':
      return timestamptz;
    case 'interval':
      return interval;
    case 'set':
    case 'array':
    case 'unsupported':
      return notCarried;
  }
}

function notCarried(): never {
  throw new NotTold('type that Tandem carries');
}

const oddDecimals: Readonly<Record<string, string>> = {
  NAN: 'NaN',
  POSITIVE_INFINITY: 'Infinity',
  NEGATIVE_INFINITY: '-Infinity',
};

function decimal(json: Json): string {
  const digits = text(json);
  if (/^-?\d+(?:\.\d+)?$/.test(digits)) return digits;
  const odd = oddDecimals[digits];
  if (odd === undefined) throw new NotTold('decimal number');
  return odd;
}

function paddedText(json: Json): string {
  return text(json).replace(/ +$/, '');
}

/** What Debezium makes of the driver's word for them; no date of PostgreSQL reaches as far back. */
const infiniteDays = new Map([
  [-2_147_472_692, 'infinity'],
  [-2_147_472_691, '-infinity'],
]);

function date(json: Json): string {
  const day = wholeNumber(json);
  return infiniteDays.get(day) ?? dateOf(...civilOfDay(day));
}

function dateOf(year: number, monthAndDay: string, time = ''): string {
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${shown}-${monthAndDay}${time === '' ? '' : ` ${time}`}${year > 0 ? '' : ' BC'}`;
}

/** The driver's word for infinity falls on a microsecond of the year 294247, which is taken for it. */
const infiniteMicros = new Map([
  [9_223_372_036_825_200_000n, 'infinity'],
  [-9_223_372_036_832_400_000n, '-infinity'],
]);
/** What is later than 64 bits can tell comes as this. */
const lastMicro = 2n ** 63n - 1n;

function timestamp(json: Json): string {
  const us = bigNumber(json);
  if (us === lastMicro) throw new NotTold('time before the year 294247');
  const infinite = infiniteMicros.get(us);
  if (infinite !== undefined) return infinite;
  const [day, time] = civilOfMicros(us);
  const [year, monthAndDay] = civilOfDay(day);
  return dateOf(year, monthAndDay, time);
}

function timestamptz(json: Json): string {
  if (json === 'infinity' || json === '-infinity') return json;
  return dateOf(...instant(json));
}

const intervalForm = /^P(-?\d+)Y(-?\d+)M(-?\d+)DT(-?\d+)H(-?\d+)M(-?)(\d+)(?:\.(\d{1,6}))?S$/;

/** ISO 8601 with a sign on each part -> PostgreSQL's own style (EncodeInterval in datetime.c). */
function interval(json: Json): string {
  const match = intervalForm.exec(text(json));
  if (match === null) throw new NotTold('interval');
  const [years, months, days, hours, minutes] = match.slice(1, 6).map(Number);
  const parts = [];
  let afterNegative = false;
  for (const [count = 0, unit] of [
    [years, 'year'],
    [months, 'mon'],
    [days, 'day'],
  ] as const) {
    if (count === 0) continue;
    parts.push(`${afterNegative && count > 0 ? '+' : ''}${count} ${unit}${count === 1 ? '' : 's'}`);
    afterNegative = count < 0;
  }
  const [hour = 0, minute = 0, second = match[7] ?? '', fraction = ''] = [hours, minutes, match[7], match[8]];
  const clock = Math.abs(hour) + Math.abs(minute) + Number(second) + Number(fraction);
  if (clock === 0 && parts.length > 0) return parts.join(' ');
  const sign = hour < 0 || minute < 0 || match[6] === '-' ? '-' : afterNegative ? '+' : '';
  const two = (value: number | string): string => String(value).padStart(2, '0');
  const rest = fraction.replace(/0+$/, '');
  parts.push(`${sign}${two(Math.abs(hour))}:${two(Math.abs(minute))}:${two(second)}${rest === '' ? '' : `.${rest}`}`);
  return parts.join(' ');
}

const markCodes = JSON.stringify([...Buffer.from(UNAVAILABLE)]);

/**
 * Of an array of arrays nothing comes but a NULL for each, so an array of nothing but NULLs may be one. That the first
 * index is another than 1 is not told at all.
 */
function arrayDecoder({ element }: Column, decode: (json: Json) => Value): DebeziumDecode {
  return (json) => {
    if (!Array.isArray(json)) throw new NotTold('array');
    const items = json as readonly DebeziumJson[];
    if (isUnavailable(items, element)) return undefined;
    if (items.length > 0 && items.every((item) => item === null)) throw new NotTold('array of one dimension');
    return items.map((item) => (item === null ? null : decode(item)));
  };
}

function isUnavailable(items: readonly DebeziumJson[], element: Kind | null): boolean {
  if (items.length === 1) return items[0] === UNAVAILABLE || items[0] === Buffer.from(UNAVAILABLE).toString('base64');
  const isWhole = element === 'int' || element === 'bigint';
  return isWhole && items.length === UNAVAILABLE.length && JSON.stringify(items.map(Number)) === markCodes;
}
