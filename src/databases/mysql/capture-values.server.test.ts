import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fixture, flavors, openFixture } from '../../../test/mysql.ts';
import { endOfLog, insertedInto, inserts, openLog, readUntil } from '../../../test/mysql-log.ts';
import { describeServers, isForeign, startServer } from '../../../test/servers.ts';
import type { Row } from '../../model/value.ts';
import { quoteBytes, quoteText } from './literals.ts';
import { rowDecoder, selectExpression } from './text-values.ts';

interface Case {
  readonly type: string;
  /** SQL expressions. */
  readonly values: readonly string[];
  readonly on?: 'mysql' | 'mariadb';
}

const seed = 20_240_229;
const samples = 60;

function random<T>(arbitrary: fc.Arbitrary<T>, print: (value: T) => string, count = samples): string[] {
  return fc.sample(arbitrary, { seed, numRuns: count }).map(print);
}

function whole(bits: number): Case[] {
  const name = { 8: 'TINYINT', 16: 'SMALLINT', 24: 'MEDIUMINT', 32: 'INT', 64: 'BIGINT' }[bits] ?? '';
  const size = 2n ** BigInt(bits);
  const signed = fc.bigInt({ min: -size / 2n, max: size / 2n - 1n });
  const unsigned = fc.bigInt({ min: 0n, max: size - 1n });
  const edges = [0n, 1n, -1n, size / 2n - 1n, -size / 2n].map(String);
  return [
    { type: name, values: [...edges, ...random(signed, String)] },
    { type: `${name} UNSIGNED`, values: ['0', '1', String(size - 1n), String(size / 2n), ...random(unsigned, String)] },
  ];
}

function decimal(precision: number, scale: number): Case {
  const digits = fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n });
  const print = (value: bigint) => {
    const text = String(value < 0n ? -value : value).padStart(scale + 1, '0');
    const point = text.length - scale;
    return `${value < 0n ? '-' : ''}${text.slice(0, point)}${scale === 0 ? '' : `.${text.slice(point)}`}`;
  };
  const most = 10n ** BigInt(precision) - 1n;
  return {
    type: `DECIMAL(${precision},${scale})`,
    values: ['0', '1e-1', print(most), print(-most), ...random(digits, print)],
  };
}

const year = fc.integer({ min: 1, max: 9999 });
const date = fc.tuple(year, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }));
const clock = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999));
const pad = (value: number, length = 2) => String(value).padStart(length, '0');
const dateOf = ([y, m, d]: [number, number, number]) => `${pad(y, 4)}-${pad(m)}-${pad(d)}`;
const clockOf = ([h, m, s, f]: [number, number, number, number]) => `${pad(h)}:${pad(m)}:${pad(s)}.${pad(f, 6)}`;

const fractions = [0, 1, 2, 3, 4, 5, 6];

const temporal: Case[] = [
  {
    type: 'DATE',
    values: [
      "'0000-00-00'",
      "'1000-01-01'",
      "'9999-12-31'",
      "'2024-02-29'",
      ...random(date, (of) => `'${dateOf(of)}'`),
    ],
  },
  { type: 'YEAR', values: ['0', '1901', '2155', "'2024'"] },
  ...fractions.map(
    (digits): Case => ({
      type: `DATETIME(${digits})`,
      values: [
        "'0000-00-00 00:00:00'",
        "'1000-01-01 00:00:00'",
        "'9999-12-31 23:59:59'",
        "'2024-02-29 12:00:00.100000'",
        "'2024-02-29 12:00:00.999999'",
        ...random(fc.tuple(date, clock), ([day, at]) => `'${dateOf(day)} ${clockOf(at)}'`, 20),
      ],
    }),
  ),
  ...fractions.map(
    (digits): Case => ({
      type: `TIMESTAMP(${digits})`,
      values: [
        "'0000-00-00 00:00:00'",
        "'1970-01-01 00:00:01'",
        "'2038-01-19 03:14:07'",
        "'2024-02-29 23:59:59.499999'",
        ...random(fc.integer({ min: 1, max: 2 ** 31 - 2 }), (seconds) => `FROM_UNIXTIME(${seconds}.123456)`, 30),
      ],
    }),
  ),
  ...fractions.map(
    (digits): Case => ({
      type: `TIME(${digits})`,
      values: [
        "'00:00:00'",
        "'-00:00:00.5'",
        "'-00:00:01.000001'",
        "'838:59:59'",
        "'-838:59:59'",
        "'-12:34:56.789'",
        "'23:59:59.999999'",
        ...random(
          fc.tuple(fc.boolean(), fc.nat(837), clock),
          ([minus, hours, [, m, s, f]]) => `'${minus ? '-' : ''}${clockOf([hours, m, s, f])}'`,
        ),
      ],
    }),
  ),
];

