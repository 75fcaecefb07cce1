import { describe, expect, it } from 'vitest';
import { closest, editDistance } from './closest.ts';

describe('the closest name', () => {
  it.each([
    ['user_nam', ['user_name', 'username', 'id'], 'user_name'],
    ['userName', ['user_id', 'user_name'], 'user_name'],
    ['emial', ['mail', 'email'], 'email'],
    ['fone', ['phone', 'id'], undefined],
    ['x', ['id', 'name'], undefined],
    ['anything', [], undefined],
  ])('to %s among %j is %s', (name, candidates, expected) => {
    expect(closest(name, candidates)).toBe(expected);
  });
});

describe('the edit distance', () => {
  it.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
  ])('of %j and %j is %i', (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
    expect(editDistance(b, a)).toBe(expected);
  });
});
