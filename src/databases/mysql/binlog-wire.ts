import { Duplex } from 'node:stream';
import type { Connection } from 'mysql2/promise';
import { TandemError } from '../../model/error.ts';

/**
 * mysql2 knows the handshake, every way of logging in, and TLS; but its own binlog command cannot ask by GTID, decodes
 * events in a way of its own and lets the socket run ahead of its reader. So the connection's byte stream is taken
 * from it after the login. This relies on two facts of mysql2 3: the object behind the promise wrapper holds the
 * stream (the TLS one after an upgrade) as `stream`, and reads it by a listener for `data` alone.
 */
export function takeStream(connection: Connection): Duplex {
  const { connection: inner } = connection as unknown as { connection: { stream?: unknown; on: Connection['on'] } };
  const { stream } = inner;
  if (!(stream instanceof Duplex)) {
    throw new TandemError('TD9002', 'The installed version of mysql2 holds its stream elsewhere.');
  }
  // Whatever breaks from here on shows in the stream itself; without a listener mysql2 would throw it at the process.
  inner.on('error', () => undefined);
  stream.removeAllListeners('data');
  stream.pause();
  return stream;
}

const headerBytes = 4;
const payloadBytesMax = 0xff_ff_ff;

/** The packet that carries one command to the server. Commands stay far below 16 MB. */
export function commandPacket(payload: Uint8Array): Buffer {
  const packet = Buffer.alloc(headerBytes + payload.length);
  packet.writeUIntLE(payload.length, 0, 3);
  packet.set(payload, headerBytes);
  return packet;
}

/**
 * Cuts a byte stream into the payloads of packets; a payload of 16 MB or more comes in several packets and is joined.
 * Payloads are given in place (`buffer`, `start`, `end`): nothing is copied but what lies across two chunks.
 */
export class PacketReader {
  buffer: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  #at = 0;
  /** Chunks that together do not yet hold the packet that they begin. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #neededBytes = headerBytes;
  #joined: Buffer[] = [];

  /** Only when `next` has returned false. */
  push(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes < this.#neededBytes) return;
    this.buffer = this.#waiting.length === 1 ? chunk : Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#at = 0;
  }

  /** Moves to the next whole payload; false when more bytes are needed. */
  next(): boolean {
    if (this.#waitingBytes > 0) return false;
    for (;;) {
      const { buffer } = this;
      const rest = buffer.length - this.#at;
      if (rest < headerBytes) return this.#wait(rest, headerBytes);
      const length = buffer.readUIntLE(this.#at, 3);
      if (rest < headerBytes + length) return this.#wait(rest, headerBytes + length);
      this.start = this.#at + headerBytes;
      this.end = this.start + length;
      this.#at = this.end;
      if (length < payloadBytesMax && this.#joined.length === 0) return true;
      this.#joined.push(buffer.subarray(this.start, this.end));
      if (length < payloadBytesMax) return this.#join();
    }
  }

  #wait(restBytes: number, neededBytes: number): false {
    this.#neededBytes = neededBytes;
    if (restBytes > 0) this.#waiting.push(this.buffer.subarray(this.#at));
    this.#waitingBytes = restBytes;
    this.buffer = Buffer.alloc(0);
    this.#at = 0;
    return false;
  }

  /** The joined payload becomes the buffer; what followed it is kept for the next call. */
  #join(): true {
    const rest = this.buffer.subarray(this.#at);
    const joined = Buffer.concat([...this.#joined, rest]);
    this.buffer = joined;
    this.start = 0;
    this.end = joined.length - rest.length;
    this.#at = this.end;
    this.#joined = [];
    return true;
  }
}