const word = fc.string({ unit: 'grapheme', maxLength: 20 });
const ascii = fc.string({ maxLength: 20 });
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const quoted = [`''`, `' '`, `'a  '`, `'  a'`, `'it''s'`, `'😀 é 漢'`, `'\\0'`, `'\uFFFD'`];
const plainWords = [`''`, `'a  '`, `'it''s'`];

const texts: Case[] = [
  ...['VARCHAR(60)', 'VARCHAR(300)', 'CHAR(60)', 'TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT'].map((type) => ({
    type: `${type} CHARACTER SET utf8mb4`,
    values: [...quoted, ...random(word, quoteText)],
  })),
  {
    type: 'VARCHAR(15000) CHARACTER SET utf8mb4',
    values: ["REPEAT('é', 15000)", "REPEAT('x', 255)", "REPEAT('x', 256)"],
  },
  { type: 'CHAR(255) CHARACTER SET utf8mb4', values: ["REPEAT('😀', 255)", "REPEAT('x', 255)", "''", "'a '"] },
  { type: 'LONGTEXT CHARACTER SET utf8mb4', values: ["REPEAT('x', 1000000)"] },
  { type: 'VARCHAR(60) CHARACTER SET utf8mb3', values: ["'é漢'", ...plainWords] },
  ...['ucs2', 'utf16', 'utf16le', 'utf32'].map((charset) => ({
    type: `VARCHAR(60) CHARACTER SET ${charset}`,
    values: [...plainWords, "'é漢'", ...(charset === 'ucs2' ? [] : ["'😀'"])],
  })),
  ...['latin1', 'latin2', 'cp1250', 'cp1251', 'koi8r', 'koi8u', 'greek', 'hebrew', 'cp850', 'cp866', 'swe7'].flatMap(
    (charset) => [
      { type: `VARCHAR(60) CHARACTER SET ${charset}`, values: [...plainWords, ...random(ascii, quoteText, 20)] },
      {
        type: `CHAR(1) CHARACTER SET ${charset}`,
        values: Array.from({ length: 94 }, (_, at) => `CONVERT(x'${(at + 161).toString(16)}' USING ${charset})`),
      },
    ],
  ),
  { type: 'VARCHAR(60) CHARACTER SET latin1', values: ["'€Šœ…Ÿ'", "'ÿ'"] },
  { type: 'CHAR(20) CHARACTER SET ascii', values: plainWords },
  { type: "ENUM('b','a','x,y','',' é')", values: ["'b'", "'a'", "'x,y'", "' é'", '4'] },
  { type: `ENUM(${Array.from({ length: 300 }, (_, at) => `'v${at}'`).join()})`, values: ['1', '255', '256', '300'] },
  { type: "SET('b','a','ü','d','e','f','g','h','i')", values: ["''", "'a'", "'a,b'", "'i,b,ü'", '511'] },
  {
    type: `SET(${Array.from({ length: 64 }, (_, at) => `'s${at}'`).join()})`,
    values: ['1', '9223372036854775808', '18446744073709551615'],
  },
];

