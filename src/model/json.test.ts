import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, jsonDepth, jsonNumbers, plainJson } from './json.ts';

describe('canonicalJson', () => {
  it.each([
    ['{"b": 1, "a": [1, 2.50, -0.0e+1]}', '{"a":[1,2.50,-0.0e+1],"b":1}'],
    ['9007199254740993', '9007199254740993'],
    ['{"a": 1, "a": 2}', '{"a":2}'],
    ['{"\\u0061": 1, "a": 2}', '{"a":2}'],
    [' [ ] ', '[]'],
    ['{ }', '{}'],
    ['"\\u00e9\\/\\n"', '"é/\\n"'],
    ['{"a b":1,"a":2,"a!":3}', '{"a":2,"a b":1,"a!":3}'],
    ['[true, false, null]', '[true,false,null]'],
    ['{"a\\"}": {"x": "],"}}', '{"a\\"}":{"x":"],"}}'],
  ])('%s -> %s', (text, canonical) => {
    expect(canonicalJson(text)).toBe(canonical);
    expect(canonicalJson(canonical)).toBe(canonical);
  });

  it.each(['', '{', '[1,]', '{"a":}', '1 2', 'nul', '"a', '{a:1}', '01', '[1}', '"\t"', '{"a":1,}', '-', '1.'])(
    'refuses %s',
    (text) => {
      expect(() => canonicalJson(text)).toThrow(SyntaxError);
    },
  );

  it('keeps the meaning and needs no second pass', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const canonical = canonicalJson(JSON.stringify(value, null, 2));
        expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(canonical)).toBe(canonical);
      }),
    );
  });

  it('leaves what is nested too deeply as it is', () => {
    const deep = `${'[ '.repeat(20_000)}${']'.repeat(20_000)}`;
    expect(canonicalJson(deep)).toBe(deep);
  });
});

describe('plainJson', () => {
  it.each([
    ['[1.50,15e-1,1.5]', '[1.5,1.5,1.5]'],
    ['[100,1e2,1E+2,100.0]', '[100,100,100,100]'],
    ['[0,-0,0.0,0e5]', '[0,0,0,0]'],
    ['[-0.05,-5e-2]', '[-0.05,-0.05]'],
    ['{"1.50":"1.50"}', '{"1.50":"1.50"}'],
    ['9007199254740993', '9007199254740993'],
    [`[1e50,1${'0'.repeat(50)},10e49]`, '[1e50,1e50,1e50]'],
    [`[1e-50,0.${'0'.repeat(49)}1]`, '[1e-50,1e-50]'],
  ])('%s -> %s', (text, plain) => expect(plainJson(text)).toBe(plain));

  it('is one text for all spellings of a number, and no other number has it', () => {
    const spellings = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -60, max: 60 }));
    fc.assert(
      fc.property(spellings, fc.nat(20), ([digits, power], zeros) => {
        const plain = plainJson(`${digits}e${power}`);
        expect(plainJson(`${digits}${'0'.repeat(zeros)}e${power - zeros}`)).toBe(plain);
        expect(plainJson(`${digits}.${'0'.repeat(zeros + 1)}E${power}`)).toBe(plain);
        expect(plainJson(`${digits + 1n}e${power}`)).not.toBe(plain);
        expect(plainJson(plain)).toBe(plain);
      }),
    );
  });
});

describe('what stands in JSON', () => {
  it('numbers', () => expect(jsonNumbers('{"1":[-2.5,"3",1e4]}')).toEqual(['-2.5', '1e4']));
  it('nesting', () => {
    expect(['1', '[]', '{"a":[1,"[["]}'].map(jsonDepth)).toEqual([0, 1, 2]);
  });
});
