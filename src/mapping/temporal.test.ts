import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitFraction, microsecondsOf, timestampOf } from './temporal.ts';

describe('fitFraction', () => {
  it.each([
    ['12:00:00.123456', 3, '12:00:00.123'],
    ['12:00:00.100999', 3, '12:00:00.1'],
    ['12:00:00.000999', 3, '12:00:00'],
    ['12:00:00.999999', 0, '12:00:00'],
    ['2024-01-01 12:00:00.5', 6, '2024-01-01 12:00:00.5'],
    ['infinity', 0, 'infinity'],
  ])('%s to %i digits is %s', (value, digits, expected) => {
    expect(fitFraction(value, digits)).toBe(expected);
  });
});

describe('instants', () => {
  it('go to microseconds and back', () => {
    const range = { min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n };
    fc.assert(
      fc.property(fc.bigInt(range), (microseconds) => {
        const text = timestampOf(microseconds) ?? '';
        expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{0,5}[1-9])?$/);
        expect(microsecondsOf(text)).toBe(microseconds);
      }),
    );
  });

  it('are not what is no instant', () => {
    for (const text of ['infinity', '0000-00-00 00:00:00', '2024-02-30 00:00:00', '0044-03-15 00:00:00 BC', 'x']) {
      expect(microsecondsOf(text), text).toBeNull();
    }
    expect(timestampOf(10n ** 18n)).toBeNull();
  });
});
