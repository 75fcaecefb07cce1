import type { Column } from '../../model/schema.ts';
import { canonicalJson } from '../../model/json.ts';
import { TandemError } from '../../model/error.ts';
import type { LinkSide } from '../../model/plan.ts';
import type { Value } from '../../model/value.ts';

/** What `--set column=value` and `--null column` say, as canonical values. Throws TD8043. */
export function givenValues(
  side: LinkSide,
  set: readonly string[],
  nulls: readonly string[],
): Readonly<Record<string, Value>> {
  const values: Record<string, Value> = {};
  for (const text of set) {
    const at = text.indexOf('=');
    if (at < 0) throw new TandemError('TD8043', 'a value is not named', { expected: '--set column=value' });
    const column = columnOf(side, text.slice(0, at));
    values[column.name] = parseValue(column, text.slice(at + 1));
  }
  for (const name of nulls) values[columnOf(side, name).name] = null;
  if (Object.keys(values).length > 0) return values;
  throw new TandemError('TD8043', 'nothing is to be changed', { expected: '--set column=value or --null column' });
}

function columnOf(side: LinkSide, name: string): Column {
  const found = side.columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  throw new TandemError('TD8043', `the link has no column ${name} in ${side.ref.table}`, {
    expected: `one of ${side.columns.map((column) => column.name).join(', ')}`,
  });
}

function parseValue(column: Column, text: string): Value {
  const value = parsed(column, text);
  if (value !== undefined) return value;
  const expected = `a value of ${column.native}`;
  throw new TandemError('TD8043', `the value for ${column.name} cannot be read`, { expected });
}

/** Undefined where the text says no value of that kind. What else the column demands, its own database says. */
function parsed(column: Column, text: string): Value | undefined {
  switch (column.kind) {
    case 'int':
      return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
    case 'bigint':
      return /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined;
    case 'float4':
    case 'float8':
      return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
    case 'bool':
      return { true: true, false: false, t: true, f: false, 1: true, 0: false }[text.toLowerCase()];
    case 'bytes':
      return /^(?:0x|\\x)(?:[\da-f]{2})*$/i.test(text) ? new Uint8Array(Buffer.from(text.slice(2), 'hex')) : undefined;
    case 'set':
      return text === '' ? [] : text.split(',');
    case 'json':
    case 'array':
      return fromJson(column.kind, text);
    default:
      return text;
  }
}

function fromJson(kind: 'json' | 'array', text: string): Value | undefined {
  try {
    if (kind === 'json') return canonicalJson(text);
    const list = JSON.parse(text) as Value;
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

/** A value as people read it on one line. */
export function showValue(value: Value | undefined): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'bigint') return value.toString();
  return JSON.stringify(value ?? null, (_name, each: unknown) => (typeof each === 'bigint' ? each.toString() : each));
}
