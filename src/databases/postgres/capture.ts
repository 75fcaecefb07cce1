import type { Change, Position, Transaction } from '../../model/change.ts';
import type { Context } from '../../model/context.ts';
import { partOfDebezium } from '../../model/debezium.ts';
import type { Source, SourceOptions } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import { askClient, connect, endClient, type Ask, type Login, literal, quote } from './connect.ts';
import { serverError } from './errors.ts';
import { PgoutputDecoder, type PgoutputReceiver } from './pgoutput.ts';
import { before, coversPlace, formatLsn, formatPosition, type LogPlace, parsePosition, resumeLsn } from './position.ts';
import { type LogHistory, logNow, verifyPosition } from './slot.ts';
import { ReplicationStream, type StreamReceiver } from './stream.ts';

/** Transactions that wait to be taken hold up the reading of the socket beyond either of these. */
const waitingBytesMax = 256 * 1024;
/** A transaction of fewer but huge rows comes in parts too. */
const partBytesMax = 32 * 1024 * 1024;

interface Place {
  readonly lsn: bigint;
  readonly rows: number | null;
}

interface Waiting {
  readonly transaction: Transaction;
  readonly place: Place;
  readonly bytes: number;
  next: Waiting | null;
}

/** The log of one PostgreSQL database, by logical replication from the sync's slot. */
export class Capture implements Source {
  private readonly login: Login;
  private readonly slot: string;
  private readonly options: SourceOptions;
  private readonly context: Context;
  private history: LogHistory = { system: '', timeline: 0 };
  private current: Reading | null = null;
  private lastPosition: { place: Place; text: Position } | null = null;
  private acked: Place = { lsn: 0n, rows: 0 };

  constructor(login: Login, slot: string, options: SourceOptions, context: Context) {
    this.login = login;
    this.slot = slot;
    this.options = options;
    this.context = context;
  }

  read(from: Position, signal: AbortSignal): AsyncIterable<Transaction> {
    if (this.current !== null) throw new TandemError('TD9002', 'the log of one endpoint is read twice at once');
    this.history = readable(from);
    this.current = new Reading(from, this.options);
    return this.stream(this.current, from, signal);
  }

  private async *stream(reading: Reading, from: Position, signal: AbortSignal): AsyncGenerator<Transaction> {
    let stream: ReplicationStream | null = null;
    const wake = (): void => reading.wake();
    signal.addEventListener('abort', wake);
    try {
      stream = await this.open(from, reading);
      reading.connected(stream, this.history);
      while (!signal.aborted) {
        const transaction = reading.take();
        if (transaction === null) await reading.arrival();
        else yield transaction;
      }
    } finally {
      signal.removeEventListener('abort', wake);
      await stream?.close();
      this.lastPosition = { place: reading.reached(), text: this.position() };
      this.current = null;
    }
  }

  position(): Position {
    const place = this.current?.reached() ?? this.lastPosition?.place;
    if (place === undefined) throw new TandemError('TD9002', 'the position of a log that was never read');
    const last = this.lastPosition;
    if (last !== null && last.place.lsn === place.lsn && last.place.rows === place.rows) return last.text;
    const text = formatPosition({ ...this.history, ...place });
    this.lastPosition = { place, text };
    return text;
  }

  get isOpen(): boolean {
    return this.current?.isOpen ?? false;
  }

  heardMs(): number | null {
    return this.current?.heardMs() ?? null;
  }

  ack(position: Position): void {
    const place = parsePosition(position);
    if (!coversPlace(this.acked, place)) this.acked = place;
  }

  private async open(from: Position, reading: Reading): Promise<ReplicationStream> {
    const { label } = this.login;
    const client = await connect(this.login, 'replicate');
    try {
      const ask: Ask = (sql) => askClient(client, sql, []);
      // A slot that was moved or made anew since would begin later in silence.
      await verifyPosition(ask, (timeline) => timelineHistory(ask, timeline), this.slot, label, from);
      const { system, timeline } = await logNow(ask);
      this.history = { system, timeline };
    } catch (thrown) {
      await endClient(client, this.context);
      throw serverError(thrown, { label });
    }
    const start = formatLsn(resumeLsn(parsePosition(from)));
    const plugin = `proto_version '1', publication_names ${literal(quote(this.slot))}`;
    const command = `START_REPLICATION SLOT ${quote(this.slot)} LOGICAL ${start} (${plugin})`;
    return new ReplicationStream(client, command, reading, {
      label,
      context: this.context,
      flushedLsn: () => (this.acked.lsn === 0n ? 0n : resumeLsn(this.acked)),
    });
  }
}

/** Throws TandemError TD6032 for a place inside of a transaction that only Debezium's records can go on from. */
function readable(from: Position): LogPlace {
  const place = parsePosition(from);
  if (place.events === true) throw partOfDebezium(from);
  return place;
}

/** The content of a timeline's history file. The connection must be one for replication. */
export async function timelineHistory(ask: Ask, timeline: number): Promise<string> {
  const { rows } = await ask(`TIMELINE_HISTORY ${timeline}`);
  return rows[0]?.[1] ?? '';
}

/**
 * One run of the stream from one position: puts messages together to transactions and keeps them until they are
 * taken. What has not been taken is bounded: beyond that the socket is not read.
 */
