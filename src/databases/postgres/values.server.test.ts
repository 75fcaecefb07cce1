import { describe, expect, test } from 'vitest';
import { openPostgres, readUntil, ref, shapeOf } from '../../../test/postgres.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Position } from '../../model/change.ts';
import type { Row, Value } from '../../model/value.ts';

// The database is the oracle: what is written as SQL must come out of the log, of a locked row and of a scan as the
// same canonical value, and writing that value must make the database itself call both rows equal.

const bytes = (...items: number[]): Uint8Array => new Uint8Array(items);

/** Type, then pairs of a value in SQL and its canonical form. */
const TYPES: readonly (readonly [type: string, ...values: readonly (readonly [sql: string, value: Value])[]])[] = [
  ['int2', ["'-32768'", -32768], ["'32767'", 32767]],
  ['int4', ["'-2147483648'", -2147483648], ["'0'", 0], ["'2147483647'", 2147483647]],
  ['int8', ["'-9223372036854775808'", -9223372036854775808n], ["'9007199254740993'", 9007199254740993n]],
  ['numeric', ["'1.00'", '1.00'], ["'-0.000001'", '-0.000001'], ["'NaN'", 'NaN'], ["'-Infinity'", '-Infinity']],
  ['numeric(20,4)', ["'1234567890123456.7891'", '1234567890123456.7891']],
  ['float4', ["'1.1'", Math.fround(1.1)], ["'NaN'", NaN], ["'-Infinity'", -Infinity], ["'-0'", -0]],
  ['float8', ["'1.1'", 1.1], ["'1e308'", 1e308], ["'5e-324'", 5e-324], ["'Infinity'", Infinity], ["'-0'", -0]],
  ['boolean', ["'t'", true], ["'f'", false]],
  ['bit(10)', ["'0000000001'", '0000000001']],
  ['bit varying(10)', ["'101'", '101'], ["''", '']],
  ['text', ["''", ''], ["'NULL'", 'NULL'], [`E'\\\\ " '' , {} \\n é 🎉'`, '\\ " \' , {} \n é 🎉'], ["'a  '", 'a  ']],
  ['varchar(5)', ["'ab  '", 'ab  '], ["'🎉🎉🎉🎉🎉'", '🎉🎉🎉🎉🎉']],
  ['char(5)', ["'ab'", 'ab'], ["''", '']],
  ['"char"', ["'x'", 'x']],
  ['name', ["'pg_class'", 'pg_class']],
  ['uuid', ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  ['bytea', ["'\\x00ff5c22'", bytes(0, 255, 92, 34)], ["''", bytes()]],
  ['jsonb', [`'{"b": [1, 1.0, 9007199254740993], "a": "x\\"y"}'`, '{"a":"x\\"y","b":[1,1.0,9007199254740993]}']],
  ['json', [`'{"b":1, "b" : null,\n"a":"\\u00e9"}'`, '{"a":"é","b":null}'], ["'null'", 'null']],
  ['date', ["'2024-02-29'", '2024-02-29'], ["'infinity'", 'infinity'], ["'0044-03-15 BC'", '0044-03-15 BC']],
  ['time', ["'00:00'", '00:00:00'], ["'23:59:59.120'", '23:59:59.12'], ["'24:00'", '24:00:00']],
  ['time(3)', ["'01:02:03.004'", '01:02:03.004']],
  ['timestamp', ["'2024-01-31 12:00:00.500'", '2024-01-31 12:00:00.5'], ["'-infinity'", '-infinity']],
  ['timestamp(0)', ["'12024-01-31 12:00:00'", '12024-01-31 12:00:00']],
  ['timestamptz', ["'2024-01-31 12:00:00.000001+02'", '2024-01-31 10:00:00.000001'], ["'infinity'", 'infinity']],
  ['timestamptz(3)', ["'0044-03-15 00:00:00+00 BC'", '0044-03-15 00:00:00 BC']],
  ['interval', ["'1 year 2 mons -3 days 04:05:06.7'", '1 year 2 mons -3 days +04:05:06.7'], ["'0'", '00:00:00']],
  ['inet', ["'192.168.0.1/24'", '192.168.0.1/24']],
  ['cidr', ["'10.0.0.0/8'", '10.0.0.0/8']],
  ['macaddr', ["'08-00-2b-01-02-03'", '08:00:2b:01:02:03']],
  ['xml', ["'<a>1</a>'", '<a>1</a>']],
  ['int4range', ["'[1,5]'", '[1,6)'], ["'empty'", 'empty']],
  ['mood', ['\'so "so"\'', 'so "so"'], ["'happy'", 'happy']],
  ['email', ["'a@b'", 'a@b']],
  ['score', ["'12.5'", '12.50']],
  ['scores', ["'{1.5,NULL}'", ['1.50', null]]],
  [
    'int4[]',
    ["'{1,NULL,-3}'", [1, null, -3]],
    ["'{}'", []],
    [
      "'{{1,2},{3,4}}'",
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ],
  ['text[]', [`'{"a,b",NULL,"NULL","q\\"\\\\","","{"}'`, ['a,b', null, 'NULL', 'q"\\', '', '{']]],
  ['int8[]', ["'{9007199254740993}'", [9007199254740993n]]],
  ['bytea[]', [`ARRAY['\\x00ff'::bytea, NULL]`, [bytes(0, 255), null]]],
  ['jsonb[]', [`ARRAY['{"b":1,"a":"}"}'::jsonb]`, ['{"a":"}","b":1}']]],
  ['mood[]', [`'{happy,"so \\"so\\""}'`, ['happy', 'so "so"']]],
  ['char(3)[]', ["'{a,bc}'", ['a', 'bc']]],
  ['timestamptz[]', ["ARRAY['2024-01-31 12:00+02'::timestamptz]", ['2024-01-31 10:00:00']]],
  ['boolean[]', ["'{t,f}'", [true, false]]],
];

const TYPES_SQL = `
  CREATE TYPE mood AS ENUM ('so "so"', 'happy');
  CREATE DOMAIN email AS varchar(20) CHECK (value LIKE '%@%');
  CREATE DOMAIN score AS numeric(5,2);
  CREATE DOMAIN scores AS numeric(5,2)[];`;

for (const name of ['postgres-15', 'postgres-18'] as const) {
  await describeServers(`values of ${name}`, { server: name }, ({ server }) => {
    describe('every type comes out of log, lock and scan alike, and goes in as it was', () => {
      test('all types', async () => {
        await using bench = await openPostgres(server);
        const rowsMax = Math.max(...TYPES.map(([, ...values]) => values.length));
        const columns = TYPES.map(([type], at) => `c${at} ${type}`).join(', ');
        await bench.sql(`${TYPES_SQL} CREATE TABLE original (id int PRIMARY KEY, ${columns});
          CREATE TABLE copy (LIKE original INCLUDING ALL)`);
        await bench.provision([ref('original'), ref('copy')]);
        const from = await bench.endpoint.firstPosition();
        const expected: Row[] = [];
        for (let at = 0; at <= rowsMax; at++) {
          const values = TYPES.map(([, ...pairs]) => pairs[at]);
          const sql = values.map((pair) => pair?.[0] ?? 'NULL').join(', ');
          await bench.sql(`INSERT INTO original VALUES (${at}, ${sql})`);
          expected.push([at, ...values.map((pair) => pair?.[1] ?? null)]);
        }
        const original = await bench.inspect('original');
        const copy = await bench.inspect('copy');
        expect(original.columns.filter(({ kind }) => kind === 'unsupported')).toEqual([]);

        const source = bench.endpoint.source({ tables: [original], chunkRows: 100 });
        const seen = await readUntil(source, from, (all) => all.length === expected.length);
        expect(seen.map(({ changes }) => changes[0]?.after)).toEqual(expected);

        const scanned: Row[] = [];
        for await (const rows of bench.endpoint.scan(shapeOf(original))) scanned.push(...rows);
        expect(scanned).toEqual(expected);

        await using target = await bench.endpoint.target();
        const move = { position: 'p' as Position, floor: null, known: null, effectiveUs: 0 };
        await target.seed('s', 'l', move);
        const transaction = await target.begin(await target.takeOver('s', 'l'), move);
        const shape = shapeOf(copy);
        const [first = [], ...others] = expected;
        await transaction.write({ op: 'insert', shape, rows: [first], generated: false });
        await transaction.write({ op: 'insert', shape, rows: others, generated: false });
        expect(
          await transaction.lock(
            shape,
            expected.map((row) => [row[0]]),
          ),
        ).toEqual(expected);
        expect(await transaction.lock(shape, [[0]])).toEqual([first]);
        // Each row now takes the values of the one before it, so that every value goes through both forms of UPDATE.
        const moved = expected.map((row, at) => [row[0], ...(expected.at(at - 1) ?? []).slice(1)]);
        await transaction.write({ op: 'update', shape, keys: [[0]], rows: moved.slice(0, 1) });
        await transaction.write({ op: 'update', shape, keys: others.map((row) => [row[0]]), rows: moved.slice(1) });
        expect(
          await transaction.lock(
            shape,
            expected.map((row) => [row[0]]),
          ),
        ).toEqual(moved);
        await transaction.commit();

        const count = expected.length;
        const [[same] = []] = await bench.sql(`SELECT count(*) FROM original o JOIN copy c
          ON c.id = (o.id + 1) % ${count} AND to_jsonb(o) - 'id' = to_jsonb(c) - 'id'`);
        expect(Number(same)).toBe(count);
      });
    });
  });
}
