import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandPacket, PacketReader } from './binlog-wire.ts';

/** Payloads as packets of at most 16 MB less one byte, the last one shorter. */
function packets(payload: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; at += 0xff_ff_ff) {
    const part = payload.subarray(at, at + 0xff_ff_ff);
    const head = Buffer.alloc(4);
    head.writeUIntLE(part.length, 0, 3);
    parts.push(head, part);
    if (part.length < 0xff_ff_ff) return Buffer.concat(parts);
  }
}

function readAll(chunks: readonly Buffer[]): Buffer[] {
  const reader = new PacketReader();
  const payloads: Buffer[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    while (reader.next()) payloads.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)));
  }
  return payloads;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)].filter((chunk) => chunk.length > 0);
}

describe('packets', () => {
  it('come out whole, however the network cuts them', () => {
    const payload = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(payload), fc.array(fc.integer({ min: 1, max: 9 })), (payloads, sizes) => {
        const bytes = Buffer.concat(payloads.map((each) => commandPacket(each)));
        expect(readAll(cut(bytes, sizes))).toEqual(payloads);
      }),
    );
  });

  it('of 16 MB and more are joined', () => {
    const payloads = [0xff_ff_fe, 0xff_ff_ff, 0x2_00_00_01, 3].map((length, at) => Buffer.alloc(length, at + 1));
    const bytes = Buffer.concat(payloads.map(packets));
    const sizes = Array.from({ length: Math.floor(bytes.length / 65_536) }, () => 65_536);
    for (const [at, payload] of readAll(cut(bytes, sizes)).entries()) {
      expect(payload.equals(payloads[at] ?? Buffer.alloc(0))).toBe(true);
    }
    expect(readAll([bytes])).toHaveLength(payloads.length);
  });
});
