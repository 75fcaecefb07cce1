import type { Random } from '../../src/cli/demo/random.ts';
import { parks, quoted, same, shows, spelt, type TypeCase } from './case.ts';

const two = (number: number): string => String(number).padStart(2, '0');
export const dateOf = (random: Random, first: number, years: number): string =>
  `${String(first + random.below(years)).padStart(4, '0')}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
const clockOf = (random: Random): string => {
  const fraction = String(random.below(1e6)).padStart(6, '0');
  return `${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}.${fraction}`;
};
export const momentOf = (random: Random, first: number, years: number): string =>
  `${dateOf(random, first, years)} ${clockOf(random)}`;

/** `interval` prints as text; `timestamptz` in a session that lives in UTC. */
export const timeCases: readonly TypeCase[] = [
  {
    name: 'day',
    postgres: 'date',
    mysql: 'date',
    fromPostgres: [
      ...same("'1000-01-01'", "'2024-02-29'", "'9999-12-31'", "'0001-01-01'"),
      ...parks('TD3004', "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'10000-01-01'"),
    ],
    fromMysql: [
      ...same("'1000-01-01'", "'2024-02-29'", "'9999-12-31'"),
      ...parks('TD3004', "'0000-00-00'", "'2024-00-15'", "'2024-01-00'", "'0000-01-01'"),
    ],
    random: (random) => quoted(dateOf(random, 1000, 9000)),
  },
  {
    name: 'midnight',
    postgres: 'date',
    mysql: 'datetime',
    fromPostgres: [shows("'2024-02-29'", '2024-02-29 00:00:00')],
    fromMysql: [shows("'2024-02-29 00:00:00'", '2024-02-29'), ...parks('TD3002', "'2024-02-29 00:00:01'")],
    random: (random) => quoted(dateOf(random, 1000, 9000)),
  },
  {
    name: 'clock',
    postgres: 'time',
    mysql: 'time(6)',
    fromPostgres: [shows("'24:00:00'", '24:00:00.000000'), ...same("'00:00:00'", "'23:59:59.999999'", "'12:00:00.1'")],
    fromMysql: [
      ...same("'00:00:00'", "'23:59:59.999999'", "'24:00:00'"),
      ...parks('TD3003', "'-00:00:01'", "'24:00:00.1'", "'25:00:00'", "'838:59:59'", "'-838:59:59'"),
    ],
    random: (random) => quoted(clockOf(random)),
  },
  {
    name: 'moment',
    postgres: 'timestamp',
    mysql: 'datetime(6)',
    fromPostgres: [
      ...same("'1000-01-01'", "'2024-03-31 02:30:00'", "'9999-12-31 23:59:59.999999'", "'2024-01-01 00:00:00.000001'"),
      ...parks('TD3004', "'infinity'", "'-infinity'", "'0001-01-01 BC'", "'294276-01-01'"),
    ],
    fromMysql: [
      ...same("'1000-01-01'", "'2024-03-31 02:30:00'", "'9999-12-31 23:59:59.999999'"),
      ...parks('TD3004', "'0000-00-00 00:00:00'", "'2024-00-15 10:00:00'", "'0000-01-01 00:00:00'"),
    ],
    random: (random) => quoted(momentOf(random, 1000, 9000)),
  },
  {
    name: 'second',
    postgres: 'timestamp',
    mysql: 'datetime',
    fromPostgres: [
      spelt("'2024-01-01 10:00:00.999999'", '2024-01-01 10:00:00'),
      spelt("'9999-12-31 23:59:59.9'", '9999-12-31 23:59:59'),
      ...same("'2024-01-01 10:00:00'"),
    ],
    fromMysql: same("'2024-01-01 10:00:00'"),
    random: (random) => quoted(momentOf(random, 1000, 9000).slice(0, 19)),
  },
  {
    name: 'instant',
    postgres: 'timestamptz',
    mysql: 'timestamp(6)',
    fromPostgres: [
      ...same("'1970-01-01 00:00:01+00'", "'2038-01-19 03:14:07.999999+00'", "'2024-03-31 04:30:00+02'"),
      ...parks('TD3003', "'1970-01-01 00:00:00+00'", "'1969-12-31 23:59:59+00'", "'1000-01-01 00:00:00+00'"),
      ...parks('TD3003', "'2106-02-07 06:28:16+00'", "'9999-12-31 00:00:00+00'"),
      ...parks('TD3004', "'infinity'", "'0044-03-15 00:00:00+00 BC'"),
    ],
    fromMysql: [
      ...same("'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'"),
      ...parks('TD3004', "'0000-00-00 00:00:00'"),
    ],
    random: (random) => quoted(momentOf(random, 1971, 66)),
  },
  {
    name: 'instant_far',
    postgres: 'timestamptz',
    mysql: 'datetime(6)',
    fromPostgres: [
      shows("'2024-03-31 02:30:00+02'", '2024-03-31 00:30:00.000000'),
      ...same("'1000-01-01 00:00:00+00'", "'9999-12-31 23:59:59.999999+00'"),
      ...parks('TD3004', "'infinity'", "'-infinity'", "'0044-03-15 00:00:00+00 BC'"),
    ],
    fromMysql: [
      ...same("'2024-03-31 02:30:00'", "'9999-12-31 23:59:59.999999'"),
      ...parks('TD3004', "'0000-00-00 00:00:00'", "'2024-00-15 00:00:00'"),
    ],
    random: (random) => quoted(momentOf(random, 1000, 9000)),
  },
  {
    name: 'span',
    postgres: 'interval',
    mysql: 'varchar(80)',
    fromPostgres: [
      shows("'1 mon'", '1 mon'),
      shows("'30 days'", '30 days'),
      shows("'1 year 2 mons 3 days 04:05:06.789'", '1 year 2 mons 3 days 04:05:06.789'),
      ...same("'-1 days +02:03:00'", "'00:00:00'", "'-178000000 years'", "'1000:00:00'"),
    ],
    fromMysql: [...same("'1 mon'", "'-1 days +02:03:00'"), ...parks('TD3004', "'P1M'", "'a month'", "''")],
    random: (random) =>
      quoted(`${2 + random.below(9)} mons ${2 + random.below(90)} days 0${1 + random.below(9)}:59:00`),
  },
];
