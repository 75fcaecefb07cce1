import type { ConnectionOptions } from 'mysql2';
import type { Position, Transaction } from '../../model/change.ts';
import type { Context } from '../../model/context.ts';
import { partOfDebezium } from '../../model/debezium.ts';
import type { Source } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { TableSchema } from '../../model/schema.ts';
import { payloadEvents } from './binlog-compressed.ts';
import { corrupt, eventTypeAt, eventTypes } from './binlog-events.ts';
import { refusal } from './binlog-refusal.ts';
import { type BinlogStream, openBinlog } from './binlog-stream.ts';
import { BinlogTables } from './binlog-tables.ts';
import { Transactions } from './binlog-transactions.ts';
import { PreparedTransactions } from './binlog-xa.ts';
import type { Flavor } from './flavor.ts';
import { domainGtidText, type GtidState, sourceGtidText } from './gtid-set.ts';
import { openReader } from './connect.ts';
import { logEnd, verifyHistory } from './history.ts';
import { formatPosition, parsePosition } from './position.ts';

export interface CaptureOptions {
  readonly connection: ConnectionOptions;
  readonly flavor: Flavor;
  /** Tells this reader from other replicas: of two with one id, the server throws out the first. */
  readonly serverId: number;
  readonly tables: readonly TableSchema[];
  /** The database of Tandem's own tables. */
  readonly stateSchema: string;
  readonly chunkRows: number;
  readonly context: Context;
}

/** Reads the binary log of MySQL or MariaDB as a replica does. */
export function openSource(options: CaptureOptions): Source {
  return new BinlogSource(options);
}

const packetOk = 0x00;
const packetError = 0xff;
/** The server has nothing more to send: it is shutting down (a dump that waits for more never ends otherwise). */
const packetEnd = 0xfe;

class BinlogSource implements Source {
  readonly #options: CaptureOptions;
  /** Kept over reconnects, so that a table that did not change stays the same object. */
  #tables: BinlogTables | null = null;
  readonly #prepared = new PreparedTransactions();
  #transactions: Transactions | null = null;
  /** Items are on their way out. What was given counts when its receiver comes back for more. */
  #giving = false;
  #stream: BinlogStream | null = null;
  /** What the log held when its tables had just been inspected, and so which definitions that has seen. */
  #inspected: GtidState | null = null;
  #reached: Position;
  isOpen = false;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#reached = formatPosition(parsePosition(options.flavor.engine, 'gtid:' as Position).state);
  }

  async *read(from: Position, signal: AbortSignal): AsyncIterable<Transaction> {
    const { flavor, chunkRows, stateSchema } = this.#options;
    const parsed = parsePosition(flavor.engine, from);
    if (parsed.part?.events === true) throw partOfDebezium(from);
    this.#reached = from;
    this.#transactions = null;
    this.#giving = false;
    if (signal.aborted) return;
    const inspected = await this.#verify(from);
    using stream = await openBinlog(this.#options, parsed.state, signal);
    this.#stream = stream;
    this.#options.context.log.debug({ from, host: this.#options.connection.host }, 'reading the binary log');
    this.#tables ??= new BinlogTables(this.#options.tables, flavor.engine, stream, stateSchema);
    const idOf = flavor.engine === 'mysql' ? sourceGtidText : domainGtidText;
    const kept = { tables: this.#tables, prepared: this.#prepared };
    const transactions = new Transactions({ ...kept, from: parsed, inspected, chunkRows, idOf });
    this.#transactions = transactions;
    try {
      yield* this.#follow(stream, transactions);
    } finally {
      this.isOpen = false;
    }
  }

  /** A log that was begun anew since, or a server behind another one's address, would go on in silence. */
  async #verify(from: Position): Promise<GtidState> {
    const { connection, flavor } = this.#options;
    await using session = await openReader(connection);
    await verifyHistory(session, this.#options, from);
    this.#inspected ??= parsePosition(flavor.engine, await logEnd(session, flavor)).state;
    return this.#inspected;
  }

  async *#follow(stream: BinlogStream, transactions: Transactions): AsyncIterable<Transaction> {
    for await (const _ of stream.arrivals()) {
      while (stream.packets.next()) {
        const events = this.#events(stream, transactions);
        this.isOpen = true;
        if (events === null) {
          if (transactions.ready.length > 0) yield* this.#give(transactions);
        } else {
          for (const event of events) {
            transactions.event(event, 0, event.length);
            if (transactions.ready.length > 0) yield* this.#give(transactions);
          }
        }
      }
    }
  }

  /** Hands one packet on. Returns events that are to be handed on one by one, where the packet held compressed ones. */
  #events({ packets }: BinlogStream, transactions: Transactions): Iterable<Buffer> | null {
    const { buffer, start, end } = packets;
    const status = buffer[start];
    if (status === packetError) throw refusal(this.#options.flavor, buffer.subarray(start, end));
    if (status === packetEnd) throw new TandemError('TD4005', 'The server ended the reading of its log.');
    if (status !== packetOk) throw corrupt(`a packet that begins with ${status}`);
    if (eventTypeAt(buffer, start + 1) === eventTypes.transactionPayload) {
      return payloadEvents(buffer, start + 1, transactions.contentEnd(buffer, start + 1, end));
    }
    transactions.receive(buffer, start + 1, end);
    return null;
  }

  *#give(transactions: Transactions): Iterable<Transaction> {
    const { ready } = transactions;
    transactions.ready = [];
    this.#giving = true;
    for (const transaction of ready) {
      yield transaction;
      this.#reached = transaction.position;
    }
    this.#giving = false;
  }

  heardMs(): number | null {
    return this.#stream?.heardMs() ?? null;
  }

  position(): Position {
    if (!this.#giving && this.#transactions !== null) this.#reached = this.#transactions.position();
    return this.#reached;
  }

  /** The server keeps its log for as long as it is set to; nobody asks what its replicas have read. */
  ack(_position: Position): void {}
}
