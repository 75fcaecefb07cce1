import type { Duplex } from 'node:stream';
import { createConnection, type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2/promise';
import type { Context } from '../../model/context.ts';
import { TandemError } from '../../model/error.ts';
import { commandPacket, PacketReader, takeStream } from './binlog-wire.ts';
import { type Charsets, readCharsets } from './charset.ts';
import { driverError } from './errors.ts';
import type { Flavor } from './flavor.ts';
import { type DomainState, GtidSet, type GtidState } from './gtid-set.ts';

export interface BinlogOptions {
  readonly connection: ConnectionOptions;
  readonly flavor: Flavor;
  /** How the server tells its replicas apart: of two readers with one id it throws out the first. */
  readonly serverId: number;
  readonly context: Context;
}

/** The log of one server from some place on, event by event, without end. */
export interface BinlogStream extends Disposable {
  readonly charsets: Charsets;
  /**
   * Yields when at least one whole packet has come; then `packets.next()` gives them. The socket is read only while
   * somebody waits here. Throws TD4005, and ends when the signal fires.
   */
  arrivals(): AsyncIterable<void>;
  readonly packets: PacketReader;
  /** When anything last arrived; null once the stream is over. While nobody waits, nothing can arrive. */
  heardMs(): number | null;
  /** Does the server take names of tables without regard to case (lower_case_table_names)? */
  readonly foldsNames: boolean;
}

const heartbeatMs = 10_000;
const silentHeartbeatsMax = 3;
/** How long the server lets a full socket stand, while whoever reads from us is slow. */
const pauseSecondsMax = 3600;

/**
 * Logs in and asks for everything after `state`. Throws TD4xxx; a refusal of the request itself comes as the first
 * packet.
 */
export async function openBinlog(options: BinlogOptions, state: GtidState, signal: AbortSignal): Promise<BinlogStream> {
  const { host, port, socketPath } = options.connection;
  const at = { server: socketPath ?? `${host}:${port}` };
  let connection: Connection | null = null;
  try {
    // The stream is read as it comes, so it must not be compressed.
    connection = await createConnection({ ...options.connection, compress: false, rowsAsArray: false });
    const charsets = await readCharsets(connection, options.flavor);
    const [[names]] = await connection.query<RowDataPacket[]>('SELECT @@lower_case_table_names AS folded');
    const facts = {
      charsets,
      foldsNames: Number(names?.['folded']) !== 0,
      sleep: options.context.sleep,
      nowMs: options.context.nowMs,
    };
    await connection.query(sessionStatement(options.flavor, state));
    const stream = takeStream(connection);
    stream.write(commandPacket(dumpCommand(options, state)));
    return new Dump(connection, stream, facts, signal);
  } catch (thrown) {
    connection?.destroy();
    throw driverError(thrown, 'TD9002', at);
  }
}

type Facts = Pick<BinlogStream, 'charsets' | 'foldsNames'> & Pick<Context, 'sleep' | 'nowMs'>;

class Dump implements BinlogStream {
  readonly packets = new PacketReader();
  readonly charsets: Charsets;
  readonly foldsNames: boolean;
  readonly #connection: Connection;
  readonly #stream: Duplex;
  readonly #signal: AbortSignal;
  readonly #sleep: Context['sleep'];
  readonly #nowMs: Context['nowMs'];
  #waiting = false;
  #heardMs: number;
  #over = false;
  #silentBeats = 0;

  constructor(connection: Connection, stream: Duplex, facts: Facts, signal: AbortSignal) {
    this.#connection = connection;
    this.#stream = stream;
    this.charsets = facts.charsets;
    this.foldsNames = facts.foldsNames;
    this.#sleep = facts.sleep;
    this.#nowMs = facts.nowMs;
    this.#heardMs = facts.nowMs();
    this.#signal = signal;
  }

  async *arrivals(): AsyncIterable<void> {
    // A peer that vanished says nothing, and its silence is noticed only by who counts the heartbeats that stay away.
    const over = new AbortController();
    const watch = this.#watch(over.signal);
    const end = () => this.#stream.destroy();
    this.#signal.addEventListener('abort', end);
    // It may have fired while the login was under way.
    if (this.#signal.aborted) end();
    try {
      this.#waiting = true;
      for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
        this.#waiting = false;
        this.#heardMs = this.#nowMs();
        this.packets.push(chunk);
        yield;
        this.#silentBeats = 0;
        this.#waiting = true;
      }
      throw new TandemError('TD4005', 'The server closed the connection that its log was read from.');
    } catch (thrown) {
      if (!this.#signal.aborted) throw driverError(thrown, 'TD4005');
    } finally {
      this.#signal.removeEventListener('abort', end);
      over.abort();
      await watch;
    }
  }

  async #watch(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await this.#sleep(heartbeatMs, over).catch(() => undefined);
      if (!over.aborted) this.#beat();
    }
  }

  #beat(): void {
    if (!this.#waiting) return;
    this.#silentBeats += 1;
    if (this.#silentBeats < silentHeartbeatsMax) return;
    this.#stream.destroy(
      new TandemError('TD4005', 'The server went silent while its log was read.', {
        expected: `a heartbeat every ${heartbeatMs / 1000} s`,
      }),
    );
  }

  heardMs(): number | null {
    if (this.#over) return null;
    return this.#waiting ? this.#heardMs : this.#nowMs();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#connection.destroy();
    this.#stream.destroy();
  }
}

/**
 * User variables by which a replica tells the server what it understands. Old and new names; the server ignores
 * others.
 */
function sessionStatement(flavor: Flavor, state: GtidState): string {
  const words = flavor.engine === 'mysql' ? ['master', 'source'] : ['master'];
  const settings = words.flatMap((word) => [
    `@${word}_binlog_checksum = @@global.binlog_checksum`,
    `@${word}_heartbeat_period = ${heartbeatMs * 1_000_000}`,
  ]);
  settings.push(`net_write_timeout = ${pauseSecondsMax}`);
  if (flavor.engine === 'mariadb') {
    settings.push(
      // 4 = understands GTID events (sql/sql_repl.h, MARIA_SLAVE_CAPABILITY_GTID).
      '@mariadb_slave_capability = 4',
      `@slave_connect_state = '${state.format()}'`,
      // A position that the server does not have is then an error, never a guess.
      '@slave_gtid_strict_mode = 1',
      '@slave_gtid_ignore_duplicates = 0',
    );
  }
  return `SET ${settings.join(', ')}`;
}

const comBinlogDump = 0x12;
const comBinlogDumpGtid = 0x1e;
/** Events of a log file begin here, after its magic number. */
const firstEvent = 4;

function dumpCommand({ serverId }: BinlogOptions, state: GtidState | DomainState): Buffer {
  if (!(state instanceof GtidSet)) {
    // MariaDB takes the place from @slave_connect_state: position 4 of no file.
    const command = Buffer.alloc(11);
    command.writeUInt8(comBinlogDump, 0);
    command.writeUInt32LE(firstEvent, 1);
    command.writeUInt32LE(serverId, 7);
    return command;
  }
  const set = encodeSet(state);
  const command = Buffer.alloc(23);
  command.writeUInt8(comBinlogDumpGtid, 0);
  command.writeUInt32LE(serverId, 3);
  command.writeUInt32LE(firstEvent, 11);
  command.writeUInt32LE(set.length, 19);
  return Buffer.concat([command, set]);
}

/**
 * Gtid_set::encode of sql/rpl_gtid_set.cc. Without tags: the number of uuids in 8 bytes. With tags: the format, 1, in
 * the first and the last of these bytes and the number in between, and each tag behind its uuid, with its length
 * times two.
 */
function encodeSet(set: GtidSet): Buffer {
  const entries = set.entries();
  const tagged = entries.some(({ tag }) => tag !== '');
  const head = Buffer.alloc(8);
  if (tagged) {
    head.writeUInt8(1, 0);
    head.writeUIntLE(entries.length, 1, 6);
    head.writeUInt8(1, 7);
  } else {
    head.writeUIntLE(entries.length, 0, 6);
  }
  const pieces = [head];
  for (const { uuid, tag, intervals } of entries) {
    pieces.push(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    if (tagged) pieces.push(Buffer.from([tag.length * 2]), Buffer.from(tag, 'latin1'));
    const numbers = new BigUint64Array(1 + intervals.length * 2);
    numbers[0] = BigInt(intervals.length);
    for (const [at, { start, end }] of intervals.entries()) {
      numbers[1 + at * 2] = BigInt(start);
      // The server's intervals end before their end.
      numbers[2 + at * 2] = BigInt(end + 1);
    }
    const bytes = Buffer.alloc(numbers.length * 8);
    for (const [at, number] of numbers.entries()) bytes.writeBigUInt64LE(number, at * 8);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}
