import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatArray, parseArray } from './arrays.ts';

describe('arrays', () => {
  it('survive being written', () => {
    const item = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'NULL', '{', '"', '\\', ' ')));
    const nested = fc.oneof(fc.array(item), fc.array(fc.array(item, { minLength: 1 }), { minLength: 1 }));
    fc.assert(
      fc.property(nested, (items) => {
        const text = formatArray(items, (value) => (value === null ? null : String(value)));
        expect(parseArray(text, null)).toEqual(items);
      }),
    );
  });

  it('are decoded element by element', () => {
    expect(parseArray('{{1,NULL},{3,4}}', Number)).toEqual([
      [1, null],
      [3, 4],
    ]);
    expect(parseArray('{}', Number)).toEqual([]);
  });

  it('stay text where they do not begin at 1', () => {
    expect(parseArray('[0:1]={1,2}', Number)).toBe('[0:1]={1,2}');
  });
});
