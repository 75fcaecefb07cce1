import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('redact', () => {
  it.each([
    ['postgres://anna:secret@db:5432/shop', 'postgres://anna:***@db:5432/shop'],
    ['mysql://anna:p%40ss@db/shop', 'mysql://anna:***@db/shop'],
    ['mariadb://anna:p@ss/word@db/shop', 'mariadb://anna:***@db/shop'],
    ['postgres://:secret@db/shop', 'postgres://:***@db/shop'],
    [
      'cannot reach postgres://a:b@c/d and mysql://e:f@g/h.',
      'cannot reach postgres://a:***@c/d and mysql://e:***@g/h.',
    ],
    ['{"url":"postgres://a:b@c/d","mail":"x@y"}', '{"url":"postgres://a:***@c/d","mail":"x@y"}'],
    ['postgres://db/shop?user=a&password=b&sslmode=require', 'postgres://db/shop?user=a&password=***&sslmode=require'],
  ])('turns %s into %s', (text, expected) => expect(redact(text)).toBe(expected));

  it.each(['postgres://anna@db:5432/shop', 'https://example.org/a:b', 'anna:secret@db', 'ratio 1:2 @ 3'])(
    'leaves %s alone',
    (text) => expect(redact(text)).toBe(text),
  );
});
