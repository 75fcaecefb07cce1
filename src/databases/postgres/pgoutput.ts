import type { CapturedTable, Change } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import { type TableRef, type TableSchema, tableName } from '../../model/schema.ts';
import type { Kind, Row, Value } from '../../model/value.ts';
import { typeByName, typeByOid } from './types.ts';
import { type Decoder, decoderFor, decoderOf } from './values.ts';

/** What a stream of pgoutput messages tells, in its order. */
export interface PgoutputReceiver {
  /** `commitLsn`: where the commit record begins. */
  begin(commitLsn: bigint, committedAtUs: number, xid: number): void;
  /** One row change, or one table of a TRUNCATE; null where the table is not wanted, so that it still counts. */
  change(change: Change | null): void;
  /** `endLsn`: where the commit record ends. */
  commit(endLsn: bigint): void;
}

interface Relation {
  readonly table: CapturedTable;
  readonly wanted: boolean;
  readonly decoders: readonly Decoder[];
  /** A row of NULLs, to be copied: what is as long as it will be from the start takes half the room. */
  readonly blank: readonly null[];
  /** Columns of the replica identity. */
  readonly keyed: readonly boolean[];
  /** The message as it came, to tell a repetition from a change. */
  readonly source: Buffer;
}

const BEGIN = 0x42;
const COMMIT = 0x43;
const DELETE = 0x44;
const INSERT = 0x49;
const KEY_TUPLE = 0x4b;
const MESSAGE = 0x4d;
const NEW_TUPLE = 0x4e;
const ORIGIN = 0x4f;
const OLD_TUPLE = 0x4f;
const RELATION = 0x52;
const TRUNCATE = 0x54;
const UPDATE = 0x55;
const TYPE = 0x59;

const NULL_VALUE = 0x6e;
const UNCHANGED_TOAST = 0x75;
const TEXT_VALUE = 0x74;

/** REPLICA IDENTITY FULL, as pg_class.relreplident has it. */
const FULL_IDENTITY = 0x66;

/** PostgreSQL counts from 2000-01-01. */
const POSTGRES_EPOCH_US = 946_684_800_000_000;

/**
 * Decoder of the logical replication messages of protocol version 1 in text form (PostgreSQL manual 55.9). Holds the
 * relations and types of one connection: the server describes them again on the next.
 */
export class PgoutputDecoder {
  private readonly wanted: ReadonlyMap<string, TableSchema>;
  private readonly receiver: PgoutputReceiver;
  private readonly relations = new Map<number, Relation>();
  private readonly baseTypes = new Map<number, string>();
  private data: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(tables: readonly TableSchema[], receiver: PgoutputReceiver) {
    this.wanted = new Map(tables.map((table) => [tableName(table.ref), table]));
    this.receiver = receiver;
  }

  /**
   * Decodes one message, `data[at..end)`. Throws TandemError TD6010 for what is no message of this protocol; RangeError
   * where it ends too early.
   */
  decode(data: Buffer, at: number, end: number): void {
    this.data = data;
    this.at = at + 1;
    switch (data[at]) {
      case INSERT:
        return this.insert();
      case UPDATE:
        return this.update();
      case DELETE:
        return this.delete();
      case BEGIN:
        return this.begin();
      case COMMIT:
        return this.receiver.commit(data.readBigUInt64BE(this.at + 9));
      case RELATION:
        return this.relation(end);
      case TYPE:
        return this.type();
      case TRUNCATE:
        return this.truncate();
      case ORIGIN:
      case MESSAGE:
        return undefined;
      default:
        throw corrupt(`message type ${data[at]}`);
    }
  }

  private begin(): void {
    const commitLsn = this.data.readBigUInt64BE(this.at);
    const committedAtUs = Number(this.data.readBigInt64BE(this.at + 8)) + POSTGRES_EPOCH_US;
    this.receiver.begin(commitLsn, committedAtUs, this.data.readUInt32BE(this.at + 16));
  }

