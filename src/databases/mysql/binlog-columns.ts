import { TandemError } from '../../model/error.ts';
import type { Column, TableRef } from '../../model/schema.ts';
import { tableName } from '../../model/schema.ts';
import { decimalBytes } from './binlog-decimal.ts';
import * as temporal from './binlog-temporal.ts';
import * as values from './binlog-values.ts';
import type { ColumnPlan, ValueReader } from './binlog-values.ts';
import { type Charsets, readUtf8, type TextReader } from './charset.ts';

/** Column types in the log, by field_types.h; 140 and 141 are MariaDB's. */
export const columnTypes = {
  tiny: 1,
  short: 2,
  int: 3,
  float: 4,
  double: 5,
  timestamp: 7,
  bigint: 8,
  medium: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  varchar: 15,
  bit: 16,
  timestamp2: 17,
  datetime2: 18,
  time2: 19,
  compressedBlob: 140,
  compressedVarchar: 141,
  vector: 242,
  json: 245,
  decimal: 246,
  enum: 247,
  set: 248,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

/** What a table map and, where it is silent, the catalogue say about a column. */
export interface ColumnFacts {
  readonly ref: TableRef;
  readonly name: string;
  readonly type: number;
  /** The type's own bytes of the table map, the first one lowest. */
  readonly meta: number;
  /** From the log; null where it does not tell. */
  readonly unsigned: boolean | null;
  readonly charset: string | null;
  readonly labels: readonly Buffer[] | null;
  /** As the catalogue has the column now; null where it has none of this name. */
  readonly column: Column | null;
}

/** What a type needs beside its reader. */
type Details = Partial<Omit<ColumnPlan, 'name' | 'read'>> & { readonly read: ValueReader };

/** Chooses the reader of a column. Throws TD2108 for a type or character set that is not carried. */
export function planColumn(facts: ColumnFacts, charsets: Charsets): ColumnPlan {
  const details = readerOf(facts, charsets);
  return {
    name: facts.name,
    read: details.read,
    bytes: details.bytes ?? 0,
    length: details.length ?? 0,
    precision: details.precision ?? 0,
    scale: details.scale ?? 0,
    unsigned: facts.unsigned ?? facts.column?.unsigned ?? false,
    labels: details.labels ?? [],
    text: details.text ?? readUtf8,
    generated: facts.column?.generated ?? false,
  };
}

const plain = new Map<number, ValueReader>([
  [columnTypes.short, values.readShort],
  [columnTypes.int, values.readInt],
  [columnTypes.medium, values.readMedium],
  [columnTypes.bigint, values.readBigInt],
  [columnTypes.float, values.readFloat],
  [columnTypes.double, values.readDouble],
  [columnTypes.year, values.readYear],
  [columnTypes.date, temporal.readDate],
  [columnTypes.timestamp, temporal.readOldTimestamp],
  [columnTypes.datetime, temporal.readOldDateTime],
  [columnTypes.time, temporal.readOldTime],
]);

function readerOf(facts: ColumnFacts, charsets: Charsets): Details {
  const { type, meta } = facts;
  const read = plain.get(type);
  if (read !== undefined) return { read };
  switch (type) {
    case columnTypes.tiny:
      return { read: facts.column?.kind === 'bool' ? values.readBool : values.readTiny };
    case columnTypes.timestamp2:
      return { read: temporal.readTimestamp, bytes: temporal.fractionBytes(meta) };
    case columnTypes.datetime2:
      return { read: temporal.readDateTime, bytes: temporal.fractionBytes(meta) };
    case columnTypes.time2:
      return { read: temporal.readTime, bytes: temporal.fractionBytes(meta) };
    case columnTypes.decimal:
      return decimalDetails(meta & 0xff, meta >> 8);
    case columnTypes.bit: {
      const length = (meta & 0xff) + (meta >> 8) * 8;
      return { read: values.readBit, length, bytes: (length + 7) >> 3 };
    }
    case columnTypes.json:
      return { read: values.readBinaryJson, bytes: meta };
    case columnTypes.vector:
    case columnTypes.geometry:
      return { read: values.readBytes, bytes: meta };
    case columnTypes.varchar:
    case columnTypes.varString:
      return stringDetails(facts, charsets, meta > 255 ? 2 : 1, 0);
    case columnTypes.blob:
      return stringDetails(facts, charsets, meta, 0);
    case columnTypes.string:
      return packedStringDetails(facts, charsets);
    case columnTypes.compressedVarchar:
      return compressedDetails(facts, charsets, meta > 255 ? 2 : 1);
    case columnTypes.compressedBlob:
      return compressedDetails(facts, charsets, meta);
    default:
      throw unsupported(facts, `type ${type}`);
  }
}

function decimalDetails(precision: number, scale: number): Details {
  return { read: values.readDecimal, precision, scale, bytes: decimalBytes(precision, scale) };
}

/** CHAR, BINARY, ENUM and SET share one type; the real one, or two more bits of the length, are in its first byte. */
function packedStringDetails(facts: ColumnFacts, charsets: Charsets): Details {
  const [first, second] = [facts.meta & 0xff, facts.meta >> 8];
  if (first === columnTypes.enum || first === columnTypes.set) {
    const read = first === columnTypes.enum ? values.readEnum : values.readSet;
    return { read, bytes: second, labels: labelsOf(facts, charsets) };
  }
  const length = second | (((first & 0x30) ^ 0x30) << 4);
  return stringDetails(facts, charsets, length > 255 ? 2 : 1, length);
}

function labelsOf(facts: ColumnFacts, charsets: Charsets): readonly string[] {
  if (facts.labels === null) return facts.column?.values ?? [];
  const text = textOf(facts, charsets) ?? readUtf8;
  return facts.labels.map((label) => text(label, 0, label.length));
}

/** `length` is 0 for types whose values are not padded. */
function stringDetails(facts: ColumnFacts, charsets: Charsets, bytes: number, length: number): Details {
  const special = specialReader(facts);
  if (special !== null) return { read: special, bytes };
  const text = textOf(facts, charsets);
  if (text === null) return { read: length === 0 ? values.readBytes : values.readBinary, bytes, length };
  if (facts.column?.kind === 'json') return { read: values.readTextJson, bytes, text };
  return { read: length === 0 ? values.readText : values.readChar, bytes, text };
}

/** Types of MariaDB that look like BINARY in the log. */
function specialReader({ column }: ColumnFacts): ValueReader | null {
  switch (column?.native) {
    case 'uuid':
      return values.readUuid;
    case 'inet4':
      return values.readInet4;
    case 'inet6':
      return values.readInet6;
    default:
      return null;
  }
}

function compressedDetails(facts: ColumnFacts, charsets: Charsets, bytes: number): Details {
  const text = textOf(facts, charsets);
  if (text === null) return { read: values.readCompressedBytes, bytes };
  return { read: values.readCompressedText, bytes, text };
}

/** Null for binary strings. */
function textOf(facts: ColumnFacts, charsets: Charsets): TextReader | null {
  const charset = facts.charset ?? charsetOfCatalogue(facts);
  if (charset === 'binary') return null;
  const text = charsets.reader(charset);
  if (text === null) throw unsupported(facts, `character set ${charset}`);
  return text;
}

/** State tables come without columns; they hold texts, in the one character set that they are made with. */
function charsetOfCatalogue({ column }: ColumnFacts): string {
  if (column === null) return 'utf8mb4';
  return column.charset ?? (column.kind === 'bytes' || column.kind === 'unsupported' ? 'binary' : 'utf8mb4');
}

function unsupported(facts: ColumnFacts, found: string): TandemError {
  return new TandemError('TD2108', `The log holds a column of ${tableName(facts.ref)} that Tandem cannot read.`, {
    found,
    fix: `Change the column to a type and character set that Tandem carries, such as utf8mb4.`,
    at: { table: tableName(facts.ref), column: facts.name },
  });
}
