import type { Socket } from 'node:net';
import type pg from 'pg';
import type { Context } from '../../model/context.ts';
import { TandemError } from '../../model/error.ts';
import { streamError } from './errors.ts';

/** What arrives from the walsender (PostgreSQL manual 55.4). Both may throw; the stream then ends with that error. */
export interface StreamReceiver {
  /** One XLogData message's payload, `data[at..end)`; valid during the call only. */
  data(data: Buffer, at: number, end: number): void;
  /** The server has sent everything that ends before `walEnd`. */
  keepalive(walEnd: bigint): void;
  /** A chunk of messages has been delivered. */
  chunk(): void;
  /** The stream is over; nothing more arrives. */
  failed(error: TandemError): void;
}

export interface StreamOptions {
  readonly label: string;
  readonly context: Context;
  /**
   * The LSN that the server may forget everything before; asked for whenever a status update is due. 0 = nothing yet.
   */
  readonly flushedLsn: () => bigint;
}

const COPY_BOTH = 0x57;
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const ERROR = 0x45;
const READY = 0x5a;
const COMMAND_COMPLETE = 0x43;

const KEEPALIVE = 0x6b;
const XLOG_DATA = 0x77;
const STATUS_UPDATE = 0x72;
const XLOG_HEADER_BYTES = 25;

const tickMs = 1000;
/** Well below any wal_sender_timeout that works at all; ours is set to 60 s. */
const statusIntervalMs = 5000;
/** Often enough that a log that is silent is known to be silent. */
const askAfterMs = 3_000;
const deadAfterMs = 30_000;

/** A chunk this big means that the socket had more than one read to give. */
const fullChunkBytes = 65_536;
const coalesceMs = 1;

/** A walsender that shuts down asks for a reply again as soon as it has one; a healthy one asks once in 30 s. */
const impatientRequestsMax = 5;

/** Between PostgreSQL's epoch (2000-01-01) and ours, microseconds. */
const postgresEpochUs = 946_684_800_000_000;

/**
 * The replication stream over a connection of pg that has logged in in replication mode. Takes the socket over:
 * frames are cut here, status updates go out by timer whether or not somebody reads, and reading can be held up.
 */
export class ReplicationStream {
  private readonly client: pg.Client;
  private readonly socket: Socket;
  private readonly receiver: StreamReceiver;
  private readonly options: StreamOptions;
  private readonly context: Context;
  /** Has the server begun to send the log? */
  isCopying = false;
  private readonly over = new AbortController();
  private readonly coalesces: boolean;
  /** The beginning of a message that has not arrived whole. */
  private partial: Buffer[] = [];
  private partialBytes = 0;
  private neededBytes = 0;
  private held = false;
  private coalescing = false;
  private ended = false;
  private receivedMs: number;
  private statusMs = 0;
  private statusLsn = -1n;
  private requests = 0;
  private firstRequestMs = 0;

  constructor(client: pg.Client, command: string, receiver: StreamReceiver, options: StreamOptions) {
    this.client = client;
    this.receiver = receiver;
    this.options = options;
    this.context = options.context;
    this.receivedMs = this.context.nowMs();
    this.socket = client.connection.stream as Socket;
    this.coalesces = this.socket.remoteAddress !== undefined && !('encrypted' in this.socket);
    // pg's own parser would collect the whole stream in its result.
    this.socket.removeAllListeners('data');
    this.socket.on('data', this.onData);
    this.socket.on('error', this.onClose);
    this.socket.on('close', this.onClose);
    client.connection.query(command);
    void this.tick();
  }

  /** When anything last arrived; while reading is held up, nothing can. */
  get heardMs(): number {
    return this.held ? this.context.nowMs() : this.receivedMs;
  }

  /** Stops reading from the socket until it is called with false; status updates go on. */
  hold(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    // The silence while nobody read says nothing about the server.
    this.receivedMs = this.context.nowMs();
    this.setFlow();
  }

  /** Tells the server to release the slot and waits until the connection is closed; never throws. */
  async close(): Promise<void> {
    this.end();
    if (this.socket.destroyed) return;
    const left = new AbortController();
    const closed = new Promise<void>((resolve) => {
      this.socket.once('close', () => resolve());
    });
    // What is still on its way is thrown away, because a full socket would keep the server from reading the goodbye.
    this.socket.removeListener('data', this.onData);
    this.socket.resume();
    this.sendStatus(false);
    void this.client.end();
    void this.context.sleep(tickMs, left.signal).then(
      () => this.socket.destroy(),
      () => undefined,
    );
    await closed;
    left.abort();
  }

  private end(): void {
    this.ended = true;
    this.over.abort();
  }

  /** Keeps the stream alive and the slot moving, whether or not anything arrives or is read. */
  private async tick(): Promise<void> {
    while (!this.ended) {
      await this.context.sleep(tickMs, this.over.signal).catch(() => undefined);
      if (!this.ended) this.keepAlive();
    }
  }

  private keepAlive(): void {
    const silentMs = this.context.nowMs() - this.receivedMs;
    if (this.held) return this.sendStatusIfDue();
    if (silentMs > deadAfterMs) {
      return this.fail(
        new TandemError('TD4005', `${this.options.label}: the replication stream is dead`, {
          expected: `an answer within ${deadAfterMs / 1000} s`,
          found: 'none',
        }),
      );
    }
    if (silentMs > askAfterMs) return this.sendStatus(true);
    return this.sendStatusIfDue();
  }

