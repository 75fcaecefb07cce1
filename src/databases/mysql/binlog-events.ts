import { crc32, inflateSync } from 'node:zlib';
import { TandemError } from '../../model/error.ts';
import type { Gtid } from './gtid-set.ts';

/** Types of events, by binlog_event.h (MySQL) and log_event.h (MariaDB, from 160 on). */
export const eventTypes = {
  query: 2,
  executeLoadQuery: 18,
  formatDescription: 15,
  xid: 16,
  tableMap: 19,
  writeRowsV1: 23,
  updateRowsV1: 24,
  deleteRowsV1: 25,
  incident: 26,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  xaPrepare: 38,
  partialUpdateRows: 39,
  transactionPayload: 40,
  gtidTagged: 42,
  mariadbGtid: 162,
  mariadbQueryCompressed: 165,
  mariadbWriteRowsCompressedV1: 166,
  mariadbUpdateRowsCompressedV1: 167,
  mariadbDeleteRowsCompressedV1: 168,
  mariadbWriteRowsCompressed: 169,
  mariadbUpdateRowsCompressed: 170,
  mariadbDeleteRowsCompressed: 171,
} as const;

export const headerBytes = 19;
const checksumBytes = 4;

/** An event of the log could not be read: nothing is skipped. */
export function corrupt(found: string): TandemError {
  return new TandemError('TD6010', 'An event of the binary log could not be decoded.', { found });
}

export function eventTypeAt(buffer: Buffer, start: number): number {
  return buffer[start + 4] ?? 0;
}

/** Seconds since 1970. */
export function eventSecondsAt(buffer: Buffer, start: number): number {
  return buffer.readUInt32LE(start);
}

/** Does the description of a log file say that its events end in a CRC32? The description itself always does. */
export function announcesChecksum(buffer: Buffer, end: number): boolean {
  return buffer[end - checksumBytes - 1] === 1;
}

/** Where the event's content ends, after its checksum was verified. Throws TD6010 where it is wrong. */
export function verifyChecksum(buffer: Buffer, start: number, end: number): number {
  const contentEnd = end - checksumBytes;
  if (crc32(buffer.subarray(start, contentEnd)) !== buffer.readUInt32LE(contentEnd)) {
    throw corrupt(`an event of type ${eventTypeAt(buffer, start)} whose checksum does not match`);
  }
  return contentEnd;
}

/** A transaction begins. */
export interface GtidEvent {
  readonly gtid: Gtid;
  readonly committedAtUs: number;
  /** The commit on the server where it was first made; the same on all replicas. */
  readonly originatedAtUs: number;
  /** It ends with a COMMIT or an XID, not with its first statement. MySQL tells so by a BEGIN only. */
  readonly explicit: boolean;
  /** MariaDB: the first half of an XA transaction that is prepared, not committed. */
  readonly prepared: boolean;
}

let lastUuidHex = '';
let lastUuid = '';

