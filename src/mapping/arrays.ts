import { canonicalJson } from '../model/json.ts';
import type { Value } from '../model/value.ts';
import type { End } from './declaration.ts';
import { refuse } from './refuse.ts';

const DECIMAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** An array column's value as canonical JSON. Throws TD3004 for elements that JSON has no form for (NaN, infinity). */
export function jsonOfArray(value: Value, from: End): string {
  return Array.isArray(value)
    ? `[${value.map((item) => jsonOfElement(item as Value, from)).join(',')}]`
    : unrepresentable(from);
}

function jsonOfElement(value: Value, from: End): string {
  const element = from.column.element;
  // An array within an array of JSON could not be told from an element that is a JSON array.
  if (Array.isArray(value)) return element === 'json' ? unrepresentable(from) : jsonOfArray(value, from);
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : unrepresentable(from);
  if (typeof value !== 'string') return unrepresentable(from);
  if (element === 'json') return value;
  if (element !== 'decimal') return JSON.stringify(value);
  return DECIMAL.test(value) ? value : unrepresentable(from);
}

/** The inverse of {@link jsonOfArray}, by the element's kind. Throws TD3004 for JSON of another shape. */
export function arrayOfJson(text: string, to: End): Value {
  const canonical = canonicalJson(text);
  return canonical.startsWith('[') ? itemsOf(canonical).map((item) => elementOf(item, to)) : unrepresentable(to);
}

function elementOf(json: string, to: End): Value {
  const element = to.column.element;
  if (json === 'null') return null;
  if (json.startsWith('[') && element !== 'json') return itemsOf(json).map((item) => elementOf(item, to));
  switch (element) {
    case 'json':
      return json;
    case 'bool':
      return json === 'true' || json === 'false' ? json === 'true' : unrepresentable(to);
    case 'decimal':
      return DECIMAL.test(json) ? json : unrepresentable(to);
    case 'bigint':
      return /^-?\d+$/.test(json) ? BigInt(json) : unrepresentable(to);
    case 'int':
      return /^-?\d+$/.test(json) ? Number(json) : unrepresentable(to);
    case 'float4':
    case 'float8':
      return /^[-\d]/.test(json) ? floatOf(json, element, to) : unrepresentable(to);
    default:
      return json.startsWith('"') ? (JSON.parse(json) as string) : unrepresentable(to);
  }
}

function floatOf(json: string, element: 'float4' | 'float8', to: End): number {
  const number = element === 'float4' ? Math.fround(Number(json)) : Number(json);
  return Number.isFinite(number) ? number : unrepresentable(to);
}

/** The items of a JSON array in canonical text, split at the commas that lie in no string and no inner value. */
function itemsOf(json: string): readonly string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 1;
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/g)) {
    const token = match[0];
    if (token === '[' || token === '{') depth += 1;
    const ends = depth === 1 && (token === ',' || token === ']');
    if (ends && match.index > start) items.push(json.slice(start, match.index));
    if (ends) start = match.index + 1;
    if (token === ']' || token === '}') depth -= 1;
  }
  return items;
}

function unrepresentable(end: End): never {
  const elements = `elements of ${end.column.element ?? 'text'}`;
  return refuse('TD3004', 'an element has no counterpart on the other side', end, elements);
}
