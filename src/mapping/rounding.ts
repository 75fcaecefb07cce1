const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/**
 * Decimal text with so many digits after the point, or rounded before it where `digits` is negative; a half goes away
 * from zero, as the servers round exact numbers. What has no more digits, and what is no number (NaN), stays as it is.
 */
export function roundDecimal(text: string, digits: number): string {
  const [, sign = '', whole = '', fraction = ''] = DECIMAL.exec(text) ?? [];
  const surplus = fraction.length - digits;
  if (whole === '' || surplus <= 0) return text;
  const unit = 10n ** BigInt(surplus);
  const scaled = BigInt(whole + fraction);
  const units = scaled / unit + ((scaled % unit) * 2n >= unit ? 1n : 0n);
  if (units === 0n) return '0';
  return `${sign === '-' ? '-' : ''}${pointed(units, digits)}`;
}

function pointed(units: bigint, digits: number): string {
  if (digits <= 0) return String(units * 10n ** BigInt(-digits));
  const text = String(units).padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
