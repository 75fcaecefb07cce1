import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Flavor } from './flavor.ts';

/** Bytes of a text in some character set as a string. */
export type TextReader = (buffer: Buffer, start: number, end: number) => string;

/** Thrown by a {@link TextReader} for bytes that are no text of its character set. */
export class NotText extends Error {}

/** The character sets of one server. */
export interface Charsets {
  /** The name of a collation's character set, `binary` included; null for an unknown collation. */
  ofCollation(id: number): string | null;
  /** Null where texts of this character set are not supported. */
  reader(charset: string): TextReader | null;
}

/**
 * Asks the server for its collations and, of each character set with one byte per character, for all its 256
 * characters: what comes out of the log is then exactly what the server shows. JavaScript's own tables differ in
 * places, even for latin1. Character sets of two bytes and more that are not Unicode are not supported for the same
 * reason.
 */
export async function readCharsets(connection: Connection, flavor: Flavor): Promise<Charsets> {
  const collations = flavor.engine === 'mysql' ? 'collations' : 'collation_character_set_applicability';
  const [ids] = await connection.query<RowDataPacket[]>(
    `SELECT id, character_set_name AS name FROM information_schema.${collations}`,
  );
  const [sets] = await connection.query<RowDataPacket[]>(
    `SELECT character_set_name AS name FROM information_schema.character_sets
     WHERE maxlen = 1 AND character_set_name NOT IN ('binary', 'ascii')`,
  );
  const names = sets.map((row) => String(row['name'])).filter((name) => /^\w+$/.test(name));
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex');
  const [tables] = await connection.query<RowDataPacket[]>(
    names
      .map((name) => `SELECT '${name}' AS name, HEX(CONVERT(CONVERT(x'${all}' USING ${name}) USING utf8mb4)) AS text`)
      .join(' UNION ALL '),
  );
  return new ServerCharsets(
    new Map(ids.map((row) => [Number(row['id']), String(row['name'])])),
    new Map(tables.map((row) => [String(row['name']), Buffer.from(String(row['text']), 'hex').toString()])),
  );
}

class ServerCharsets implements Charsets {
  readonly #collations: ReadonlyMap<number, string>;
  readonly #readers = new Map<string, TextReader>();

  constructor(collations: ReadonlyMap<number, string>, tables: ReadonlyMap<string, string>) {
    this.#collations = collations;
    for (const name of ['utf8mb4', 'utf8mb3', 'utf8', 'ascii']) this.#readers.set(name, readUtf8);
    this.#readers.set('ucs2', readUtf16);
    this.#readers.set('utf16', readUtf16);
    this.#readers.set('utf16le', readUtf16Little);
    this.#readers.set('utf32', readUtf32);
    for (const [name, table] of tables) {
      if (table.length === 256) this.#readers.set(name, tableReader(table));
    }
  }

  ofCollation(id: number): string | null {
    return this.#collations.get(id) ?? null;
  }

  reader(charset: string): TextReader | null {
    return this.#readers.get(charset) ?? null;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readUtf8(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end);
  if (!text.includes('\uFFFD')) return text;
  // The fast decoder replaces what it cannot read; whether it did, only the strict one can tell from a real U+FFFD.
  try {
    return strictUtf8.decode(buffer.subarray(start, end));
  } catch (cause) {
    throw new NotText('not UTF-8', { cause });
  }
}

function readUtf16Little(buffer: Buffer, start: number, end: number): string {
  if ((end - start) % 2 !== 0) throw new NotText('not UTF-16');
  return buffer.toString('utf16le', start, end);
}

function readUtf16(buffer: Buffer, start: number, end: number): string {
  if ((end - start) % 2 !== 0) throw new NotText('not UTF-16');
  return Buffer.from(buffer.subarray(start, end)).swap16().toString('utf16le');
}

function readUtf32(buffer: Buffer, start: number, end: number): string {
  if ((end - start) % 4 !== 0) throw new NotText('not UTF-32');
  let text = '';
  for (let at = start; at < end; at += 4) {
    const point = buffer.readUInt32BE(at);
    if (point > 0x10_ff_ff) throw new NotText('not UTF-32');
    text += String.fromCodePoint(point);
  }
  return text;
}

function tableReader(table: string): TextReader {
  let plain = 0;
  while (table.charCodeAt(plain) === plain) plain += 1;
  return (buffer, start, end) => {
    let at = start;
    while (at < end && (buffer[at] ?? 0) < plain) at += 1;
    if (at === end) return buffer.toString('latin1', start, end);
    let text = '';
    for (at = start; at < end; at++) text += table.charAt(buffer[at] ?? 0);
    return text;
  };
}
