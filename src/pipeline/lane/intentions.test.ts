import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intentions, type Intention } from './intentions.ts';

const hash = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));
const intention: fc.Arbitrary<Intention> = fc.oneof(
  fc.constant(null),
  fc.maxSafeNat(),
  fc.array(fc.string(), { minLength: 1, maxLength: 2 }),
);

test('holds what a map holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(hash, intention), { maxLength: 300 }), fc.array(hash), (entries, others) => {
      const map = new Map(entries);
      const intentions = new Intentions();
      for (const [key, value] of entries) intentions.set(key, value);
      expect(intentions.size).toBe(map.size);
      for (const key of [...map.keys(), ...others]) {
        expect(intentions.has(key)).toBe(map.has(key));
        expect(intentions.get(key)).toEqual(map.get(key));
      }
    }),
  );
});
