import type { Value } from '../model/value.ts';
import { type Json, parseJson, printJson } from './json.ts';
import { type End, refuse } from './refuse.ts';

/** An array column's value as canonical JSON. Throws TD3004 for elements that JSON has no form for (NaN, infinity). */
export function jsonOfArray(value: Value, from: End): string {
  return printJson(toJson(value, from));
}

function toJson(value: Value, from: End): Json {
  if (Array.isArray(value)) return value.map((item) => toJson(item as Value, from));
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return { digits: value.toString() };
  if (typeof value === 'number') return Number.isFinite(value) ? { digits: String(value) } : unrepresentable(from);
  if (typeof value !== 'string') return unrepresentable(from);
  if (from.column.element !== 'decimal') return value;
  return /^-?\d+(\.\d+)?$/.test(value) ? { digits: value } : unrepresentable(from);
}

/** The inverse of {@link jsonOfArray}, by the element's kind. Throws TD3004 for JSON of another shape. */
export function arrayOfJson(text: string, to: End): Value {
  const value = parseJson(text);
  return Array.isArray(value) ? fromJson(value, to) : unrepresentable(to);
}

function fromJson(value: Json, to: End): Value {
  if (Array.isArray(value)) return value.map((item) => fromJson(item as Json, to));
  if (value === null) return null;
  const element = to.column.element;
  if (typeof value === 'boolean') return element === 'bool' ? value : unrepresentable(to);
  if (typeof value === 'string') return isTextual(element) ? value : unrepresentable(to);
  if (!('digits' in value)) return element === 'json' ? printJson(value) : unrepresentable(to);
  return numberOf(value.digits, to);
}

function numberOf(digits: string, to: End): Value {
  switch (to.column.element) {
    case 'decimal':
      return /^-?\d+(\.\d+)?$/.test(digits) ? digits : unrepresentable(to);
    case 'bigint':
      return /^-?\d+$/.test(digits) ? BigInt(digits) : unrepresentable(to);
    case 'int':
      return /^-?\d+$/.test(digits) ? Number(digits) : unrepresentable(to);
    case 'float4':
      return Math.fround(Number(digits));
    case 'float8':
      return Number(digits);
    default:
      return unrepresentable(to);
  }
}

function isTextual(element: string | null): boolean {
  return element !== null && ['text', 'uuid', 'date', 'time', 'timestamp', 'timestamptz', 'interval', 'bit'].includes(element);
}

function unrepresentable(end: End): never {
  return refuse('TD3004', 'an element has no counterpart on the other side', end, `elements of ${end.column.element ?? 'text'}`);
}
