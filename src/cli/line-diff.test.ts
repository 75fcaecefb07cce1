import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './line-diff.ts';

const shown = (before: string, after: string) =>
  diffLines(before, after).map(({ sign, line, text }) => `${sign}${line} ${text}`);

describe('diffLines', () => {
  it('finds nothing between equal texts', () => expect(shown('a\nb', 'a\nb')).toEqual([]));

  it('finds one changed line among equal ones', () => {
    expect(shown('a\nb\nc', 'a\nx\nc')).toEqual(['-2 b', '+2 x']);
  });

  it('finds added and removed lines, with their numbers', () => {
    expect(shown('a\nb\nc\nd', 'b\nc\nd\ne')).toEqual(['-1 a', '+4 e']);
  });

  it('gives a script that turns any text into any other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd')).map((lines) => lines.join('\n'));
    fc.assert(fc.property(text, text, (before, after) => replay(before, after) === after));
  });

  it('gives up on texts that have little in common, and is still right', () => {
    const many = (mark: string) => Array.from({ length: 3000 }, (_, at) => `${mark}${at}`).join('\n');
    expect(replay(many('a'), many('b'))).toBe(many('b'));
  });
});

/** Does what the script says. */
function replay(before: string, after: string): string {
  const script = diffLines(before, after);
  const removed = new Set(script.filter(({ sign }) => sign === '-').map(({ line }) => line - 1));
  const lines = before.split('\n').filter((_, at) => !removed.has(at));
  for (const { sign, line, text } of script) if (sign === '+') lines.splice(line - 1, 0, text);
  return lines.join('\n');
}
