import { describe, expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import type { Kind, Value } from '../model/value.ts';
import { arrayOfJson, jsonOfArray } from './arrays.ts';
import type { End } from './declaration.ts';

function arrayOf(element: Kind): End {
  return { engine: 'postgres', column: column('c', 'array', { kind: 'array', element }), at: {} };
}

const cases: readonly (readonly [Kind, Value, string])[] = [
  ['int', [1, [2, [-3]], null], '[1,[2,[-3]],null]'],
  ['bigint', [[9_007_199_254_740_993n], []], '[[9007199254740993],[]]'],
  ['decimal', ['1.00', '-0.5'], '[1.00,-0.5]'],
  ['float8', [0.1, -1e300], '[0.1,-1e+300]'],
  ['bool', [true, false, null], '[true,false,null]'],
  ['text', ['a,b', '[c]', '"', '{', '', 'null'], '["a,b","[c]","\\"","{","","null"]'],
  ['uuid', [['00000000-0000-4000-8000-000000000000']], '[["00000000-0000-4000-8000-000000000000"]]'],
  ['json', ['{"a":[1,2]}', '[3]', '1.0'], '[{"a":[1,2]},[3],1.0]'],
];

describe('an array', () => {
  it.each(cases)('of %s becomes JSON and comes back', (element, value, json) => {
    expect(jsonOfArray(value, arrayOf(element))).toBe(json);
    expect(arrayOfJson(json, arrayOf(element))).toEqual(value);
  });

  it.each([
    ['int', '["1"]'],
    ['int', '{"a":1}'],
    ['text', '[1]'],
    ['bool', '[0]'],
    ['decimal', '[1e5]'],
    ['text', '[{"a":1}]'],
  ] as const)('of %s is not made of %s', (element, json) => {
    expect(() => arrayOfJson(json, arrayOf(element))).toThrow(expect.objectContaining({ code: 'TD3004' }));
  });

  it('may be written with blanks', () => {
    expect(arrayOfJson(' [ 1 , [ 2 ] ] ', arrayOf('int'))).toEqual([1, [2]]);
  });

  it.each([
    ['json', [['1']]],
    ['float8', [Number.NaN]],
    ['decimal', ['NaN']],
  ] as const)('of %s with %j in it has no JSON', (element, value) => {
    expect(() => jsonOfArray(value, arrayOf(element))).toThrow(expect.objectContaining({ code: 'TD3004' }));
  });
});
