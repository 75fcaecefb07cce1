import { describe, expect, it } from 'vitest';
import { type DebeziumJson, UNAVAILABLE } from '../../model/debezium.ts';
import type { Column } from '../../model/schema.ts';
import { decoderOfColumn } from './debezium-values.ts';

const column = (kind: Column['kind'], more: Partial<Column> = {}): Column => ({
  name: 'c',
  kind,
  native: kind,
  nullable: true,
  hasDefault: false,
  auto: false,
  generated: false,
  values: null,
  length: null,
  precision: null,
  scale: null,
  fraction: null,
  unsigned: false,
  charset: null,
  collation: null,
  element: null,
  ...more,
});
const read = (of: Column, json: DebeziumJson): unknown => decoderOfColumn(of)(json as never);
const array = (element: Column['kind']): Column => column('array', { element });

// As connector 3.5 wrote them; the server test compares with the log itself.
describe("values of Debezium's PostgreSQL connector", () => {
  it.each<[Column, DebeziumJson, unknown]>([
    [column('bigint'), 5, 5n],
    [column('bigint'), 9007199254740993n, 9007199254740993n],
    [column('decimal'), '-0.50', '-0.50'],
    [column('decimal'), 'NAN', 'NaN'],
    [column('decimal'), 'NEGATIVE_INFINITY', '-Infinity'],
    [column('decimal', { scale: -2 }), '1234500.000', '1234500'],
    [column('float4'), 0.1, Math.fround(0.1)],
    [column('float8'), '-Infinity', Number.NEGATIVE_INFINITY],
    [column('bit', { length: 1 }), true, '1'],
    [column('bit', { length: 10 }), 'AAI=', '1000000000'],
    [column('bit', { length: 10 }), '8A==', '0011110000'],
    [column('text', { native: 'character(5)' }), 'ab   ', 'ab'],
    [column('text', { native: 'character varying(5)' }), 'ab  ', 'ab  '],
    [column('json'), '{"b": 1.0, "a" : 2}', '{"a":2,"b":1.0}'],
    [column('bytes'), 'JwD/XAA=', new Uint8Array([0x27, 0, 0xff, 0x5c, 0])],
    [column('date'), 19782, '2024-02-29'],
    [column('date'), -735160, '0044-03-15 BC'],
    [column('date'), 2932897, '10000-01-01'],
    [column('date'), -2147472692, 'infinity'],
    [column('time'), 86400000000, '24:00:00'],
    [column('time'), 43200100000, '12:00:00.1'],
    [column('timestamp'), -62167219200000000n, '0001-01-01 00:00:00 BC'],
    [column('timestamp'), 1704067200000001, '2024-01-01 00:00:00.000001'],
    [column('timestamp'), -1, '1969-12-31 23:59:59.999999'],
    [column('timestamp'), 9223372036825200000n, 'infinity'],
    [column('timestamptz'), '-0043-03-15T00:00:00.000000Z', '0044-03-15 00:00:00 BC'],
    [column('timestamptz'), '2024-03-31T02:30:00.500000Z', '2024-03-31 02:30:00.5'],
    [column('interval'), 'P1Y2M3DT4H5M6.789S', '1 year 2 mons 3 days 04:05:06.789'],
    [column('interval'), 'P0Y0M-1DT2H3M0S', '-1 days +02:03:00'],
    [column('interval'), 'P0Y0M1DT0H0M-1S', '1 day -00:00:01'],
    [column('interval'), 'P0Y0M0DT0H0M-0.5S', '-00:00:00.5'],
    [column('interval'), 'P0Y0M0DT0H0M0S', '00:00:00'],
    [array('bigint'), [1, null, 9007199254740993n], [1n, null, 9007199254740993n]],
    [array('text'), [], []],
    [column('text'), UNAVAILABLE, undefined],
    [column('bytes'), Buffer.from(UNAVAILABLE).toString('base64'), undefined],
    [array('uuid'), [UNAVAILABLE], undefined],
    [array('bigint'), [...Buffer.from(UNAVAILABLE)], undefined],
  ])('%o: %s', (of, json, expected) => {
    expect(read(of, json)).toEqual(expected);
  });

  it.each<[Column, DebeziumJson]>([
    [column('int'), 'x'],
    [column('int'), 1.5],
    [column('bool'), 1],
    [column('decimal'), '1e5'],
    [column('bytes'), 'no base64'],
    [column('timestamp'), 9223372036854775807n],
    [column('timestamptz'), '2024-03-31T02:30:00+01:00'],
    [column('interval'), 'P1Y'],
    [array('int'), [null, null]],
    [array('int'), '{1}'],
  ])('%o is not guessed from %s', (of, json) => {
    expect(() => read(of, json)).toThrow('Debezium wrote no');
  });
});