class Reading implements PgoutputReceiver, StreamReceiver {
  private readonly from: Place;
  private readonly chunkRows: number;
  private readonly decoder: PgoutputDecoder;
  private history: LogHistory = { system: '', timeline: 0 };
  private socket: ReplicationStream | null = null;
  /** First and last of what waits to be taken. */
  private first: Waiting | null = null;
  private last: Waiting | null = null;
  private waitingBytes = 0;
  private failure: TandemError | null = null;
  private resolveArrival: (() => void) | null = null;
  /** Up to here everything has been handed out. */
  private yielded: Place;
  /** The transaction that is being handed out. */
  private given: Place | null = null;
  /** Up to here everything has been received. */
  private received: Place;

  private open = false;
  private commitLsn = 0n;
  private committedAtUs = 0;
  private xid = 0;
  private part = 0;
  /** Row changes of the open transaction so far, and how many of them were handed out before. */
  private rows = 0;
  private rowsKnown = 0;
  private changes: Change[] = [];
  private changesBytes = 0;
  private messageBytes = 0;

  constructor(from: Position, options: SourceOptions) {
    this.from = parsePosition(from);
    this.yielded = this.from;
    this.received = this.from;
    this.chunkRows = options.chunkRows;
    this.decoder = new PgoutputDecoder(options.tables, this);
  }

  get isOpen(): boolean {
    return this.socket?.isCopying === true && this.failure === null;
  }

  connected(stream: ReplicationStream, history: LogHistory): void {
    this.socket = stream;
    this.history = history;
  }

  heardMs(): number | null {
    return this.socket?.heardMs ?? null;
  }

  /** Everything up to here has been handed out, also when the log held nothing of interest there. */
  reached(): Place {
    return this.first === null && this.given === null ? this.received : this.yielded;
  }

  /**
   * The next transaction, or null where none is there yet. Throws the stream's failure once all are taken. Whoever asks
   * for the next has got the one before: only then does the position move, because what is on its way may still be
   * lost.
   */
  take(): Transaction | null {
    if (this.given !== null) this.yielded = this.given;
    this.given = null;
    const next = this.first;
    if (next === null) {
      if (this.failure !== null) throw this.failure;
      return null;
    }
    this.first = next.next;
    this.waitingBytes -= next.bytes;
    this.given = next.place;
    if (this.waitingBytes < waitingBytesMax / 2) this.socket?.hold(false);
    return next.transaction;
  }

  /** Resolves when there may be something to take. */
  arrival(): Promise<void> {
    if (this.first !== null || this.failure !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.resolveArrival = resolve;
    });
  }

  wake(): void {
    this.resolveArrival?.();
    this.resolveArrival = null;
  }

  data(data: Buffer, at: number, end: number): void {
    this.messageBytes = end - at;
    this.decoder.decode(data, at, end);
  }

  keepalive(walEnd: bigint): void {
    const place = { lsn: before(walEnd), rows: null };
    if (!this.open && !coversPlace(this.received, place)) this.received = place;
  }

  chunk(): void {
    if (this.waitingBytes > waitingBytesMax) this.socket?.hold(true);
    if (this.first !== null) this.wake();
  }

  failed(error: TandemError): void {
    this.failure = error;
    this.wake();
  }

  begin(commitLsn: bigint, committedAtUs: number, xid: number): void {
    this.open = true;
    this.commitLsn = commitLsn;
    this.committedAtUs = committedAtUs;
    this.xid = xid;
    this.rows = 0;
    this.rowsKnown = this.from.lsn === commitLsn ? (this.from.rows ?? Infinity) : 0;
    this.part = this.rowsKnown > 0 ? 1 : 0;
  }

  change(change: Change | null): void {
    if (change !== null && this.rows >= this.rowsKnown) {
      const full = this.changes.length >= this.chunkRows || this.changesBytes > partBytesMax;
      if (full) this.emit({ lsn: this.commitLsn, rows: this.rows });
      this.changes.push(change);
      this.changesBytes += this.messageBytes;
    }
    this.rows += 1;
  }

  commit(endLsn: bigint): void {
    this.open = false;
    if (coversPlace(this.from, { lsn: this.commitLsn, rows: null })) return;
    const place = { lsn: before(endLsn), rows: null };
    // A part is followed by its rest, also when the rest holds nothing of interest.
    if (this.changes.length > 0 || this.part > 0) this.emit(place);
    else this.received = place;
  }

  /** `rows` of the place: the transaction's changes up to here, for a part; null for the last. */
  private emit(place: Place): void {
    const transaction: Transaction = {
      position: formatPosition({ ...this.history, ...place }),
      id: String(this.xid),
      committedAtUs: this.committedAtUs,
      changes: this.changes,
      bytes: this.changesBytes,
      part: this.part,
      last: place.rows === null,
    };
    const bytes = this.changesBytes + 1;
    const item: Waiting = { transaction, place, bytes, next: null };
    if (this.first === null || this.last === null) this.first = item;
    else this.last.next = item;
    this.last = item;
    this.waitingBytes += bytes;
    this.received = place;
    this.part += 1;
    this.changes = [];
    this.changesBytes = 0;
  }
}
