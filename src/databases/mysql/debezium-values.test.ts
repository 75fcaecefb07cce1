import { describe, expect, it } from 'vitest';
import type { DebeziumJson } from '../../model/debezium.ts';
import type { Column } from '../../model/schema.ts';
import { decoderOfColumn } from './debezium-values.ts';
import { mysqlFlavor } from './flavor.ts';

const column = (kind: Column['kind'], native: string = kind, more: Partial<Column> = {}): Column => ({
  name: 'c',
  kind,
  native,
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
const read = (of: Column, json: DebeziumJson): unknown => decoderOfColumn(mysqlFlavor, of)(json as never);
const labels = column('text', "enum('a','deep, blue','c\\\\d')", { values: ['a', 'deep, blue', 'c\\d'] });
const members = column('set', "set('x','y y')", { values: ['x', 'y y'] });

// As connector 3.5 wrote them; the server test compares with the log itself.
describe("values of Debezium's MySQL and MariaDB connectors", () => {
  it.each<[Column, DebeziumJson, unknown]>([
    [column('bool', 'tinyint(1)'), 1, true],
    [column('bool', 'tinyint(1)'), 2, 2],
    [column('int', 'year'), 1900, 0],
    [column('bigint', 'bigint unsigned', { unsigned: true }), 'AP//////////', 18446744073709551615n],
    [column('bigint', 'bigint unsigned', { unsigned: true }), 'Ag==', 2n],
    [column('bigint', 'bigint unsigned', { unsigned: true }), 18446744073709551615n, 18446744073709551615n],
    [column('bit', 'bit(10)', { length: 10 }), '/wM=', '1111111111'],
    [labels, String.raw`deep\, blue`, 'deep, blue'],
    [labels, String.raw`c\\d`, String.raw`c\d`],
    [labels, '', ''],
    [members, 'x,y y', ['x', 'y y']],
    [members, '', []],
    [column('bytes', 'binary(4)', { length: 4 }), 'AQ==', new Uint8Array([1, 0, 0, 0])],
    [column('date'), -703456, '0044-01-02'],
    [column('time'), -3020399000000, '-838:59:59'],
    [column('timestamp'), 1711852200500000, '2024-03-31 02:30:00.5'],
    [column('timestamptz'), '1970-01-01T00:00:00.000000Z', '0000-00-00 00:00:00'],
    [column('timestamptz'), '1970-01-01T00:00:01Z', '1970-01-01 00:00:01'],
    [column('json'), '{"b":99999999999999991611392,"a":18446744073709551615}', '{"a":18446744073709551615,"b":1e23}'],
    [
      column('json'),
      '[0.000000010000000000000000209225608301284726753266340892878361046314239501953125]',
      '[0.00000001]',
    ],
    [column('json'), '["99999999999999991611392",100.0,1.50]', '["99999999999999991611392",100.0,1.50]'],
    [column('text', 'varchar(9)', { charset: 'utf8mb4' }), '\uFFFD', '\uFFFD'],
  ])('%o: %s', (of, json, expected) => {
    expect(read(of, json)).toEqual(expected);
  });

  it.each<[Column, DebeziumJson]>([
    [labels, 'b'],
    [members, 'x,z'],
    [column('bigint', 'bigint unsigned', { unsigned: true }), '/w=='],
    [column('uuid'), '0000123e-4567-e89b-12d3-a45642665544'],
    [column('text', 'varchar(9)', { charset: 'latin1' }), 'a\uFFFD'],
    [column('time'), '10:00:00'],
    [column('decimal'), 'AQ=='],
  ])('%o is not guessed from %s', (of, json) => {
    expect(() => read(of, json)).toThrow('Debezium wrote no');
  });
});
