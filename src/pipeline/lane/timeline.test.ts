import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position, Positions } from '../../model/change.ts';
import { Timeline } from './timeline.ts';

const positions: Positions = { covers: (upTo, at) => upTo >= at };

function position(place: number): Position {
  return String(place).padStart(8, '0') as Position;
}

/** A log goes forward; a position that the other log carries may be any place in it, or none. */
const acts = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('append' as const), by: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('ask' as const), place: fc.integer({ min: 0, max: 120 }) }) },
  ),
  { maxLength: 80 },
);

describe('a timeline', () => {
  it('tells which ordinal a position covers, as a plain list does, while the log grows', () => {
    fc.assert(
      fc.property(acts, (all) => {
        const timeline = new Timeline(positions);
        const places: number[] = [];
        for (const act of all) {
          if (act.kind === 'append') {
            places.push((places.at(-1) ?? 0) + act.by);
            const place = places.at(-1) ?? 0;
            expect(timeline.append(position(place))).toBe(places.length);
            expect(timeline.lastPosition).toBe(position(place));
          } else {
            // The same object twice: the answer is remembered by identity.
            const asked = position(act.place);
            const expected = places.filter((place) => place <= act.place).length;
            expect(timeline.ordinalOf(asked)).toBe(expected);
            expect(timeline.ordinalOf(asked)).toBe(expected);
          }
          expect(timeline.last).toBe(places.length);
        }
        expect(timeline.ordinalOf(null)).toBe(0);
      }),
    );
  });

  it('counts what it forgot as covered, and everything else as before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12_000 }), fc.integer({ min: 0, max: 13_000 }), (length, dropped) => {
        const timeline = new Timeline(positions);
        for (let place = 1; place <= length; place++) timeline.append(position(place * 2));
        timeline.ordinalOf(position(2));
        timeline.dropThrough(dropped);
        expect(timeline.last).toBe(length);
        expect(timeline.append(position(length * 2 + 2))).toBe(length + 1);
        const forgotten = timeline.ordinalOf(null);
        expect(forgotten).toBeLessThanOrEqual(Math.min(dropped, length));
        for (const ordinal of [1, dropped, dropped + 1, length, length + 1]) {
          if (ordinal < 1 || ordinal > length + 1) continue;
          expect(timeline.ordinalOf(position(ordinal * 2))).toBe(Math.max(ordinal, forgotten));
          expect(timeline.ordinalOf(position(ordinal * 2 + 1))).toBe(Math.max(ordinal, forgotten));
        }
      }),
      { numRuns: 60 },
    );
  });
});
