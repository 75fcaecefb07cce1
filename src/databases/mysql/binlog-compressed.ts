import { Decompress } from 'fzstd';
import { corrupt, headerBytes, packedAt } from './binlog-events.ts';

const payloadFields = { end: 0, size: 1, compression: 2, uncompressedSize: 3 } as const;
const zstd = 0;
const notCompressed = 255;
const sliceBytes = 64 * 1024;

/**
 * The events inside of MySQL's TRANSACTION_PAYLOAD_EVENT, each as a buffer of its own, without checksums. The event
 * is a list of type, length, value, closed by type 0, then the payload (libbinlogevents/include/control_events.h). It
 * is decompressed piece by piece as the caller goes on, so that a giant transaction never lies in memory whole.
 */
export function* payloadEvents(buffer: Buffer, start: number, end: number): Generator<Buffer> {
  const { compression, at } = payloadHead(buffer, start + headerBytes);
  const payload = buffer.subarray(at, end);
  let rest: Buffer = Buffer.alloc(0);
  for (const piece of compression === zstd ? decompressed(payload) : [payload]) {
    const joined: Buffer = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let from = 0;
    while (joined.length - from >= headerBytes) {
      const length = joined.readUInt32LE(from + 9);
      if (length < headerBytes) throw corrupt('an event without a length in a compressed transaction');
      if (joined.length - from < length) break;
      yield joined.subarray(from, from + length);
      from += length;
    }
    rest = joined.subarray(from);
  }
  if (rest.length > 0) throw corrupt('a compressed transaction that ends inside of an event');
}

function payloadHead(buffer: Buffer, from: number): { compression: number; at: number } {
  let compression: number = notCompressed;
  for (let at = from; ; ) {
    const type = packedAt(buffer, at);
    if (type.value === payloadFields.end) {
      if (compression === zstd || compression === notCompressed) return { compression, at: type.next };
      throw corrupt(`a transaction compressed by method ${compression}`);
    }
    const length = packedAt(buffer, type.next);
    if (type.value === payloadFields.compression) compression = packedAt(buffer, length.next).value;
    at = length.next + length.value;
  }
}

function* decompressed(payload: Buffer): Generator<Buffer> {
  let pieces: Buffer[] = [];
  const decompressor = new Decompress((piece) => {
    // The piece is a window that the decompressor goes on to use.
    if (piece.length > 0) pieces.push(Buffer.from(piece));
  });
  for (let at = 0; at < payload.length; at += sliceBytes) {
    decompressor.push(payload.subarray(at, at + sliceBytes), at + sliceBytes >= payload.length);
    yield* pieces;
    pieces = [];
  }
}