  private insert(): void {
    const relation = this.nextRelation();
    const { table, wanted } = relation;
    if (!wanted) return this.receiver.change(null);
    if (table.misfit !== undefined) return this.unreadable(table);
    this.expect(NEW_TUPLE);
    this.receiver.change({ op: 'insert', table, before: null, after: this.tuple(relation, null) });
  }

  private update(): void {
    const relation = this.nextRelation();
    const { table, wanted } = relation;
    if (!wanted) return this.receiver.change(null);
    if (table.misfit !== undefined) return this.unreadable(table);
    const tag = this.data[this.at];
    let before: Row | null = null;
    if (tag === OLD_TUPLE || tag === KEY_TUPLE) {
      this.at += 1;
      before = this.tuple(relation, null);
      // A key tuple has NULL in every column outside the key, which tells nothing about them.
      if (tag === KEY_TUPLE) before = keyOnly(before, relation.keyed);
    }
    this.expect(NEW_TUPLE);
    const after = this.tuple(relation, before);
    // Without an old tuple the key is the same in both rows.
    this.receiver.change({ op: 'update', table, before: before ?? keyOnly(after, relation.keyed), after });
  }

  private delete(): void {
    const relation = this.nextRelation();
    if (!relation.wanted) return this.receiver.change(null);
    if (relation.table.misfit !== undefined) return this.unreadable(relation.table);
    const tag = this.data[this.at++];
    if (tag !== OLD_TUPLE && tag !== KEY_TUPLE) throw corrupt(`tuple type ${tag} in a delete`);
    const row = this.tuple(relation, null);
    const before = tag === KEY_TUPLE ? keyOnly(row, relation.keyed) : row;
    this.receiver.change({ op: 'delete', table: relation.table, before, after: null });
  }

  private unreadable(table: CapturedTable): void {
    this.receiver.change({ op: 'unreadable', table, before: null, after: null });
  }

  private truncate(): void {
    const count = this.int32();
    this.at += 1;
    for (let each = 0; each < count; each++) {
      const { table, wanted } = this.nextRelation();
      this.receiver.change(wanted ? { op: 'truncate', table, before: null, after: null } : null);
    }
  }

  /** `old` gives the values that the log leaves out because they are stored out of line and did not change. */
  private tuple({ decoders, blank }: Relation, old: Row | null): Row {
    const data = this.data;
    let at = this.at;
    const count = data.readUInt16BE(at);
    at += 2;
    if (count > decoders.length) throw corrupt('more values than columns');
    const row: (Value | undefined)[] = blank.slice(0, count);
    for (let column = 0; column < count; column++) {
      const tag = data[at++];
      if (tag === TEXT_VALUE) {
        const start = at + 4;
        const end = start + data.readUInt32BE(at);
        if (end > data.length) throw new RangeError('a value ends beyond its message');
        row[column] = decodeValue(decoders[column] as Decoder, data, start, end);
        at = end;
      } else if (tag === UNCHANGED_TOAST) {
        row[column] = old === null ? undefined : old[column];
      } else if (tag !== NULL_VALUE) {
        throw corrupt(`column value type ${tag}`);
      }
    }
    this.at = at;
    return row;
  }

