const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** Longer whole numbers are written with an exponent, so that 1e400 does not take 400 characters. */
const WHOLE_DIGITS_MAX = 40;

/**
 * A number's text in the one form that equal numbers share: `1.50`, `15e-1` and `+1.5` are `1.5`. Text that is no
 * number stays as it is.
 */
export function plainNumber(text: string): string {
  const match = DECIMAL.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const minus = sign === '-' ? '-' : '';
  // The value is `significant` times ten to this power.
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  if (power >= 0 && significant.length + power <= WHOLE_DIGITS_MAX) return minus + significant + '0'.repeat(power);
  const point = significant.length + power;
  if (power < 0 && point > 0) return `${minus}${significant.slice(0, point)}.${significant.slice(point)}`;
  if (power < 0 && point > -WHOLE_DIGITS_MAX) return `${minus}0.${'0'.repeat(-point)}${significant}`;
  return `${minus}${significant}e${power}`;
}
