import { canonicalJson } from '../../model/json.ts';

/**
 * The canonical form of a JSON text. A text that is no JSON comes back as it is: MariaDB's JSON is a text whose check
 * can be switched off, and nothing may be lost then.
 */
export function jsonOrText(text: string): string {
  try {
    return canonicalJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/**
 * A double as MySQL writes it into JSON text: the shortest digits that stand for it, with a point or an exponent
 * always; plain up to 15 digits before the point, or while digits reach behind it (my_gcvt in strings/dtoa.cc).
 */
export function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const point = Number(exponentText) + 1;
  if (point < -14 || (point > 15 && point >= digits.length)) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const token = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?/g;
/** As many digits as Java writes of a double at most, where it writes the shortest that stand for it. */
const shortestDigits = 18;

/**
 * A JSON text in which doubles of many digits stand with all the digits of their binary value, as Java's BigDecimal
 * prints them, with the digits that MySQL itself prints.
 */
export function doublesOf(json: string): string {
  return json.replace(token, (found) => {
    if (found.startsWith('"') || found.length < shortestDigits) return found;
    const value = Number(found);
    const isWhole = !found.includes('.');
    if (isWhole && BigInt(found) >= -(2n ** 63n) && BigInt(found) < 2n ** 64n) return found;
    return isExactly(value, found) ? doubleText(value) : found;
  });
}

/** Is the decimal text the very number that a double is, digit for digit? */
function isExactly(value: number, decimal: string): boolean {
  if (!Number.isFinite(value)) return false;
  const point = decimal.indexOf('.');
  const scale = point === -1 ? 0 : decimal.length - point - 1;
  const [whole, halvings] = wholeOf(value);
  // value = whole / 2^halvings and decimal = digits / 10^scale.
  return whole * 10n ** BigInt(scale) === BigInt(decimal.replace('.', '')) * 2n ** BigInt(halvings);
}

/** A double as a whole number that was halved so many times. */
function wholeOf(value: number): readonly [whole: bigint, halvings: number] {
  let rest = value;
  let halvings = 0;
  while (!Number.isInteger(rest)) {
    rest *= 2;
    halvings += 1;
  }
  return [BigInt(rest), halvings];
}