  private relation(end: number): void {
    const { data } = this;
    const id = this.int32();
    const source = data.subarray(this.at, end);
    // The server describes a table again whenever its cache entry was rebuilt; the object changes with the table only.
    if (this.relations.get(id)?.source.equals(source) === true) return;
    const ref = { schema: this.text() || 'pg_catalog', table: this.text() };
    const full = data[this.at++] === FULL_IDENTITY;
    const before = this.relations.get(id);
    const schema = this.wanted.get(tableName(ref));
    const columns: string[] = [];
    const kinds: (Kind | null)[] = [];
    const decoders: Decoder[] = [];
    const keyed: boolean[] = [];
    for (let count = data.readUInt16BE(this.bytes(2)); count > 0; count--) {
      keyed.push(full || (data[this.at] ?? 0) % 2 === 1);
      this.at += 1;
      const name = this.text();
      columns.push(name);
      const oid = this.int32() >>> 0;
      decoders.push(this.decoder(oid, name, schema));
      kinds.push(this.kind(oid));
      this.at += 4;
    }
    // The publication goes by the table itself, whatever it is called by now.
    const renamed = schema === undefined && before?.wanted === true;
    this.relations.set(id, {
      table: renamed
        ? { ref: before.table.ref, columns, misfit: tableRenamed(before.table.ref, ref) }
        : { ref, columns, kinds },
      wanted: schema !== undefined || renamed,
      decoders,
      blank: decoders.map(() => null),
      keyed,
      source: Buffer.from(source),
    });
  }

  private decoder(oid: number, column: string, schema: TableSchema | undefined): Decoder {
    const base = this.baseTypes.get(oid);
    if (base !== undefined) return decoderOf(typeByName(base));
    return decoderFor(
      oid,
      schema?.columns.find(({ name }) => name === column),
    );
  }

  /** What the log itself says of a column's values; null where only the catalogue could tell. */
  private kind(oid: number): Kind | null {
    const name = this.baseTypes.get(oid);
    const type = name === undefined ? typeByOid(oid) : typeByName(name);
    return type === undefined || type.kind === 'unsupported' ? null : type.kind;
  }

  /** A type made in this database. A domain is described by the type below it, which is what its values look like. */
  private type(): void {
    const oid = this.int32() >>> 0;
    const schema = this.text();
    const name = this.text();
    if (schema === '') this.baseTypes.set(oid, name);
    else this.baseTypes.delete(oid);
  }

  private nextRelation(): Relation {
    const id = this.int32();
    const relation = this.relations.get(id);
    if (relation === undefined) throw corrupt('a row of a relation that was not described');
    return relation;
  }

  private expect(tag: number): void {
    const found = this.data[this.at++];
    if (found !== tag) throw corrupt(`tuple type ${found}`);
  }

  private int32(): number {
    return this.data.readInt32BE(this.bytes(4));
  }

  /** Steps over so many bytes and returns where they began. */
  private bytes(count: number): number {
    this.at += count;
    return this.at - count;
  }

  private text(): string {
    const end = this.data.indexOf(0, this.at);
    if (end === -1) throw new RangeError('a name has no end');
    const text = this.data.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }
}

function decodeValue({ decode, digits }: Decoder, data: Buffer, start: number, end: number): Value {
  if (digits === 'number') return parseInteger(data, start, end);
  if (digits === 'bigint' && end - start <= SAFE_DIGITS) return BigInt(parseInteger(data, start, end));
  const text = data.toString('utf8', start, end);
  return decode === null ? text : decode(text);
}

const MINUS = 0x2d;
const ZERO = 0x30;
/** Every number of so many characters is exact as a double. */
const SAFE_DIGITS = 15;

function parseInteger(data: Buffer, start: number, end: number): number {
  const negative = data[start] === MINUS;
  let value = 0;
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + (data[at] ?? ZERO) - ZERO;
  return negative ? -value : value;
}

function keyOnly(row: Row, keyed: readonly boolean[]): Row {
  return row.map((value, column) => (keyed[column] === true ? value : undefined));
}

function tableRenamed(before: TableRef, after: TableRef): TandemError {
  return new TandemError('TD7005', `${tableName(before)} has another name now`, {
    expected: tableName(before),
    found: tableName(after),
    fix: 'Give the table its name back, or change the link, run `tandem check`, and start again.',
    at: { table: tableName(before) },
  });
}

function corrupt(found: string): TandemError {
  return new TandemError('TD6010', 'the replication stream holds something that is no message of this protocol', {
    expected: 'pgoutput, protocol version 1',
    found,
  });
}
