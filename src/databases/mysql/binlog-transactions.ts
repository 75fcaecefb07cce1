import type { CapturedTable, Change, Position, Transaction } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { TableRef } from '../../model/schema.ts';
import {
  announcesChecksum,
  corrupt,
  eventTypeAt,
  eventTypes,
  type GtidEvent,
  headerBytes,
  inflateContent,
  packedAt,
  readGtid,
  readCompressedQuery,
  readMariadbGtid,
  readQuery,
  readTaggedGtid,
  tableIdAt,
  verifyChecksum,
} from './binlog-events.ts';
import { incomplete, readRows, type RowOperation } from './binlog-rows.ts';
import { classify } from './binlog-statements.ts';
import type { BinlogTables } from './binlog-tables.ts';
import { movedHere, partialJson, partlyUndone, preparedBefore, statementOnly } from './binlog-unreadable.ts';
import { type PreparedTransactions, readPrepare } from './binlog-xa.ts';
import type { GtidState } from './gtid-set.ts';
import { formatPosition, formatWitness, type ParsedPosition, type Part } from './position.ts';

/** A transaction of fewer but huge rows comes in parts too. */
const partBytesMax = 32 * 1024 * 1024;

interface Options {
  readonly from: ParsedPosition;
  readonly tables: BinlogTables;
  readonly prepared: PreparedTransactions;
  /** Transactions that were in the log before the tables were inspected. */
  readonly inspected: GtidState;
  readonly chunkRows: number;
  /** The text of a transaction's id. */
  readonly idOf: (gtid: GtidEvent['gtid']) => string;
}

/** The transaction that is being read. */
interface Open extends Omit<GtidEvent, 'prepared'> {
  readonly id: string;
  explicit: boolean;
  /** XA: whether it is a commit shows at its end only, so nothing of it is given out before. */
  twoPhase: boolean;
  /** Tables that it has changed so far. */
  readonly tables: Set<CapturedTable>;
  changes: Change[];
  /** Of the events that `changes` came in. */
  bytes: number;
  /** Parts and rows given out. */
  parts: number;
  rows: number;
  /** Rows that a reader before us has given out. */
  rowsToSkip: number;
}

/** Puts events together to transactions. What is complete stands in `ready`, to be taken out by the caller. */
export class Transactions {
  ready: Transaction[] = [];
  readonly #state: GtidState;
  /** The last transaction in `#state`, as positions name it. */
  #witness: string;
  readonly #tables: BinlogTables;
  readonly #prepared: PreparedTransactions;
  readonly #inspected: GtidState;
  readonly #chunkRows: number;
  readonly #idOf: Options['idOf'];
  /** The part from which reading goes on, until its transaction has come. */
  #part: Part | null;
  #open: Open | null = null;
  #checksums = false;

  constructor(options: Options) {
    this.#state = options.from.state;
    this.#part = options.from.part;
    this.#witness = options.from.witness === null ? '' : formatWitness(options.from.witness);
    this.#tables = options.tables;
    this.#prepared = options.prepared;
    this.#inspected = options.inspected;
    this.#chunkRows = options.chunkRows;
    this.#idOf = options.idOf;
    this.#tables.forgetIds();
  }