/** Nearly all transactions of a log come from one server, so its name is kept. */
function uuidAt(buffer: Buffer, at: number): string {
  const hex = buffer.toString('latin1', at, at + 16);
  if (hex !== lastUuidHex) {
    lastUuidHex = hex;
    lastUuid = buffer.toString('hex', at, at + 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
  return lastUuid;
}

/**
 * GTID_LOG_EVENT: flags 1, uuid 16, number 8, logical clock 1 + 8 + 8, then since 8.0.1 the time of the commit on this
 * server in 55 bits, and where the next bit is set that of the commit on the first server
 * (libbinlogevents/include/control_events.h).
 */
export function readGtid(buffer: Buffer, start: number): GtidEvent {
  const at = start + headerBytes;
  const committedAtUs = commitTimeAt(buffer, at + 42);
  const isCopy = (buffer.readUInt8(at + 48) & 0x80) !== 0;
  return {
    gtid: { source: uuidAt(buffer, at + 1), server: 0, number: readUInt64(buffer, at + 17) },
    committedAtUs,
    originatedAtUs: isCopy ? commitTimeAt(buffer, at + 49) : committedAtUs,
    explicit: false,
    prepared: false,
  };
}

/** 55 bits, microseconds since 1970. */
function commitTimeAt(buffer: Buffer, at: number): number {
  return ((buffer.readUInt32LE(at + 3) >>> 8) & 0x7f_ff_ff) * 2 ** 32 + buffer.readUInt32LE(at);
}

/**
 * GTID_TAGGED_LOG_EVENT, written by mysql::serialization: version, size and last needed field, then fields as id and
 * value. Ids: 0 flags, 1 uuid, 2 number, 3 tag, 4 and 5 logical clock, 6 time of the commit, 7 time of the commit on
 * the first server where that is another one; the rest is not needed.
 */
export function readTaggedGtid(buffer: Buffer, start: number, end: number): GtidEvent {
  const reader = new VariableReader(buffer, start + headerBytes);
  for (let skipped = 0; skipped < 3; skipped++) reader.unsigned();
  let uuid = '';
  let tag = '';
  let number = 0;
  let committedAtUs = 0;
  let originatedAtUs: number | null = null;
  while (reader.at < end) {
    const field = reader.unsigned();
    if (field > 7) break;
    if (field === 1) uuid = reader.uuid();
    else if (field === 2) number = reader.signed();
    else if (field === 3) tag = reader.text();
    else if (field === 6) committedAtUs = reader.unsigned();
    else if (field === 7) originatedAtUs = reader.unsigned();
    else reader.unsigned();
  }
  const source = tag === '' ? uuid : `${uuid}:${tag}`;
  const gtid = { source, server: 0, number };
  return { gtid, committedAtUs, originatedAtUs: originatedAtUs ?? committedAtUs, explicit: false, prepared: false };
}

/** Integers whose first byte tells, by the ones at its low end, how many bytes follow. */
class VariableReader {
  at: number;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer;
    this.at = at;
  }

  unsigned(): number {
    const first = this.#buffer.readUInt8(this.at);
    const more = 31 - Math.clz32(~first & (first + 1));
    let value = more < 8 ? first >>> (more + 1) : 0;
    let weight = more < 8 ? 2 ** (7 - more) : 1;
    for (let byte = 1; byte <= more; byte++) {
      value += this.#buffer.readUInt8(this.at + byte) * weight;
      weight *= 256;
    }
    this.at += more + 1;
    if (!Number.isSafeInteger(value)) throw corrupt('a number beyond 2^53 in the head of a tagged transaction');
    return value;
  }

  /** The lowest bit is the sign. */
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uuid(): string {
    const bytes = Buffer.from(Array.from({ length: 16 }, () => this.unsigned()));
    return uuidAt(bytes, 0);
  }

  text(): string {
    const length = this.unsigned();
    this.at += length;
    return this.#buffer.toString('latin1', this.at - length, this.at);
  }
}

const mariadbStandalone = 1;
const mariadbPreparedXa = 64;

/**
 * MariaDB's GTID_EVENT: number 8, domain 4, flags 1; the server and the time (of the first statement) are in the
 * header.
 */
export function readMariadbGtid(buffer: Buffer, start: number): GtidEvent {
  const at = start + headerBytes;
  const flags = buffer.readUInt8(at + 12);
  // A replica writes what it repeats with the time of the first server.
  const committedAtUs = eventSecondsAt(buffer, start) * 1_000_000;
  return {
    gtid: {
      source: String(buffer.readUInt32LE(at + 8)),
      server: buffer.readUInt32LE(start + 5),
      number: readUInt64(buffer, at),
    },
    committedAtUs,
    originatedAtUs: committedAtUs,
    explicit: (flags & mariadbStandalone) === 0,
    prepared: (flags & mariadbPreparedXa) !== 0,
  };
}

function readUInt64(buffer: Buffer, at: number): number {
  const value = buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw corrupt('a transaction number beyond 2^53');
  return value;
}

/** A statement in the log. */
export interface QueryEvent {
  readonly database: string;
  readonly sql: string;
}

/**
 * QUERY_EVENT: thread 4, duration 4, length of the database's name 1, error 2, length of the variables 2, variables,
 * name, a zero, statement. EXECUTE_LOAD_QUERY_EVENT has 13 bytes more before the variables. The text is read as
 * UTF-8, which holds for keywords and for all but exotic names.
 */
export function readQuery(buffer: Buffer, start: number, end: number): QueryEvent {
  const at = start + headerBytes;
  const head = eventTypeAt(buffer, start) === eventTypes.executeLoadQuery ? 26 : 13;
  const nameAt = at + head + buffer.readUInt16LE(at + 11);
  const nameEnd = nameAt + buffer.readUInt8(at + 8);
  return { database: buffer.toString('utf8', nameAt, nameEnd), sql: buffer.toString('utf8', nameEnd + 1, end) };
}

/** MariaDB's QUERY_COMPRESSED_EVENT: the statement is compressed, all before it is not. */
export function readCompressedQuery(buffer: Buffer, start: number, end: number): QueryEvent {
  const at = start + headerBytes;
  const nameAt = at + 13 + buffer.readUInt16LE(at + 11);
  const nameEnd = nameAt + buffer.readUInt8(at + 8);
  const sql = inflateContent(buffer, nameEnd + 1, end).toString();
  return { database: buffer.toString('utf8', nameAt, nameEnd), sql };
}

/**
 * MariaDB's compressed content: a byte 0x80 + number of bytes of the length, the length of the content, most
 * significant byte first, then zlib data (binlog_buf_uncompress in sql/log_event.cc).
 */
export function inflateContent(buffer: Buffer, start: number, end: number): Buffer {
  const head = buffer.readUInt8(start);
  if ((head & 0xe0) !== 0x80) throw corrupt('compressed content by an unknown method');
  return inflateSync(buffer.subarray(start + 1 + (head & 7), end));
}

/** A length or count as the protocol packs it. */
export function packedAt(buffer: Buffer, at: number): { value: number; next: number } {
  const first = buffer.readUInt8(at);
  if (first < 0xfb) return { value: first, next: at + 1 };
  if (first === 0xfc) return { value: buffer.readUInt16LE(at + 1), next: at + 3 };
  if (first === 0xfd) return { value: buffer.readUIntLE(at + 1, 3), next: at + 4 };
  return { value: buffer.readUIntLE(at + 1, 6), next: at + 9 };
}

/** A table's number in the log: 6 bytes. */
export function tableIdAt(buffer: Buffer, start: number): number {
  return buffer.readUIntLE(start + headerBytes, 6);
}