  private sendStatusIfDue(): void {
    const changed = this.options.flushedLsn() !== this.statusLsn;
    if (changed || this.context.nowMs() - this.statusMs >= statusIntervalMs) this.sendStatus(false);
  }

  private sendStatus(askReply: boolean): void {
    const lsn = this.options.flushedLsn();
    const nowMs = this.context.nowMs();
    const message = Buffer.alloc(39);
    message[0] = COPY_DATA;
    message.writeUInt32BE(38, 1);
    message[5] = STATUS_UPDATE;
    message.writeBigUInt64BE(lsn, 6);
    message.writeBigUInt64BE(lsn, 14);
    message.writeBigUInt64BE(lsn, 22);
    message.writeBigInt64BE(BigInt(Math.round(nowMs * 1000 - postgresEpochUs)), 30);
    message[38] = askReply ? 1 : 0;
    this.statusMs = nowMs;
    this.statusLsn = lsn;
    if (this.socket.writable) this.socket.write(message);
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.ended) return;
    this.receivedMs = this.context.nowMs();
    if (chunk.length < fullChunkBytes && this.coalesces) this.coalesce();
    try {
      this.take(chunk);
      this.receiver.chunk();
    } catch (thrown) {
      this.fail(decodeError(thrown, this.options.label));
    }
  };

  /**
   * The walsender sends row by row, and a reader that wakes for each of them costs both ends most of their time. A
   * pause of a millisecond lets the socket fill. It would only delay over Unix sockets, whose buffers are small, and
   * over TLS, where every record of the server arrives on its own.
   */
  private coalesce(): void {
    if (this.coalescing) return;
    this.coalescing = true;
    this.setFlow();
    void this.context.sleep(coalesceMs).then(() => {
      this.coalescing = false;
      this.setFlow();
    });
  }

  private setFlow(): void {
    if (this.ended) return;
    if (this.held || this.coalescing) this.socket.pause();
    else this.socket.resume();
  }

  private take(chunk: Buffer): void {
    let data = chunk;
    if (this.partialBytes > 0) {
      this.partial.push(chunk);
      this.partialBytes += chunk.length;
      // A long message is put together once, not again with every chunk.
      if (this.partialBytes < this.neededBytes) return;
      data = Buffer.concat(this.partial, this.partialBytes);
      this.partial = [];
      this.partialBytes = 0;
    }
    let at = 0;
    let needed = 5;
    while (data.length - at >= 5) {
      needed = 1 + data.readUInt32BE(at + 1);
      if (data.length - at < needed) break;
      this.message(data, at, at + needed);
      if (this.ended) return;
      at += needed;
      needed = 5;
    }
    if (at < data.length) {
      this.partial = [data.subarray(at)];
      this.partialBytes = data.length - at;
      this.neededBytes = needed;
    }
  }

  private message(data: Buffer, at: number, end: number): void {
    switch (data[at]) {
      case COPY_DATA:
        return this.copyData(data, at + 5, end);
      case ERROR:
        throw streamError(data.subarray(at + 5, end), this.options.label);
      case COPY_DONE:
      case COMMAND_COMPLETE:
      case READY:
        throw new TandemError('TD4005', `${this.options.label}: the server ended the replication stream`);
      case COPY_BOTH:
        this.isCopying = true;
        return undefined;
      default:
        // Parameter changes and notices may come between any two messages.
        return undefined;
    }
  }

  private copyData(data: Buffer, at: number, end: number): void {
    if (data[at] === XLOG_DATA) {
      this.requests = 0;
      this.receiver.data(data, at + XLOG_HEADER_BYTES, end);
    } else if (data[at] === KEEPALIVE) {
      const walEnd = data.readBigUInt64BE(at + 1);
      this.receiver.keepalive(walEnd);
      if (data[at + 17] === 1) this.answerRequest(walEnd);
    }
  }

  /**
   * A server that shuts down waits until its readers have confirmed everything, and asks without a pause. What has
   * not been applied yet cannot be confirmed, so the reader leaves instead of holding the shutdown up; nothing is
   * lost.
   */
  private answerRequest(walEnd: bigint): void {
    const nowMs = this.context.nowMs();
    if (nowMs - this.firstRequestMs > tickMs) {
      this.requests = 0;
      this.firstRequestMs = nowMs;
    }
    this.requests += 1;
    if (this.requests > impatientRequestsMax && this.options.flushedLsn() < walEnd) {
      throw new TandemError('TD4005', `${this.options.label}: the server is shutting down`);
    }
    this.sendStatus(false);
  }

  private readonly onClose = (thrown?: unknown): void => {
    const found = thrown instanceof Error ? { found: thrown.message, cause: thrown } : {};
    this.fail(new TandemError('TD4005', `${this.options.label}: the replication connection broke`, found));
  };

  private fail(error: TandemError): void {
    if (this.ended) return;
    this.end();
    this.socket.destroy();
    this.receiver.failed(error);
  }
}

function decodeError(thrown: unknown, label: string): TandemError {
  if (thrown instanceof TandemError) return thrown;
  const found = thrown instanceof Error ? thrown.message : String(thrown);
  return new TandemError('TD6010', `${label}: an event of the log could not be decoded`, { found, cause: thrown });
}
