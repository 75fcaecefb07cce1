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
