import { plainJson } from '../model/json.ts';
import { plainDecimal, type Kind, type Row, type Value } from '../model/value.ts';

/**
 * The text of a key: equal for equal canonical values, and readable in state tables. One column stands as it is,
 * several are joined by a unit separator, so that a key map row of an integer key reads `42`.
 */
export function keyText(kinds: readonly Kind[], key: Row): string {
  if (key.length === 1) return valueText(kinds[0] as Kind, key[0]);
  let text = '';
  for (let at = 0; at < key.length; at++) text += `${at === 0 ? '' : '\u001f'}${valueText(kinds[at] as Kind, key[at])}`;
  return text;
}

/** The text of one value of a key. */
export function valueText(kind: Kind, value: Value | undefined): string {
  if (value === null || value === undefined) return '\u0000';
  if (typeof value === 'string') {
    return kind === 'decimal' ? plainDecimal(value) : kind === 'json' ? plainJson(value) : value;
  }
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  // Zero has no sign where equality is decided, and neither has its text.
  return Array.isArray(value) ? JSON.stringify(value, wideNumbers) : String(value);
}

function wideNumbers(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/**
 * 53 bits of a text, as a number (two rounds of FNV-1a with different bases, mixed). A collision makes two rows look
 * like one to the window: the price is an arbitration that was not needed, never a wrong result.
 */
export function hashText(seed: number, text: string): number {
  let low = (0x811c9dc5 ^ seed) >>> 0;
  let high = (0x9747b28c + seed) >>> 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x5bd1e995);
    high ^= high >>> 15;
  }
  return ((high >>> 0) & 0x1fffff) * 0x100000000 + (low >>> 0);
}

/**
 * A fingerprint of a whole image: equal for images that hold equal canonical values. Two different images share one
 * with a chance of about 10^-15, which is what keeping millions of images in memory instead would buy.
 */
export function hashImage(kinds: readonly Kind[], image: Row): number {
  let [low, high] = [0x811c9dc5, 0x9747b28c];
  for (let column = 0; column < image.length; column++) {
    const text = valueText(kinds[column] as Kind, image[column]);
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      low = Math.imul(low ^ unit, 0x01000193);
      high = Math.imul(high ^ unit, 0x5bd1e995);
      high ^= high >>> 15;
    }
    low = Math.imul(low ^ 0x1f, 0x01000193);
    high = Math.imul(high ^ 0x1f, 0x5bd1e995);
  }
  return ((high >>> 0) & 0x1fffff) * 0x100000000 + (low >>> 0);
}
