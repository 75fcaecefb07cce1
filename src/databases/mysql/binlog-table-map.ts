import type { TableRef } from '../../model/schema.ts';
import { columnTypes } from './binlog-columns.ts';
import { packedAt } from './binlog-events.ts';
import type { Flavor } from './flavor.ts';

const metadataTypes = {
  signedness: 1,
  defaultCharset: 2,
  columnCharset: 3,
  columnName: 4,
  setLabels: 5,
  enumLabels: 6,
  enumAndSetDefaultCharset: 10,
  enumAndSetColumnCharset: 11,
} as const;

/** Numeric columns as signedness counts them; YEAR is one of them. */
const numeric = new Set<number>([
  columnTypes.tiny,
  columnTypes.short,
  columnTypes.int,
  columnTypes.medium,
  columnTypes.bigint,
  columnTypes.float,
  columnTypes.double,
  columnTypes.decimal,
  columnTypes.year,
]);

const text = new Set<number>([
  columnTypes.varchar,
  columnTypes.varString,
  columnTypes.blob,
  columnTypes.compressedBlob,
  columnTypes.compressedVarchar,
  columnTypes.vector,
]);

/**
 * TABLE_MAP_EVENT behind its table id and flags: names of database and table, types of the columns, their metadata,
 * which may be NULL, and optional metadata as type, length, value (libbinlogevents/include/rows_event.h).
 */
export class TableMap {
  readonly ref: TableRef;
  readonly types: readonly number[];
  readonly metas: readonly number[];
  names: readonly string[] | null = null;
  /** Ordinals of the unsigned columns; null where the log does not tell. */
  unsigned: Set<number> | null = null;
  /** Collation of text, ENUM and SET columns, by ordinal. */
  readonly collations = new Map<number, number>();
  /** Labels of ENUM and SET columns in the column's character set, by ordinal. */
  readonly labels = new Map<number, readonly Buffer[]>();
  readonly #content: Buffer;

  readonly #engine: Flavor['engine'];

  constructor(content: Buffer, engine: Flavor['engine']) {
    this.#content = content;
    this.#engine = engine;
    const schemaEnd = 1 + content.readUInt8(0);
    const tableAt = schemaEnd + 2;
    const tableEnd = tableAt + content.readUInt8(schemaEnd + 1);
    this.ref = { schema: content.toString('utf8', 1, schemaEnd), table: content.toString('utf8', tableAt, tableEnd) };
    const count = packedAt(content, tableEnd + 1);
    const typesEnd = count.next + count.value;
    this.types = [...content.subarray(count.next, typesEnd)];
    const metaLength = packedAt(content, typesEnd);
    const metaEnd = metaLength.next + metaLength.value;
    this.metas = readMetas(this.types, content.subarray(metaLength.next, metaEnd));
    this.#readOptional(metaEnd + ((count.value + 7) >> 3));
  }

  #readOptional(from: number): void {
    for (let at = from; at < this.#content.length; ) {
      const type = this.#content.readUInt8(at);
      const { value: length, next } = packedAt(this.#content, at + 1);
      this.#readField(type, this.#content.subarray(next, next + length));
      at = next + length;
    }
  }

  #readField(type: number, field: Buffer): void {
    switch (type) {
      case metadataTypes.signedness:
        this.unsigned = new Set(this.#ordinals(isNumeric).filter((_, at) => bitAt(field, at)));
        break;
      case metadataTypes.defaultCharset:
        this.#defaultCharsets(this.#ordinals(this.#isText), field);
        break;
      case metadataTypes.columnCharset:
        this.#columnCharsets(this.#ordinals(this.#isText), field);
        break;
      case metadataTypes.enumAndSetDefaultCharset:
        this.#defaultCharsets(this.#ordinals(isLabelled), field);
        break;
      case metadataTypes.enumAndSetColumnCharset:
        this.#columnCharsets(this.#ordinals(isLabelled), field);
        break;
      case metadataTypes.columnName:
        this.names = packedStrings(field, 0, this.types.length).strings.map(String);
        break;
      case metadataTypes.setLabels:
        this.#labelsOf(columnTypes.set, field);
        break;
      case metadataTypes.enumLabels:
        this.#labelsOf(columnTypes.enum, field);
        break;
      default:
        break;
    }
  }

