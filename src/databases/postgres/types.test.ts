import { describe, expect, it } from 'vitest';
import { checkValues } from './check-values.ts';
import { castType } from './types.ts';

describe('castType', () => {
  it.each([
    ['integer', 'integer'],
    ['character varying(50)', 'character varying'],
    ['character varying(50)[]', 'character varying[]'],
    ['numeric(10,2)', 'numeric'],
    ['character(1)', 'bpchar'],
    ['character', 'bpchar'],
    ['bit(3)', 'pg_catalog."bit"'],
    ['bit varying(3)', 'bit varying'],
    ['timestamp(3) with time zone', 'timestamp with time zone'],
    ['interval day to second(3)', 'interval'],
    ['"char"', '"char"'],
    ['public."odd(type)"', 'public."odd(type)"'],
    ['public.mood[]', 'public.mood[]'],
  ])('%s -> %s', (native, expected) => {
    expect(castType(native)).toBe(expected);
  });
});

describe('checkValues', () => {
  it.each([
    [
      "CHECK (((status)::text = ANY ((ARRAY['new'::character varying, 'it''s'::character varying])::text[])))",
      ['new', "it's"],
    ],
    ["CHECK ((status = ANY (ARRAY['a'::text, 'b, (c'::text])))", ['a', 'b, (c']],
    ['CHECK (("Odd one" = ANY (ARRAY[\'a\'::bpchar])))', ['a']],
    ["CHECK ((status = 'a'::text))", ['a']],
    [
      "CHECK (((VALUE)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
      ['a', 'b'],
    ],
    ['CHECK ((n > 0))', null],
    ["CHECK (((status = 'a'::text) OR (status = 'b'::text)))", null],
    ["CHECK ((lower(status) = ANY (ARRAY['a'::text])))", null],
    ['CHECK ((n = ANY (ARRAY[1, 2])))', null],
    ["CHECK ((status <> ALL (ARRAY['a'::text])))", null],
    ["CHECK (((status = ANY (ARRAY['a'::text])) OR (status IS NULL)))", null],
  ])('%s', (definition, expected) => {
    expect(checkValues(definition)).toEqual(expected);
  });
});