  /** Everything up to here has been read and put into `ready`. */
  position(): Position {
    const open = this.#open;
    const part = open !== null && open.parts > 0 ? { gtid: open.id, rows: open.rows } : this.#part;
    return formatPosition(this.#state, part, this.#witness);
  }

  /** An event as it came over the network. Throws TandemError; nothing is skipped then. */
  receive(buffer: Buffer, start: number, end: number): void {
    const type = eventTypeAt(buffer, start);
    if (type === eventTypes.formatDescription) {
      this.#checksums = announcesChecksum(buffer, end);
      this.#tables.forgetIds();
    } else if (isRead.has(type)) {
      this.event(buffer, start, this.contentEnd(buffer, start, end));
    }
  }

  /** Where the content of an event that came over the network ends, without its checksum. */
  contentEnd(buffer: Buffer, start: number, end: number): number {
    return this.#checksums ? verifyChecksum(buffer, start, end) : end;
  }

  /** An event without its checksum. */
  event(buffer: Buffer, start: number, end: number): void {
    const type = eventTypeAt(buffer, start);
    switch (type) {
      case eventTypes.gtid:
        return this.#begin(readGtid(buffer, start));
      case eventTypes.gtidTagged:
        return this.#begin(readTaggedGtid(buffer, start, end));
      case eventTypes.mariadbGtid:
        return this.#begin(readMariadbGtid(buffer, start));
      case eventTypes.tableMap:
        return this.#tables.map(buffer, start, end);
      case eventTypes.xid:
        return this.#commit();
      case eventTypes.query:
      case eventTypes.executeLoadQuery:
      case eventTypes.mariadbQueryCompressed:
        return this.#statement(buffer, start, end);
      case eventTypes.xaPrepare:
        return this.#prepare(readPrepare(buffer, start));
      case eventTypes.partialUpdateRows:
        return this.#refuse(this.#require(), this.#tables.plan(tableIdAt(buffer, start))?.table ?? null, partialJson);
      case eventTypes.incident:
        throw new TandemError('TD6003', 'The server noted in its log that changes are missing there.', {
          fix: 'Load the linked tables again.',
        });
      case eventTypes.anonymousGtid:
        throw new TandemError('TD5008', 'The log holds a transaction without an id.', {
          expected: 'gtid_mode=ON',
          fix: 'Set gtid_mode=ON and enforce_gtid_consistency=ON.',
        });
      default:
        return this.#rows(type, buffer, start, end);
    }
  }

  #begin(event: GtidEvent): void {
    if (this.#open !== null) throw corrupt(`a transaction inside of ${this.#open.id}`);
    const id = this.#idOf(event.gtid);
    const rows = this.#part !== null && this.#part.gtid === id ? this.#part.rows : 0;
    if (rows > 0) this.#part = null;
    this.#open = {
      gtid: event.gtid,
      committedAtUs: event.committedAtUs,
      originatedAtUs: event.originatedAtUs,
      explicit: event.explicit,
      twoPhase: event.prepared,
      tables: new Set(),
      id,
      changes: [],
      bytes: 0,
      parts: Math.ceil(rows / this.#chunkRows),
      rows,
      rowsToSkip: rows,
    };
  }

  #require(): Open {
    if (this.#open === null) throw corrupt('a change outside of any transaction');
    return this.#open;
  }

  #rows(type: number, buffer: Buffer, start: number, end: number): void {
    const shape = rowEvents.get(type);
    if (shape === undefined) return;
    const open = this.#require();
    const plan = this.#tables.plan(tableIdAt(buffer, start));
    if (plan === null) return;
    if (plan.table.misfit !== undefined) return this.#unreadable(open, plan.table);
    open.tables.add(plan.table);
    let at = start + headerBytes + 8;
    if (shape.extra) at += buffer.readUInt16LE(at);
    const rows = shape.compressed ? inflatedRows(buffer, at, end, shape.op) : ([buffer, at, end] as const);
    const refused = incomplete(plan, shape.op, rows[0], rows[1]);
    if (refused !== null) return this.#refuse(open, plan.table, () => refused);
    const { length } = open.changes;
    try {
      readRows(plan, shape.op, ...rows, open.changes);
    } catch (thrown) {
      if (!(thrown instanceof TandemError) || thrown.code !== 'TD3006') throw thrown;
      open.changes.length = length;
      return this.#refuse(open, plan.table, () => thrown);
    }
    open.bytes += end - start;
    this.#afterChanges(open);
  }

