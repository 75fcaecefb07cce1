import { flip, stripNul } from '../../src/mapping/codecs.ts';
import { infinityAs, zeroDateAs } from '../../src/mapping/date-codecs.ts';
import { emptyAsNull, rounded, swappedUuid, truthy } from '../../src/mapping/shape-codecs.ts';
import { timeZone } from '../../src/mapping/zone-codec.ts';
import { digits, parks, quoted, same, shows, type TypeCase } from './case.ts';
import { truthOf } from './number-cases.ts';
import { hex, textOf, uuidOf } from './text-cases.ts';
import { dateOf, momentOf } from './time-cases.ts';

/** Values that one side alone can hold, and what was declared to stand for them. */
export const codecCases: readonly TypeCase[] = [
  {
    name: 'no_day',
    postgres: 'date',
    mysql: 'date',
    codec: flip(zeroDateAs(null)),
    fromPostgres: [...same("'2024-02-29'", "'0001-01-01'"), ...parks('TD3004', "'infinity'")],
    fromMysql: [
      ...same("'2024-02-29'"),
      ...['0000-00-00', '2024-00-15', '2024-01-00', '0000-01-01'].map((none) => ({
        ...shows(`'${none}'`, null),
        back: null,
      })),
    ],
    random: (random) => quoted(dateOf(random, 1000, 9000)),
  },
  {
    name: 'no_moment',
    postgres: 'timestamp',
    mysql: 'datetime(3)',
    codec: flip(zeroDateAs('0001-01-01')),
    fromPostgres: [
      shows("'0001-01-01'", '0000-00-00 00:00:00.000'),
      { ...shows("'2024-02-29 01:02:03.123456'", '2024-02-29 01:02:03.123'), back: '2024-02-29 01:02:03.123' },
    ],
    fromMysql: [
      shows("'0000-00-00 00:00:00'", '0001-01-01 00:00:00'),
      { ...shows("'2024-00-15 10:00:00'", '0001-01-01 00:00:00'), back: '0000-00-00 00:00:00.000' },
      ...parks('TD3002', "'0001-01-01 00:00:00'"),
    ],
    random: (random) => quoted(momentOf(random, 1000, 9000).slice(0, 23)),
  },
  {
    name: 'no_instant',
    postgres: 'timestamptz',
    mysql: 'timestamp(6)',
    codec: flip(zeroDateAs(null)),
    fromPostgres: same("'2024-03-31 04:30:00+02'"),
    fromMysql: [...same("'2024-02-29 01:02:03.5'"), { ...shows("'0000-00-00 00:00:00'", null), back: null }],
    random: (random) => quoted(momentOf(random, 1971, 66)),
  },
  {
    name: 'endless_day',
    postgres: 'date',
    mysql: 'date',
    codec: infinityAs({ infinity: '9999-12-31', '-infinity': '1000-01-01' }),
    fromPostgres: [
      shows("'infinity'", '9999-12-31'),
      shows("'-infinity'", '1000-01-01'),
      ...parks('TD3002', "'9999-12-31'", "'1000-01-01'"),
    ],
    fromMysql: [
      shows("'9999-12-31'", 'infinity'),
      shows("'1000-01-01'", '-infinity'),
      ...same("'9999-12-30'"),
      ...parks('TD3004', "'0000-00-00'"),
    ],
    random: (random) => quoted(dateOf(random, 1001, 8998)),
  },
  {
    name: 'endless',
    postgres: 'timestamptz',
    mysql: 'datetime',
    codec: infinityAs({ infinity: null }),
    fromPostgres: [
      { ...shows("'infinity'", null), back: null },
      { ...shows("'2024-03-31 00:30:00.5+00'", '2024-03-31 00:30:00'), back: '2024-03-31 00:30:00+00' },
      ...parks('TD3004', "'-infinity'"),
    ],
    fromMysql: same("'2024-03-31 02:30:00'", "'9999-12-31 23:59:59'"),
    random: (random) => quoted(momentOf(random, 1000, 9000).slice(0, 19)),
  },
  {
    name: 'local',
    postgres: 'timestamptz',
    mysql: 'datetime(6)',
    codec: flip(timeZone('Europe/Berlin', { clockChanges: 'park' })),
    fromPostgres: [
      shows("'2024-07-01 10:00:00.5+00'", '2024-07-01 12:00:00.500000'),
      shows("'2024-03-31 01:00:00+00'", '2024-03-31 03:00:00.000000'),
      ...parks('TD3002', "'2024-10-27 00:00:00+00'", "'2024-10-27 00:30:00+00'", "'2024-10-27 01:59:59+00'"),
      shows("'2024-10-27 02:00:00+00'", '2024-10-27 03:00:00.000000'),
      ...parks('TD3004', "'infinity'", "'9999-12-31 23:00:00+00'"),
    ],
    fromMysql: [
      shows("'2024-07-01 12:00:00'", '2024-07-01 10:00:00+00'),
      shows("'1850-01-01 12:00:00'", '1850-01-01 11:06:32+00'),
      ...parks('TD3002', "'2024-10-27 02:00:00'", "'2024-10-27 02:59:59.999999'"),
      ...parks('TD3004', "'2024-03-31 02:00:00'", "'2024-03-31 02:59:59.999999'", "'0000-00-00 00:00:00'"),
    ],
    random: (random) => quoted(momentOf(random, 1000, 9000).replace(/-\d\d-/, `-0${6 + random.below(2)}-`)),
  },
  {
    name: 'local_earlier',
    postgres: 'timestamptz',
    mysql: 'datetime',
    codec: flip(timeZone('Europe/Berlin', { clockChanges: 'earlier' })),
    fromPostgres: [
      shows("'2024-10-27 00:30:00+00'", '2024-10-27 02:30:00'),
      { ...shows("'2024-10-27 01:30:00.25+00'", '2024-10-27 02:30:00'), back: '2024-10-27 00:30:00+00' },
    ],
    fromMysql: [
      shows("'2024-10-27 02:30:00'", '2024-10-27 00:30:00+00'),
      { ...shows("'2024-03-31 02:30:00'", '2024-03-31 00:30:00+00'), back: '2024-03-31 01:30:00' },
    ],
    random: (random) =>
      quoted(
        momentOf(random, 1981, 500)
          .slice(0, 19)
          .replace(/-\d\d-/, '-07-'),
      ),
  },
  {
    name: 'local_later',
    postgres: 'timestamptz',
    mysql: 'datetime(6)',
    codec: flip(timeZone('America/New_York', { clockChanges: 'later' })),
    fromPostgres: [
      shows("'2024-11-03 06:30:00+00'", '2024-11-03 01:30:00.000000'),
      { ...shows("'2024-11-03 05:30:00+00'", '2024-11-03 01:30:00.000000'), back: '2024-11-03 06:30:00+00' },
    ],
    fromMysql: [
      { ...shows("'2024-03-10 02:30:00'", '2024-03-10 07:30:00+00'), back: '2024-03-10 03:30:00.000000' },
      shows("'2024-03-10 03:30:00'", '2024-03-10 07:30:00+00'),
    ],
    // Not in the months in which New York has ever changed its clocks.
    random: (random) => quoted(momentOf(random, 1000, 9000).replace(/-\d\d-/, `-0${5 + random.below(4)}-`)),
  },
  {
    name: 'local_fixed',
    postgres: 'timestamptz',
    mysql: 'datetime(6)',
    codec: flip(timeZone('Asia/Kolkata')),
    fromPostgres: [shows("'2024-07-01 10:00:00+00'", '2024-07-01 15:30:00.000000')],
    fromMysql: [shows("'2024-07-01 12:00:00'", '2024-07-01 06:30:00+00')],
    random: (random) => quoted(momentOf(random, 1971, 500)),
  },
  {
    name: 'local_or_none',
    postgres: 'timestamptz',
    mysql: 'datetime(6)',
    codec: flip(zeroDateAs(null, { others: timeZone('America/New_York', { clockChanges: 'later' }) })),
    fromPostgres: [
      shows("'2024-07-01 10:00:00+00'", '2024-07-01 06:00:00.000000'),
      { ...shows("'2024-11-03 05:30:00+00'", '2024-11-03 01:30:00.000000'), back: '2024-11-03 06:30:00+00' },
    ],
    fromMysql: [
      shows("'2024-07-01 06:00:00'", '2024-07-01 10:00:00+00'),
      { ...shows("'0000-00-00 00:00:00'", null), back: null },
      { ...shows("'2024-00-15 00:00:00'", null), back: null },
    ],
    random: (random) => quoted(momentOf(random, 1981, 500).replace(/-\d\d-/, '-07-')),
  },
  {
    name: 'endless_or_none',
    postgres: 'date',
    mysql: 'date',
    codec: infinityAs({ infinity: '9999-12-31' }, { others: flip(zeroDateAs(null)) }),
    fromPostgres: [shows("'infinity'", '9999-12-31'), ...parks('TD3002', "'9999-12-31'")],
    fromMysql: [shows("'9999-12-31'", 'infinity'), { ...shows("'2024-00-15'", null), back: null }],
    random: (random) => quoted(dateOf(random, 1001, 8998)),
  },
  {
    name: 'any_truth',
    postgres: 'boolean',
    mysql: 'tinyint(1)',
    codec: truthy(),
    fromPostgres: [shows('true', '1'), shows('false', '0')],
    fromMysql: [
      shows('1', 'true'),
      shows('0', 'false'),
      ...['2', '-1', '127'].map((number) => ({ ...shows(number, 'true'), back: '1' })),
    ],
    random: truthOf,
  },
  {
    name: 'any_whole_truth',
    postgres: 'boolean',
    mysql: 'int',
    codec: truthy(),
    fromPostgres: [shows('true', '1'), shows('false', '0')],
    fromMysql: [shows('0', 'false'), { ...shows('-2147483648', 'true'), back: '1' }],
    random: truthOf,
  },
  {
    name: 'coarse',
    postgres: 'numeric',
    mysql: 'decimal(12,2)',
    codec: rounded(),
    read: { postgres: (column) => `trim_scale(${column})` },
    fromPostgres: [
      ...same('1.5', '-9999999999.99'),
      { ...shows('1.005', '1.01'), back: '1.01' },
      { ...shows('-0.001', '0.00'), back: '0' },
      ...parks('TD3003', '9999999999.995'),
      ...parks('TD3004', "'NaN'"),
    ],
    fromMysql: same('0', '-0.10', '9999999999.99'),
    random: (random) => `${digits(random, 1 + random.below(9))}.${digits(random, 2)}`,
  },
  {
    name: 'empty_text',
    postgres: 'text',
    mysql: 'varchar(40) CHARACTER SET utf8mb4',
    codec: flip(emptyAsNull()),
    fromPostgres: [...same("'a'", "' '"), ...parks('TD3002', "''")],
    fromMysql: [...same("'a'"), { ...shows("''", null), back: null }],
    random: (random) => quoted(`x${textOf(random, 10)}`),
  },
  {
    name: 'id_swapped',
    postgres: 'uuid',
    mysql: 'binary(16)',
    codec: swappedUuid(),
    // The server's own reading of what was written.
    read: { mysql: (column) => `BIN_TO_UUID(${column}, 1)`, mariadb: hex.mariadb },
    fromPostgres: same("'6ccd780c-baba-1026-9564-5b8c65602400'", "'00000000-0000-0000-0000-000000000000'"),
    fromMysql: same("x'1026baba6ccd780c95645b8c65602400'"),
    random: (random, engine) => {
      const id = uuidOf(random);
      if (engine === 'postgres') return quoted(id);
      const [low, middle, high, ...rest] = id.split('-');
      return `x'${[high, middle, low, ...rest].join('')}'`;
    },
  },
  {
    name: 'id_swapped_text',
    postgres: 'varchar(36)',
    mysql: 'binary(16)',
    codec: swappedUuid(),
    read: { mysql: hex.mysql, mariadb: hex.mariadb },
    fromPostgres: [
      shows("'6ccd780c-baba-1026-9564-5b8c65602400'", '1026baba6ccd780c95645b8c65602400'),
      {
        ...shows("'6CCD780C-BABA-1026-9564-5B8C65602400'", '1026baba6ccd780c95645b8c65602400'),
        back: '6ccd780c-baba-1026-9564-5b8c65602400',
      },
      ...parks('TD3004', "'6ccd780c'", "''"),
    ],
    fromMysql: [shows("x'1026baba6ccd780c95645b8c65602400'", '6ccd780c-baba-1026-9564-5b8c65602400')],
    random: (random, engine) =>
      engine === 'postgres' ? quoted(uuidOf(random)) : `x'${uuidOf(random).replaceAll('-', '')}'`,
  },
  {
    name: 'without_nul',
    postgres: 'text',
    mysql: 'longtext CHARACTER SET utf8mb4',
    codec: stripNul(),
    fromPostgres: same("'ab'", "''"),
    fromMysql: [...same("'ab'"), { ...shows("'a\\0b'", 'ab'), back: 'ab' }, { ...shows("'\\0'", ''), back: '' }],
    random: (random) => quoted(textOf(random, 30)),
  },
];
