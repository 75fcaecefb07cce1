import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './json.ts';

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

  it.each(['', '{', '[1,]', '{"a":}', '1 2', 'nul', '"a', '{a:1}', '01', '[1}'])('refuses %s', (text) => {
    expect(() => canonicalJson(text)).toThrow(SyntaxError);
  });

  it('keeps the meaning and needs no second pass', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const canonical = canonicalJson(JSON.stringify(value, null, 2));
        expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(canonical)).toBe(canonical);
      }),
    );
  });
});