const binaries: Case[] = [
  { type: 'BINARY(16)', values: ["x''", "x'00'", "x'0100'", "x'ff00ff0000'", ...random(bytes(16), quoteBytes)] },
  { type: 'BINARY(255)', values: ["x''", "x'0100'", "REPEAT(x'ff', 255)"] },
  ...['VARBINARY(16)', 'VARBINARY(400)', 'TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB'].map((type) => ({
    type,
    values: ["x''", "x'00'", "x'0100'", ...random(bytes(16), quoteBytes)],
  })),
  ...[1, 2, 7, 8, 9, 31, 33, 63, 64].map((bits) => ({
    type: `BIT(${bits})`,
    values: ["b'0'", "b'1'", `b'${'1'.repeat(bits)}'`, `b'1${'0'.repeat(bits - 1)}'`],
  })),
  { type: 'TINYINT(1)', values: ['0', '1', '2', '-1'] },
];

const numbers: Case[] = [
  ...[8, 16, 24, 32, 64].flatMap(whole),
  ...[
    [1, 0],
    [9, 0],
    [10, 2],
    [18, 9],
    [30, 10],
    [65, 0],
    [65, 30],
    [30, 30],
    [5, 5],
    [20, 11],
  ].map(([precision = 0, scale = 0]) => decimal(precision, scale)),
  {
    type: 'FLOAT',
    values: ['0', '-0e0', '1.1', '-1.1', '3.4028234e38', '1.17549435e-38', '1.401298464e-45', '16777217', '123456.789'],
  },
  {
    type: 'DOUBLE',
    values: [
      '0',
      '-0e0',
      '1.1',
      '1e308',
      '-1.7976931348623157e308',
      '2.2250738585072014e-308',
      '0.1',
      '1e15',
      '123456789012345680',
    ],
  },
];

const json = fc.jsonValue({ maxDepth: 4 });
const big =
  '{"b":9007199254740993,"a":-9223372036854775808,"u":18446744073709551615,"d":0.1,"e":1e300,"f":1.0,"g":1e15}';
const documents: Case[] = [
  {
    type: 'JSON',
    values: [
      ...['null', 'true', '[]', '{}', '1', '-1', '1.5', '""', '"é😀\\n"', '[1,[2,{"z":1,"a":2,"bb":3}]]', big].map(
        quoteText,
      ),
      ...random(json, (value) => quoteText(JSON.stringify(value))),
      `CONCAT('[', REPEAT('"0123456789",', 10000), '1]')`,
      `CONCAT('{"k":"', REPEAT('x', 200000), '"}')`,
    ],
  },
  {
    type: 'JSON',
    on: 'mysql',
    values: [
      "JSON_OBJECT('d', CAST('1.50' AS DECIMAL(10,2)), 'n', CAST('-123456789012345678.5' AS DECIMAL(30,10)))",
      "JSON_ARRAY(CAST('2024-02-29' AS DATE), CAST('2024-02-29 12:00:00.25' AS DATETIME(6)))",
      "JSON_ARRAY(CAST('-12:34:56.5' AS TIME(6)), CAST('838:59:59' AS TIME))",
      "JSON_ARRAY(CAST('0000-00-00' AS DATE), TIMESTAMP('2024-02-29 12:00:00'))",
      "JSON_ARRAY(CAST(x'0102ff' AS BINARY), REPEAT(CAST(x'0102ff' AS BINARY), 50), b'101')",
      'JSON_ARRAY(32767, 32768, -32769, 65535, 65536, 2147483647, 2147483648, 4294967296, 1e0)',
      ...random(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (value) => `JSON_ARRAY(${value.toExponential()})`,
        300,
      ),
    ],
  },
];

