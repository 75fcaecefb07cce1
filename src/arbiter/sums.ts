import { TandemError } from '../model/error.ts';
import type { Kind, Value } from '../model/value.ts';

/** Kinds whose sums are exact. A sum of floating point numbers depends on the order in which they come. */
export const SUMMABLE_KINDS: ReadonlySet<Kind> = new Set<Kind>(['int', 'bigint', 'decimal']);

/** The sum of two canonical values of a summable kind; NULL counts as zero. Throws TD8012 for what is no number. */
export function sum(kind: Kind, a: Value, b: Value): Value {
  return combine(kind, a, b, 1n);
}

/** What has to be added to `b` to get `a`. Throws TD8012 for what is no number. */
export function difference(kind: Kind, a: Value, b: Value): Value {
  return combine(kind, a, b, -1n);
}

export function isZero(value: Value | undefined): boolean {
  if (value === undefined || value === null || value === 0 || value === 0n) return true;
  return typeof value === 'string' && /^[+-]?[0.]*$/.test(value);
}

function combine(kind: Kind, a: Value, b: Value, sign: 1n | -1n): Value {
  const [one, other] = [parse(a), parse(b)];
  const scale = Math.max(one.scale, other.scale);
  const units = scaled(one, scale) + sign * scaled(other, scale);
  if (kind === 'int') return Number(units);
  return kind === 'bigint' ? units : decimalText(units, scale);
}

/** A number as whole units of ten to the minus `scale`. */
interface Exact {
  readonly units: bigint;
  readonly scale: number;
}

function parse(value: Value): Exact {
  if (value === null) return { units: 0n, scale: 0 };
  if (typeof value === 'bigint') return { units: value, scale: 0 };
  const match = typeof value === 'number' || typeof value === 'string' ? DECIMAL.exec(String(value)) : null;
  if (match === null) {
    throw new TandemError('TD8012', 'a counter holds something that cannot be added to', {
      expected: 'a finite number',
    });
  }
  const [, sign = '', whole = '', fraction = ''] = match;
  return { units: BigInt(`${sign === '-' ? '-' : ''}${whole || '0'}${fraction}`), scale: fraction.length };
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/;

function scaled({ units, scale }: Exact, to: number): bigint {
  return units * 10n ** BigInt(to - scale);
}

function decimalText(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
}
