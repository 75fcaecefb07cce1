import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, doubleText } from './canonical-json.ts';

describe('canonicalJson', () => {
  it('sorts keys, drops blanks, keeps numbers as written', () => {
    expect(canonicalJson('{"b": [1.0, 9007199254740993, 1e400 ],\n "a" : {"é":"\\u0041\\/\\"", "":null}}')).toBe(
      '{"a":{"":null,"é":"A/\\""},"b":[1.0,9007199254740993,1e400]}',
    );
    expect(canonicalJson(' "x\\\\" ')).toBe('"x\\\\"');
    expect(canonicalJson('{"a":1,"b":2,"a":3}')).toBe('{"a":3,"b":2}');
  });

  it('is the same for every spelling of one value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, blanks) => {
        const text = canonicalJson(JSON.stringify(value));
        expect(canonicalJson(JSON.stringify(value, null, blanks))).toBe(text);
        expect(canonicalJson(text)).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves alone what is no JSON', () => {
    for (const text of ['', '{', '{"a"}', '[1,]', '01', '"', '"\\"', '1 2', 'nul', '"\t"', '{"a":1,}', '-', '1.']) {
      expect(canonicalJson(text), text).toBe(text);
    }
    const deep = '['.repeat(100_000);
    expect(canonicalJson(deep)).toBe(deep);
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