const mariadbOnly: Case[] = [
  {
    type: 'UUID',
    on: 'mariadb',
    values: [
      "'00000000-0000-0000-0000-000000000000'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
      ...random(fc.uuid(), (value) => `'${value}'`, 200),
      ...Array.from({ length: 5 }, () => 'UUID()'),
    ],
  },
  {
    type: 'INET6',
    on: 'mariadb',
    values: [
      '::',
      '::1',
      '1::',
      '1::1',
      '::ffff:1.2.3.4',
      '::1.2.3.4',
      '::ffff',
      '2001:db8::ff00:42:8329',
      '1:0:0:2:0:0:0:3',
      'fe80::1:0:0:1',
      '1:2:3:4:5:6:7:8',
      '0:0:1::',
      '1:0:2:0:3:0:4:0',
      '0:1:0:1:0:1:0:1',
      '::1:2',
      '::ffff:0:0',
      ...fc.sample(fc.ipV6(), { seed, numRuns: samples }),
    ].map((value) => `'${value}'`),
  },
  { type: 'INET4', on: 'mariadb', values: ["'0.0.0.0'", "'1.2.3.0'", "'255.255.255.255'"] },
  { type: 'VARCHAR(400) COMPRESSED', on: 'mariadb', values: ["''", "'abc'", "REPEAT('é', 400)"] },
  { type: 'TEXT COMPRESSED', on: 'mariadb', values: ["''", "'abc'", "REPEAT('é', 4000)"] },
  { type: 'BLOB COMPRESSED', on: 'mariadb', values: ["x''", "x'00'", "REPEAT(x'00ff', 4000)"] },
];

const cases = [...numbers, ...temporal, ...texts, ...binaries, ...documents, ...mariadbOnly];

/** A table for each case: `id` and `v`. The values go in one by one; what the server refuses is left out. */
async function fill(fixture: Fixture, table: string, { type, values }: Case): Promise<number> {
  await fixture.run(
    `CREATE TABLE ${table} (id INT PRIMARY KEY, v ${type} NULL)`,
    'START TRANSACTION',
    `INSERT INTO ${table} VALUES (0, NULL)`,
  );
  let stored = 0;
  for (const [at, value] of values.entries()) {
    const insert = `INSERT INTO ${table} VALUES (${at + 1}, ${value})`;
    stored += await fixture.run(insert).then(
      () => 1,
      () => 0,
    );
  }
  await fixture.run('COMMIT');
  return stored;
}

/**
 * What a SELECT of the whole table gives, in canonical form; texts and bytes of kinds that are not carried as they
 * are.
 */
async function selected(fixture: Fixture, table: string): Promise<readonly Row[]> {
  const { columns } = await fixture.inspect(table);
  const carried = columns.map((column) => {
    if (column.kind !== 'unsupported') return column;
    return { ...column, kind: /BLOB/i.test(column.native) ? ('bytes' as const) : ('text' as const) };
  });
  const rows = await fixture.rows(
    `SELECT ${carried.map((column) => selectExpression(column)).join()} FROM ${table} AS t ORDER BY id`,
  );
  return rows.map(rowDecoder(carried));
}

/** Fills a table for each case and compares what the log has of it with what a SELECT gives. */
async function compare(fixture: Fixture): Promise<void> {
  const wanted = cases.filter(({ on }) => on === undefined || on === fixture.flavor.engine);
  const from = await endOfLog(fixture);
  for (const [at, item] of wanted.entries()) {
    const stored = await fill(fixture, `t${at}`, item);
    expect.soft(stored, item.type).toBeGreaterThan(item.values.length / 2);
  }
  await fixture.run('CREATE TABLE done (id INT PRIMARY KEY)', 'INSERT INTO done VALUES (1)');
  const log = await openLog(fixture, { tables: [...wanted.map((_, at) => `t${at}`), 'done'] });
  const transactions = await readUntil(log, from, inserts('done', 1));
  for (const [at, { type }] of wanted.entries()) {
    expect.soft(insertedInto(`t${at}`, transactions), type).toEqual(await selected(fixture, `t${at}`));
  }
}

for (const flavor of flavors) {
  await describeServers(`values in the log of ${flavor}`, { server: flavor }, ({ server }) => {
    test('are those that a SELECT gives', async () => {
      await using fixture = await openFixture(server);
      await compare(fixture);
    });

    // The catalogue says then what the log leaves out.
    test.skipIf(isForeign(flavor))('are those that a SELECT gives, with binlog_row_metadata=MINIMAL', async () => {
      await using minimal = await startServer(flavor, { settings: { binlog_row_metadata: 'MINIMAL' } });
      await using fixture = await openFixture(minimal);
      await compare(fixture);
    });
  });
}
