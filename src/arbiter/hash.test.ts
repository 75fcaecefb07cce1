import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kind } from '../model/value.ts';
import { hashText, keyText } from './hash.ts';

describe('the text of a key', () => {
  it('reads like the key where it is one number or text', () => {
    expect(keyText(['int'], [42])).toBe('42');
    expect(keyText(['bigint'], [-42n])).toBe('-42');
    expect(keyText(['text'], ['Zoë'])).toBe('Zoë');
  });

  it('is equal for decimals that are equal', () => {
    const zeros = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.integer(), fc.nat(9_999), zeros, (whole, fraction, more) => {
        const plain = `${whole}.${fraction}1`;
        expect(keyText(['decimal'], [`${plain}${'0'.repeat(more)}`])).toBe(keyText(['decimal'], [plain]));
      }),
    );
    expect(keyText(['decimal'], ['-0.00'])).toBe(keyText(['decimal'], ['0']));
  });

  it('differs for keys that differ', () => {
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 3 });
    const key = fc.tuple(fc.integer({ min: -20, max: 20 }), text, fc.uint8Array({ maxLength: 2 }));
    const kinds: readonly Kind[] = ['int', 'text', 'bytes'];
    fc.assert(
      fc.property(key, key, (a, b) => {
        const isSame = a[0] === b[0] && a[1] === b[1] && Buffer.from(a[2]).equals(Buffer.from(b[2]));
        expect(keyText(kinds, a) === keyText(kinds, b)).toBe(isSame);
      }),
    );
  });
});

describe('the hash of a text', () => {
  it('is a whole number of 53 bits, and the same every time', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: 'binary' }), (seed, text) => {
        const hash = hashText(seed, text);
        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true);
        expect(hashText(seed, text)).toBe(hash);
      }),
    );
  });

  it('keeps the rows of a large table apart, and spreads them over buckets', () => {
    const rows = 200_000;
    const found = new Set<number>();
    const buckets = new Int32Array(1024);
    for (let row = 0; row < rows; row++) {
      const hash = hashText(7, String(row));
      found.add(hash);
      const bucket = (hash % 2 ** 32) & 1023;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    expect(found.size).toBe(rows);
    expect(Math.max(...buckets)).toBeLessThan((rows / 1024) * 2);
  });

  it('keeps apart what 32 bits would not', () => {
    const found = new Set<number>();
    for (let row = 0; row < 300_000; row++)
      found.add(hashText(1, `0190b2c4-${row * 7919}-7c3e-9a51-${row ^ 0x5bd1e995}`));
    expect(found.size).toBe(300_000);
  });

  it('keeps the tables of a lane apart', () => {
    const found = new Set(Array.from({ length: 1000 }, (_, seed) => hashText(seed, '42')));
    expect(found.size).toBe(1000);
  });
});
