import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doubleText, jsonOrText } from './canonical-json.ts';

describe('jsonOrText', () => {
  it('is the canonical form of JSON', () => expect(jsonOrText('{"b": 1, "a": [ ]}')).toBe('{"a":[],"b":1}'));

  it('leaves alone what is no JSON', () => {
    for (const text of ['', '{', '{"a"}', '[1,]', '01', '"', '"\\"', '1 2', 'nul', '"\t"', '{"a":1,}', '-', '1.']) {
      expect(jsonOrText(text), text).toBe(text);
    }
    const deep = '['.repeat(100_000);
    expect(jsonOrText(deep)).toBe(deep);
  });
});

describe('doubleText', () => {
  it('writes as MySQL does', () => {
    const cases: [number, string][] = [
      [1, '1.0'],
      [-0, '-0.0'],
      [1.5, '1.5'],
      [1e14, '100000000000000.0'],
      [1e15, '1e15'],
      [123456789012345680, '1.2345678901234568e17'],
      [0.1, '0.1'],
      [1e-14, '0.00000000000001'],
      [1.25e-16, '1.25e-16'],
      [Number.MAX_VALUE, '1.7976931348623157e308'],
    ];
    for (const [value, text] of cases) expect(doubleText(value)).toBe(text);
  });

  it('reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(doubleText(value))).toBe(value);
      }),
    );
  });
});