  /** The most frequent collation, then pairs of a column, counted among `ordinals`, and its other collation. */
  #defaultCharsets(ordinals: readonly number[], field: Buffer): void {
    const [common = 0, ...exceptions] = packedNumbers(field);
    for (const ordinal of ordinals) this.collations.set(ordinal, common);
    for (let at = 0; at + 1 < exceptions.length; at += 2) {
      this.collations.set(ordinals[exceptions[at] ?? -1] ?? -1, exceptions[at + 1] ?? 0);
    }
  }

  #columnCharsets(ordinals: readonly number[], field: Buffer): void {
    for (const [at, collation] of packedNumbers(field).entries()) this.collations.set(ordinals[at] ?? -1, collation);
  }

  #labelsOf(realType: number, field: Buffer): void {
    let at = 0;
    for (const ordinal of this.#ordinals((type, meta) => type === columnTypes.string && (meta & 0xff) === realType)) {
      const count = packedAt(field, at);
      const { strings, next } = packedStrings(field, count.next, count.value);
      this.labels.set(ordinal, strings);
      at = next;
    }
  }

  /** Columns that have a collation in the log. MariaDB counts GEOMETRY among them, and MySQL VECTOR, but not JSON. */
  readonly #isText = (type: number, meta: number): boolean => {
    if (type === columnTypes.string) return !isLabelled(type, meta);
    return text.has(type) || (type === columnTypes.geometry && this.#engine === 'mariadb');
  };

  #ordinals(matches: (type: number, meta: number) => boolean): number[] {
    return [...this.types.keys()].filter((at) => matches(this.types[at] ?? 0, this.metas[at] ?? 0));
  }
}

function isLabelled(type: number, meta: number): boolean {
  const real = meta & 0xff;
  return type === columnTypes.string && (real === columnTypes.enum || real === columnTypes.set);
}

function isNumeric(type: number): boolean {
  return numeric.has(type);
}

/** Bytes of metadata by type; types not named have none. Two bytes are read with the first one lowest. */
const metaBytes = new Map<number, number>([
  [columnTypes.float, 1],
  [columnTypes.double, 1],
  [columnTypes.timestamp2, 1],
  [columnTypes.datetime2, 1],
  [columnTypes.time2, 1],
  [columnTypes.blob, 1],
  [columnTypes.compressedBlob, 1],
  [columnTypes.json, 1],
  [columnTypes.geometry, 1],
  [columnTypes.vector, 1],
  [columnTypes.varchar, 2],
  [columnTypes.varString, 2],
  [columnTypes.compressedVarchar, 2],
  [columnTypes.string, 2],
  [columnTypes.decimal, 2],
  [columnTypes.bit, 2],
  [columnTypes.enum, 2],
  [columnTypes.set, 2],
]);

function readMetas(types: readonly number[], bytes: Buffer): number[] {
  let at = 0;
  return types.map((type) => {
    const width = metaBytes.get(type) ?? 0;
    const meta = width === 0 ? 0 : bytes.readUIntLE(at, width);
    at += width;
    return meta;
  });
}

/** Bits are numbered from the top of the first byte. */
function bitAt(field: Buffer, at: number): boolean {
  return ((field[at >> 3] ?? 0) & (0x80 >> (at & 7))) !== 0;
}

function packedNumbers(field: Buffer): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < field.length; ) {
    const { value, next } = packedAt(field, at);
    numbers.push(value);
    at = next;
  }
  return numbers;
}

function packedStrings(field: Buffer, from: number, count: number): { strings: Buffer[]; next: number } {
  const strings: Buffer[] = [];
  let at = from;
  while (strings.length < count) {
    const { value, next } = packedAt(field, at);
    strings.push(field.subarray(next, next + value));
    at = next + value;
  }
  return { strings, next: at };
}