  /** Some of its rows changed, and which ones the log does not tell. */
  #unreadable(open: Open, table: CapturedTable): void {
    open.changes.push({ op: 'unreadable', table, before: null, after: null });
    this.#afterChanges(open);
  }

  /** Null for a table that is not wanted. Throws the error where it is one of Tandem's own. */
  #refuse(open: Open, table: CapturedTable | null, why: (table: TableRef) => TandemError): void {
    if (table !== null) this.#unreadable(open, this.#tables.refused(table, why(table.ref)));
  }

  #afterChanges(open: Open): void {
    if (open.rowsToSkip > 0) {
      const skipped = Math.min(open.rowsToSkip, open.changes.length);
      open.bytes = Math.round(open.bytes * (1 - skipped / Math.max(1, open.changes.length)));
      open.changes.splice(0, skipped);
      open.rowsToSkip -= skipped;
    }
    if (!open.twoPhase) this.#giveParts(open);
  }

  /** Gives out all full parts but the last one, because only the transaction's end can be its last part. */
  #giveParts(open: Open): void {
    const { length } = open.changes;
    if (length <= this.#chunkRows && open.bytes <= partBytesMax) return;
    const rowsMax = Math.min(this.#chunkRows, Math.max(1, Math.floor((length * partBytesMax) / open.bytes)));
    let from = 0;
    for (; length - from > rowsMax; from += rowsMax) {
      const changes = open.changes.slice(from, from + rowsMax);
      open.rows += changes.length;
      const position = formatPosition(this.#state, { gtid: open.id, rows: open.rows }, this.#witness);
      this.#give(open, position, changes, false);
    }
    if (from === 0) return;
    open.changes = open.changes.slice(from);
    open.bytes = Math.round((open.bytes * open.changes.length) / length);
  }

  #give(open: Open, position: Position, changes: readonly Change[], last: boolean): void {
    const { id, committedAtUs } = open;
    // The rows of one event may go into two parts.
    const bytes = Math.round((open.bytes * changes.length) / Math.max(1, open.changes.length));
    this.ready.push({ position, id, committedAtUs, changes, bytes, part: open.parts, last });
    open.parts += 1;
  }

  #commit(): void {
    const open = this.#require();
    this.#giveParts(open);
    this.#open = null;
    const before = this.#state.last(open.gtid);
    this.#witness = formatWitness({ gtid: open.id, before, committedAtUs: open.originatedAtUs });
    this.#state.include(open.gtid);
    if (open.changes.length === 0 && open.parts === 0) return;
    this.#give(open, formatPosition(this.#state, this.#part, this.#witness), open.changes, true);
  }

  #statement(buffer: Buffer, start: number, end: number): void {
    const query =
      eventTypeAt(buffer, start) === eventTypes.mariadbQueryCompressed
        ? readCompressedQuery(buffer, start, end)
        : readQuery(buffer, start, end);
    const open = this.#require();
    const statement = classify(query);
    switch (statement.kind) {
      case 'begin':
        open.explicit = true;
        return;
      case 'xaStart':
        open.explicit = true;
        open.twoPhase = true;
        return;
      case 'commit':
        return this.#commit();
      case 'xaCommit':
        return this.#commitPrepared(open, statement.xid);
      case 'xaRollback':
        this.#prepared.rollback(statement.xid);
        return this.#commit();
      case 'rollback':
        return this.#rollback(open);
      case 'rollbackTo':
        if (open.changes.length + open.rows > 0) this.#partlyUndone(open);
        break;
      case 'truncate':
        this.#truncate(open, statement.table);
        break;
      case 'change':
        for (const table of statement.tables) this.#refuse(open, this.#tables.named(table), statementOnly);
        break;
      case 'definition':
        if (!this.#inspected.includes(open.gtid)) this.#tables.altered(statement.tables);
        for (const table of statement.dropped) this.#truncate(open, table);
        for (const table of statement.moved) this.#refuse(open, this.#tables.named(table), movedHere);
        break;
      case 'other':
        break;
    }
    // DDL: the statement is the whole transaction.
    if (!open.explicit) this.#commit();
  }

  /** A ROLLBACK in the log undoes what transactional tables show of this transaction. */
  #rollback(open: Open): void {
    if (open.rows > 0) this.#partlyUndone(open);
    else open.changes = [];
    this.#commit();
  }

  /** A part of what was read was undone, and which part the log does not tell. */
  #partlyUndone(open: Open): void {
    open.changes = [];
    open.rowsToSkip = 0;
    for (const table of open.tables) this.#refuse(open, table, partlyUndone);
  }

  #truncate(open: Open, ref: TableRef): void {
    const table = this.#tables.named(ref);
    if (table === null) return;
    open.changes.push({ op: 'truncate', table, before: null, after: null });
    this.#afterChanges(open);
  }

  /** XA PREPARE, or XA COMMIT ... ONE PHASE, which is an ordinary commit. */
  #prepare({ onePhase, xid }: ReturnType<typeof readPrepare>): void {
    const open = this.#require();
    if (!onePhase) {
      this.#prepared.prepare(xid, { changes: open.changes, bytes: open.bytes });
      open.changes = [];
    }
    this.#commit();
  }

  /** The second phase of XA. What was prepared before this reader began may have changed any table. */
  #commitPrepared(open: Open, xid: string): void {
    const prepared = this.#prepared.commit(xid);
    if (prepared === null) {
      open.rowsToSkip = 0;
      for (const table of this.#tables.users()) this.#refuse(open, table, preparedBefore);
    } else {
      open.changes.push(...prepared.changes);
      open.bytes += prepared.bytes;
      this.#afterChanges(open);
    }
    this.#commit();
  }
}

interface RowEvent {
  readonly op: RowOperation;
  /** Version 2: more data of a length of its own comes before the columns. */
  readonly extra: boolean;
  readonly compressed: boolean;
}

const rowEvents = new Map<number, RowEvent>([
  [eventTypes.writeRows, { op: 'insert', extra: true, compressed: false }],
  [eventTypes.updateRows, { op: 'update', extra: true, compressed: false }],
  [eventTypes.deleteRows, { op: 'delete', extra: true, compressed: false }],
  [eventTypes.writeRowsV1, { op: 'insert', extra: false, compressed: false }],
  [eventTypes.updateRowsV1, { op: 'update', extra: false, compressed: false }],
  [eventTypes.deleteRowsV1, { op: 'delete', extra: false, compressed: false }],
  [eventTypes.mariadbWriteRowsCompressedV1, { op: 'insert', extra: false, compressed: true }],
  [eventTypes.mariadbUpdateRowsCompressedV1, { op: 'update', extra: false, compressed: true }],
  [eventTypes.mariadbDeleteRowsCompressedV1, { op: 'delete', extra: false, compressed: true }],
  [eventTypes.mariadbWriteRowsCompressed, { op: 'insert', extra: true, compressed: true }],
  [eventTypes.mariadbUpdateRowsCompressed, { op: 'update', extra: true, compressed: true }],
  [eventTypes.mariadbDeleteRowsCompressed, { op: 'delete', extra: true, compressed: true }],
]);

/** All others say nothing about rows or transactions. */
const isRead = new Set<number>(Object.values(eventTypes));

/** The number and bitmaps of the columns stand before the compressed rows as they are. */
function inflatedRows(buffer: Buffer, at: number, end: number, op: RowOperation): readonly [Buffer, number, number] {
  const count = packedAt(buffer, at);
  const rowsAt = count.next + ((count.value + 7) >> 3) * (op === 'update' ? 2 : 1);
  const event = Buffer.concat([buffer.subarray(at, rowsAt), inflateContent(buffer, rowsAt, end)]);
  return [event, 0, event.length];
}
