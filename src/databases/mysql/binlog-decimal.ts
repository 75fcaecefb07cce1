/** Bytes that hold 0..9 decimal digits. */
const bytesOfDigits = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const;
const groupDigits = 9;
const groupBytes = 4;

/** How many bytes a DECIMAL(precision, scale) takes. */
export function decimalBytes(precision: number, scale: number): number {
  return sideBytes(precision - scale) + sideBytes(scale);
}

function sideBytes(digits: number): number {
  return Math.floor(digits / groupDigits) * groupBytes + (bytesOfDigits[digits % groupDigits] ?? 0);
}

/**
 * A DECIMAL as exact text with all digits of its scale. Nine digits in four bytes, big-endian; what does not fill nine
 * stands at the far ends. The top bit is set for numbers that are not negative; negative ones have every bit inverted
 * (decimal2bin in strings/decimal.c).
 */
export function decimalText(buffer: Buffer, start: number, precision: number, scale: number): string {
  const negative = ((buffer[start] ?? 0) & 0x80) === 0;
  const flip = negative ? 0xff : 0;
  // After the inversion the top bit of the first byte is always set, and counts for nothing.
  let top = 0x80;
  let at = start;
  let text = negative ? '-' : '';
  let started = false;
  for (let left = precision - scale; left > 0; ) {
    const digits = left % groupDigits === 0 ? groupDigits : left % groupDigits;
    const bytes = bytesOfDigits[digits] ?? 0;
    const value = groupAt(buffer, at, bytes, flip, top);
    if (started) text += padded(value, groupDigits);
    else if (value !== 0) text += String(value);
    started ||= value !== 0;
    top = 0;
    at += bytes;
    left -= digits;
  }
  if (!started) text += '0';
  if (scale > 0) text += '.';
  for (let left = scale; left > 0; ) {
    const digits = left < groupDigits ? left : groupDigits;
    const bytes = bytesOfDigits[digits] ?? 0;
    text += padded(groupAt(buffer, at, bytes, flip, top), digits);
    top = 0;
    at += bytes;
    left -= digits;
  }
  return text;
}

function groupAt(buffer: Buffer, at: number, bytes: number, flip: number, top: number): number {
  let value = ((buffer[at] ?? 0) ^ flip) - top;
  for (let byte = 1; byte < bytes; byte++) value = value * 256 + ((buffer[at + byte] ?? 0) ^ flip);
  return value;
}

const zeros = '000000000';

function padded(value: number, digits: number): string {
  const text = String(value);
  return text.length >= digits ? text : zeros.slice(text.length, digits) + text;
}
