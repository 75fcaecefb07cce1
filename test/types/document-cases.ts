import type { SampleEngine } from '../../src/cli/demo/database.ts';
import type { Random } from '../../src/cli/demo/random.ts';
import { heldByMariadb, parks, quoted, same, shows, type TypeCase, whole } from './case.ts';
import { momentOf } from './time-cases.ts';

const read = {
  postgres: (column: string) => `${column}::jsonb`,
  mysql: (column: string) => `CAST(${column} AS CHAR)`,
  mariadb: (column: string) => `JSON_NORMALIZE(${column})`,
};
/** A list's own text in PostgreSQL, its JSON elsewhere. */
const lists = { mysql: read.mysql, mariadb: read.mariadb };
const nested = (depth: number): string => `'${'['.repeat(depth)}1${']'.repeat(depth)}'`;

/** A list as each engine writes it; `item` gives an element that is spelt alike in both. */
const listOf = (random: Random, engine: SampleEngine, item: () => string): string => {
  const items = Array.from({ length: random.below(6) }, item).join(engine === 'postgres' ? ',' : ', ');
  return quoted(engine === 'postgres' ? `{${items}}` : `[${items}]`);
};
const documentOf = (random: Random): string => {
  const values = ['null', 'true', '"é 😀"', '-1.5', '[]', '{"a": 0}', whole(random, 64, true), `${random.next()}`];
  const fields = Array.from({ length: random.below(6) }, (_, at) => `"${at} k": ${random.pick(values)}`);
  return quoted(`{${fields.join(', ')}}`);
};

export const documentCases: readonly TypeCase[] = [
  {
    name: 'document',
    postgres: 'jsonb',
    mysql: 'json',
    read,
    fromPostgres: [
      ...same(
        `'{"b":1,"a":{"d":[null,true,"x\\"y"],"c":-1.5}}'`,
        `'9007199254740993'`,
        `'18446744073709551615'`,
        `'-9223372036854775808'`,
        `'0.1'`,
        `'"null"'`,
        `'null'`,
        `'[]'`,
        `'{"é":"😀","":0}'`,
        `'1e-7'`,
      ),
      ...same(`'1.0'`, `'[1e2]'`),
      ...heldByMariadb(
        ...parks('TD3002', `'123456789012345678901234567890'`, `'0.1234567890123456789'`, `'18446744073709551616.5'`),
      ),
      ...heldByMariadb(...parks('TD3004', `'1e400'`)),
      ...same(nested(30)),
    ],
    fromMysql: [
      ...same(
        `'{"b":1,"a":[null,true,"x\\\\"y"]}'`,
        `'9007199254740993'`,
        `'18446744073709551615'`,
        `'0.1'`,
        `'null'`,
        `'"text"'`,
      ),
      ...same(`'1.0'`, `'1e2'`),
      ...parks('TD3005', `'"a\\\\u0000b"'`),
    ],
    random: documentOf,
  },
  {
    name: 'document_text',
    postgres: 'json',
    mysql: 'json',
    read,
    fromPostgres: [
      ...same(`'{"b": 1, "a" : [1.0, 2]}'`),
      ...same(`'{"a":1,"a":2}'`),
      ...heldByMariadb(...parks('TD3002', `'[0.30000000000000000001]'`)),
    ],
    fromMysql: same(`'{"b": 1, "a": [1, 2]}'`),
    random: documentOf,
  },
  {
    name: 'numbers',
    postgres: 'integer[]',
    mysql: 'json',
    read: lists,
    fromPostgres: [...same(`'{1,NULL,-3}'`, `'{}'`, `'{{1,2},{3,4}}'`), ...parks('TD3004', `'[0:1]={1,2}'`)],
    fromMysql: [...same(`'[1, 2]'`, `'[]'`), ...parks('TD3004', `'{"a": 1}'`, `'["x"]'`, `'[1.5]'`)],
    random: (random, engine) => listOf(random, engine, () => whole(random, 32, true)),
  },
  {
    name: 'texts',
    postgres: 'text[]',
    mysql: 'json',
    read: lists,
    fromPostgres: same(`'{a,"b,c","\\"","NULL",NULL,"{}",""}'`, `ARRAY['😀', 'é']`),
    fromMysql: [...same(`'["a", null, "b,c"]'`), ...parks('TD3004', `'"a"'`, `'[1]'`)],
    random: (random, engine) =>
      listOf(random, engine, () => `"${random.pick(['a', 'é', '😀', 'NULL', '', ' ', ',', '{}']) ?? ''}"`),
  },
  {
    name: 'large_list',
    postgres: 'bigint[]',
    mysql: 'json',
    read: lists,
    fromPostgres: same(`'{9007199254740993,-9223372036854775808}'`),
    fromMysql: same(`'[9007199254740993]'`),
    random: (random, engine) => listOf(random, engine, () => whole(random, 64, true)),
  },
  {
    name: 'exact_list',
    postgres: 'numeric[]',
    mysql: 'json',
    read: lists,
    fromPostgres: [
      ...same(`'{1,-2.5}'`),
      ...parks('TD3004', `'{NaN}'`),
      ...heldByMariadb(...parks('TD3002', `'{0.12345678901234567890}'`)),
    ],
    fromMysql: same(`'[1, 2.5]'`),
    random: (random, engine) => listOf(random, engine, () => `${random.below(1e6)}.${1 + random.below(9)}`),
  },
  {
    name: 'fine_list',
    postgres: 'double precision[]',
    mysql: 'json',
    read: lists,
    fromPostgres: [...same(`'{0.1,1e300,-0.5}'`), ...parks('TD3004', `'{Infinity}'`)],
    fromMysql: same(`'[0.1, 1e300]'`),
    random: (random, engine) => listOf(random, engine, () => String(1.5 * 10 ** random.below(200))),
  },
  {
    name: 'instants',
    postgres: 'timestamptz[]',
    mysql: 'json',
    read: lists,
    fromPostgres: [shows(`'{"2024-01-01 00:00:00.5+00"}'`, '["2024-01-01 00:00:00.5"]')],
    fromMysql: [shows(`'["2024-01-01 00:00:00"]'`, '{"2024-01-01 00:00:00+00"}')],
    random: (random, engine) =>
      listOf(
        random,
        engine,
        () => `"${momentOf(random, 1000, 9000).replace(/\.\d+/, '.5')}${engine === 'postgres' ? '+00' : ''}"`,
      ),
  },
  {
    name: 'truths',
    postgres: 'boolean[]',
    mysql: 'json',
    read: lists,
    fromPostgres: same(`'{t,f,NULL}'`),
    fromMysql: [...same(`'[true, false]'`), ...parks('TD3004', `'[1]'`)],
    random: (random, engine) => listOf(random, engine, () => String(random.chance(0.5))),
  },
];
