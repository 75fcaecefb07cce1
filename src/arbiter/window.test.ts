import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Window, type WindowEntry } from './window.ts';

interface Added extends WindowEntry {
  readonly hash: number;
}

/** Few rows and small steps, so that entries of one row are many; or hashes that share a bucket. */
const hashes = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(7, 7 + 2 ** 32, 7 + 2 ** 33, 7 + 2 ** 20));

const adding = fc.record({
  hash: hashes,
  step: fc.integer({ min: 0, max: 3 }),
  effectiveUs: fc.integer({ min: 0, max: 2 ** 50 }),
  reasserted: fc.boolean(),
  gone: fc.boolean(),
});

function filled(steps: readonly (Omit<Added, 'ordinal'> & { readonly step: number })[]): {
  window: Window;
  all: Added[];
} {
  const window = new Window();
  const all: Added[] = [];
  let ordinal = 0;
  for (const { step, hash, effectiveUs, reasserted, gone } of steps) {
    ordinal += step;
    window.add(hash, ordinal, effectiveUs, { reasserted, gone });
    all.push({ hash, ordinal, effectiveUs, reasserted, gone });
  }
  return { window, all };
}

function newest(all: readonly Added[], hash: number, after: number, before: number): WindowEntry | null {
  const found = all.findLast((each) => each.hash === hash && each.ordinal > after && each.ordinal < before);
  if (found === undefined) return null;
  const { hash: _hash, ...entry } = found;
  return entry;
}

describe('a window', () => {
  it('finds what a plain list finds', () => {
    const ask = fc.record({
      hash: hashes,
      after: fc.integer({ min: -1, max: 60 }),
      width: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(
        fc.array(adding, { maxLength: 60 }),
        fc.array(ask, { minLength: 1, maxLength: 20 }),
        (steps, asked) => {
          const { window, all } = filled(steps);
          expect(window.size).toBe(all.length);
          for (const { hash, after, width } of asked) {
            expect(window.newest(hash, after)).toEqual(newest(all, hash, after, Infinity));
            expect(window.newest(hash, after, after + width)).toEqual(newest(all, hash, after, after + width));
          }
        },
      ),
    );
  });

  it('keeps everything newer than what it forgets, across its segments', () => {
    const sizes = fc.integer({ min: 1, max: 9_000 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (size, rows, part) => {
          const window = new Window();
          for (let ordinal = 1; ordinal <= size; ordinal++) window.add(ordinal % rows, ordinal, ordinal * 10);
          const dropped = Math.floor(size * part);
          window.dropThrough(dropped);
          expect(window.size).toBeGreaterThanOrEqual(size - dropped);
          for (let hash = 0; hash < rows; hash++) {
            const last = size - ((((size - hash) % rows) + rows) % rows);
            if (last <= dropped) continue;
            expect(window.newest(hash, dropped)?.ordinal).toBe(last);
            const previous = last - rows;
            expect(window.newest(hash, dropped, last)?.ordinal).toBe(previous > dropped ? previous : undefined);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is empty once everything is forgotten', () => {
    const { window } = filled([{ step: 5, hash: 1, effectiveUs: 1, reasserted: false, gone: false }]);
    window.dropThrough(4);
    expect(window.newest(1, -1)?.ordinal).toBe(5);
    window.dropThrough(5);
    expect(window.newest(1, -1)).toBeNull();
    expect(window.size).toBe(0);
  });
});
