import type { Code } from '../../model/codes.ts';
import { TandemError } from '../../model/error.ts';
import type { Column } from '../../model/schema.ts';
import { plainDecimal, type Value } from '../../model/value.ts';

/** The value as the column keeps it. Throws TandemError of class row for what it cannot hold. */
export function stored(table: string, column: Column, value: Value): Value {
  if (value === null) {
    if (column.nullable) return null;
    return refuse('TD7003', 'the column may not be NULL', table, column);
  }
  switch (column.kind) {
    case 'int':
      return storedInt(table, column, value);
    case 'bigint':
      return storedBigint(table, column, value);
    case 'decimal':
      return storedDecimal(table, column, value);
    case 'text':
      return storedText(table, column, value);
    case 'bytes':
      return storedBytes(table, column, value);
    case 'float4':
      return typeof value === 'number' ? Math.fround(value) : wrongKind(table, column);
    case 'float8':
      return typeof value === 'number' ? value : wrongKind(table, column);
    case 'bool':
      return typeof value === 'boolean' || typeof value === 'number' ? value : wrongKind(table, column);
    case 'set':
    case 'array':
      return Array.isArray(value) ? value : wrongKind(table, column);
    case 'bit':
    case 'uuid':
    case 'json':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'interval':
      return typeof value === 'string' ? value : wrongKind(table, column);
    case 'unsupported':
      return value;
  }
}

function storedInt(table: string, column: Column, value: Value): Value {
  if (typeof value !== 'number' || !Number.isInteger(value)) return wrongKind(table, column);
  const [low, high] = column.unsigned ? [0, 4_294_967_295] : [-2_147_483_648, 2_147_483_647];
  return value >= low && value <= high ? value : refuse('TD3003', 'the number is out of range', table, column);
}

function storedBigint(table: string, column: Column, value: Value): Value {
  if (typeof value !== 'bigint') return wrongKind(table, column);
  const fits = column.unsigned ? value === BigInt.asUintN(64, value) : value === BigInt.asIntN(64, value);
  return fits ? value : refuse('TD3003', 'the number is out of range', table, column);
}

function storedDecimal(table: string, column: Column, value: Value): Value {
  if (typeof value !== 'string') return wrongKind(table, column);
  if (column.precision === null) return value;
  const [whole = '', fraction = ''] = plainDecimal(value).replace('-', '').split('.');
  const wholeMax = column.precision - (column.scale ?? 0);
  const fits = (whole === '0' || whole.length <= wholeMax) && fraction.length <= (column.scale ?? 0);
  return fits ? value : refuse('TD3003', 'the number has too many digits', table, column);
}

function storedText(table: string, column: Column, value: Value): Value {
  if (typeof value !== 'string') return wrongKind(table, column);
  if (column.values !== null && !column.values.includes(value)) {
    return refuse('TD3001', 'the column does not know this label', table, column);
  }
  // Only a text with more code units than that can have more characters.
  const long = column.length !== null && value.length > column.length && Array.from(value).length > column.length;
  return long ? refuse('TD3007', 'the text is too long', table, column) : value;
}

function storedBytes(table: string, column: Column, value: Value): Value {
  if (!(value instanceof Uint8Array)) return wrongKind(table, column);
  const long = column.length !== null && value.length > column.length;
  return long ? refuse('TD3007', 'the value is too long', table, column) : value;
}

function wrongKind(table: string, column: Column): never {
  return refuse('TD7012', `the value is not a canonical ${column.kind}`, table, column);
}

function refuse(code: Code, message: string, table: string, column: Column): never {
  throw new TandemError(code, message, { at: { table, column: column.name } });
}
