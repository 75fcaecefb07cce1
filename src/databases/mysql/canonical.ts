/**
 * The canonical forms of MySQL's and MariaDB's values, shared by the reader of the log and the reader of SQL results:
 * both must come to the same text for the same value.
 */

const twoDigits = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** 0..99 as two digits. */
export function two(number: number): string {
  return twoDigits[number] ?? String(number);
}

/** `.5` for 500000 microseconds, nothing for 0: no trailing zeros. */
export function fractionText(microseconds: number): string {
  if (microseconds === 0) return '';
  let digits = String(microseconds).padStart(6, '0');
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  if (end < digits.length) digits = digits.slice(0, end);
  return `.${digits}`;
}

/** Any temporal text of the server in canonical form: the fraction loses its trailing zeros. */
export function trimFraction(text: string): string {
  const point = text.lastIndexOf('.');
  if (point < 0) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x30) end -= 1;
  return text.slice(0, end - 1 === point ? point : end);
}

/** `2024-02-29`; zero and partial dates come out as they are. */
export function dateText(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** `-12:34:56.5`; hours may have three digits. */
export function timeText(negative: boolean, hours: number, minutes: number, seconds: number, micros: number): string {
  return `${negative ? '-' : ''}${two(hours)}:${two(minutes)}:${two(seconds)}${fractionText(micros)}`;
}

/** The UTC date of a day counted from 1970-01-01 (proleptic Gregorian). */
export function dateOfDay(daysSince1970: number): string {
  // Days since 0000-03-01, so that the leap day is the last of its year.
  const days = daysSince1970 + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return dateText(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day);
}

/** BIT(n) as 0 and 1, n characters long. The bytes are big-endian, as the log and SQL give them. */
export function bitText(bytes: Uint8Array, length: number): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(2).padStart(8, '0');
  return text.length > length ? text.slice(text.length - length) : text.padStart(length, '0');
}

/** BINARY(n) with the zeros that the log leaves out at its end. Always a copy. */
export function padBytes(bytes: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(Math.max(length, bytes.length));
  padded.set(bytes);
  return padded;
}

/** CHAR(n) without the blanks that pad it. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end -= 1;
  return end === text.length ? text : text.slice(0, end);
}

/** SET: its members, in the order of definition, from the text that SQL gives. No label can hold a comma. */
export function setMembers(text: string, labels: readonly string[]): string[] {
  if (text === '') return [];
  const members = new Set(text.split(','));
  return labels.filter((label) => members.has(label));
}

/** 16 bytes as `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
