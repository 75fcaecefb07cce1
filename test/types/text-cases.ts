import type { SampleEngine } from '../../src/cli/demo/database.ts';
import type { Random } from '../../src/cli/demo/random.ts';
import { digits, heldByMysql, loosely, parks, quoted, same, shows, spelt, type TypeCase } from './case.ts';

const alphabet = [
  'a',
  'B',
  'é',
  'e\u0301',
  '😀',
  ' ',
  "'",
  '"',
  '`',
  '%',
  '_',
  ';',
  '\n',
  '\t',
  'ß',
  'ı',
  '\u200b',
  '\u{10ffff}',
];
export const textOf = (random: Random, length: number, letters: readonly string[] = alphabet): string =>
  Array.from({ length: random.below(length) }, () => random.pick(letters)).join('');
const binaryOf = (hexDigits: string, engine: SampleEngine): string =>
  engine === 'postgres' ? `'\\x${hexDigits}'` : `x'${hexDigits}'`;
const addressOf = (random: Random): string =>
  random.chance(0.5)
    ? Array.from({ length: 4 }, () => random.below(256)).join('.')
    : Array.from({ length: 8 }, () => (1 + random.below(65_535)).toString(16)).join(':');
const bytesOf = (random: Random, length: number): string =>
  Array.from({ length: random.below(length) }, () => random.below(256).toString(16).padStart(2, '0')).join('');
/** Version 4: MariaDB's own type takes no others than those of RFC 4122. */
export const uuidOf = (random: Random): string => {
  const hexDigits = (count: number) => Array.from({ length: count }, () => random.below(16).toString(16)).join('');
  const variant = (8 + random.below(4)).toString(16);
  return `${hexDigits(8)}-${hexDigits(4)}-4${hexDigits(3)}-${variant}${hexDigits(3)}-${hexDigits(12)}`;
};

export const hex = {
  postgres: (column: string) => `encode(${column}, 'hex')`,
  mysql: (column: string) => `LOWER(HEX(${column}))`,
  mariadb: (column: string) => `LOWER(HEX(${column}))`,
};

export const textCases: readonly TypeCase[] = [
  {
    name: 'words',
    postgres: 'text',
    mysql: 'longtext CHARACTER SET utf8mb4',
    fromPostgres: same("''", "'  '", "'é ≠ e\u0301'", "'😀'", "E'it''s \\\\ \\n'", "repeat('x', 70000)"),
    fromMysql: [...same("''", "'blank '", "'😀'", "REPEAT('é', 40000)"), ...parks('TD3005', "'a\\0b'", "'\\0'")],
    random: (random) => quoted(textOf(random, 30)),
  },
  {
    name: 'short',
    postgres: 'varchar(10)',
    mysql: 'varchar(10) CHARACTER SET utf8mb4',
    fromPostgres: same("'0123456789'", "'😀😀😀😀😀😀😀😀😀😀'", "'a  '"),
    fromMysql: same("'0123456789'", "'😀😀😀😀😀😀😀😀😀😀'", "'a  '"),
    random: (random) => quoted(textOf(random, 6)),
  },
  {
    name: 'narrow',
    postgres: 'text',
    mysql: 'varchar(3) CHARACTER SET utf8mb4',
    fromPostgres: [...same("'abc'", "'😀😀😀'"), ...parks('TD3007', "'abcd'", "'abc '", "'😀😀😀😀'")],
    fromMysql: same("'abc'"),
    random: (random) => quoted(textOf(random, 4, ['a', 'é', '😀'])),
  },
  {
    name: 'tiny_text',
    postgres: 'text',
    mysql: 'tinytext CHARACTER SET utf8mb4',
    fromPostgres: [...same("repeat('é', 127)"), ...parks('TD3007', "repeat('é', 128)", "repeat('x', 256)")],
    fromMysql: same("REPEAT('x', 255)"),
    random: (random) => quoted(textOf(random, 64)),
  },
  {
    name: 'latin',
    postgres: 'text',
    mysql: 'varchar(40) CHARACTER SET latin1',
    fromPostgres: [...same("'Zoë €uro ÿ'"), ...parks('TD3006', "'中'", "'😀'", "'Ω'")],
    fromMysql: same("'Zoë €uro ÿ'"),
    random: (random) => quoted(textOf(random, 40, ['a', 'é', 'ÿ', '€', ' ', '_', '%'])),
  },
  {
    name: 'bmp',
    postgres: 'text',
    mysql: 'varchar(40) CHARACTER SET utf8mb3',
    fromPostgres: [...same("'中 é'"), ...parks('TD3006', "'😀'")],
    fromMysql: same("'中 é'"),
    random: (random) => quoted(textOf(random, 40, ['a', 'é', '中', '\uffee', ' ', '"'])),
  },
  {
    name: 'fixed',
    postgres: 'char(5)',
    mysql: 'char(5) CHARACTER SET utf8mb4',
    fromPostgres: same("'ab'", "'ab   '", "''", "'😀😀😀😀😀'"),
    fromMysql: same("'ab'", "'abcde'", "''"),
    random: (random) => quoted(textOf(random, 6, ['a', 'É', '😀'])),
  },
  {
    name: 'fixed_there',
    postgres: 'text',
    mysql: 'char(5) CHARACTER SET utf8mb4',
    fromPostgres: [...same("'ab'", "''"), ...parks('TD3002', "'ab '"), ...parks('TD3007', "'abcdef'")],
    fromMysql: same("'ab'", "'ab  '"),
    random: (random) => quoted(textOf(random, 6, ['a', 'É', '😀'])),
  },
  {
    name: 'folded',
    postgres: 'text',
    mysql: 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
    fromPostgres: same("'Bob'", "'bob'", "'BOB '"),
    fromMysql: same("'Bob'", "'bob'", "'ß'", "'ss'"),
    random: (random) => quoted(textOf(random, 11)),
  },
  {
    name: 'color',
    postgres: 'shade',
    mysql: "enum('red','deep, blue','it''s','Grün','')",
    fromPostgres: same("'red'", "'deep, blue'", "'it''s'", "'Grün'", "''"),
    fromMysql: same("'red'", "'deep, blue'", "'it''s'", "'Grün'", "''"),
    random: (random) => quoted(random.pick(['red', 'deep, blue', "it's", 'Grün', '']) ?? ''),
  },
  {
    name: 'choice',
    postgres: 'varchar(20)',
    mysql: "enum('a','b','2')",
    fromPostgres: [...same("'a'", "'2'"), ...parks('TD3001', "'c'", "'A'", "'1'", "''")],
    fromMysql: [...same("'a'", "'b'", "'2'"), ...loosely(...parks('TD3001', "'none of them'"))],
    random: (random) => quoted(random.pick(['a', 'b', '2']) ?? ''),
  },
  {
    name: 'members',
    postgres: 'text[]',
    mysql: "set('x','y y','é')",
    fromPostgres: [
      shows(`'{x,é}'`, 'x,é'),
      shows(`'{}'`, ''),
      spelt(`'{é,x}'`, '{x,é}'),
      spelt(`'{x,x}'`, '{x}'),
      ...parks('TD3001', `'{x,z}'`, `'{NULL}'`),
    ],
    fromMysql: [shows("'x,y y'", '{x,"y y"}'), ...same("''", "'é'")],
    random: (random, engine) => {
      const members = ['x', 'y y', 'é'].filter(() => random.chance(0.5));
      return quoted(engine === 'postgres' ? `{${members.map((each) => `"${each}"`).join(',')}}` : members.join(','));
    },
  },
  {
    name: 'set64',
    postgres: 'text',
    mysql: `set(${Array.from({ length: 64 }, (_, at) => `'m${at}'`).join(',')})`,
    fromPostgres: [...same("'m0,m63'", "''"), ...parks('TD3001', "'m64'")],
    fromMysql: same("'m63'", "''"),
    random: (random) =>
      quoted(
        Array.from({ length: 64 }, (_, at) => `m${at}`)
          .filter(() => random.chance(0.5))
          .join(','),
      ),
  },
  {
    name: 'id_text',
    postgres: 'uuid',
    mysql: 'char(36)',
    fromPostgres: same("'6ccd780c-baba-1026-9564-5b8c656024db'", "'00000000-0000-0000-0000-000000000000'"),
    fromMysql: [
      ...same("'6ccd780c-baba-1026-9564-5b8c656024db'"),
      spelt("'6CCD780C-BABA-1026-9564-5B8C656024DB'", '6ccd780c-baba-1026-9564-5b8c656024db'),
      ...parks('TD3004', "'6ccd780c'", "''"),
    ],
    random: (random) => quoted(uuidOf(random)),
  },
  {
    name: 'id_bytes',
    postgres: 'uuid',
    mysql: 'binary(16)',
    read: { mysql: hex.mysql, mariadb: hex.mariadb },
    fromPostgres: [
      shows("'6ccd780c-baba-1026-9564-5b8c65602400'", '6ccd780cbaba102695645b8c65602400'),
      ...same("'ffffffff-ffff-ffff-ffff-ffffff000000'", "'00000000-0000-0000-0000-000000000000'"),
    ],
    fromMysql: [
      shows("x'6ccd780cbaba102695645b8c65600000'", '6ccd780c-baba-1026-9564-5b8c65600000'),
      ...same("x'00000000000000000000000000000000'"),
    ],
    random: (random, engine) =>
      engine === 'postgres' ? quoted(uuidOf(random)) : `x'${uuidOf(random).replaceAll('-', '')}'`,
  },
  {
    name: 'id_own',
    postgres: 'uuid',
    mysql: 'varchar(36)',
    mariadb: 'uuid',
    fromPostgres: same(
      "'6ccd780c-baba-1026-9564-5b8c65602400'",
      "'018f3f1e-8f3b-7c7e-9b1e-2a6b1c3d4e5f'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    ),
    fromMysql: same("'6ccd780c-baba-1026-9564-5b8c65602400'", "'018f3f1e-8f3b-7c7e-9b1e-2a6b1c3d4e5f'"),
    random: (random) => quoted(uuidOf(random)),
  },
  {
    name: 'raw',
    postgres: 'bytea',
    mysql: 'longblob',
    read: hex,
    fromPostgres: same("''", `'\\x00'`, `'\\x2700ff5c00'`, `decode(repeat('00ff', 40000), 'hex')`),
    fromMysql: same("''", "x'0000'", "x'27ff5c'", "REPEAT(x'00ff', 40000)"),
    random: (random, engine) => binaryOf(bytesOf(random, 300), engine),
  },
  {
    name: 'raw_short',
    postgres: 'bytea',
    mysql: 'varbinary(5)',
    read: hex,
    fromPostgres: [...same(`'\\x0102030000'`, `'\\x00'`), ...parks('TD3007', `'\\x010203040506'`)],
    fromMysql: same("x'0100'", "x'20'", "''"),
    random: (random) => quoted(bytesOf(random, 3)),
  },
  {
    name: 'raw_fixed',
    postgres: 'bytea',
    mysql: 'binary(4)',
    read: hex,
    fromPostgres: [
      ...same(`'\\x01020000'`, `'\\x00000000'`),
      ...parks('TD3002', `'\\x0102'`, "''"),
      ...parks('TD3007', `'\\x0102030405'`),
    ],
    fromMysql: [shows("x'01'", '01000000'), ...same("x'01020304'")],
    random: (random, engine) => binaryOf(digits(random, 8), engine),
  },
  {
    name: 'xml_text',
    postgres: 'xml',
    mysql: 'text CHARACTER SET utf8mb4',
    fromPostgres: same('\'<a b="1">é</a>\'', "''"),
    fromMysql: [...same("'<a/>'"), ...parks('TD3004', "'<a>'")],
    random: (random) => quoted(`<a>${textOf(random, 20, ['x', 'é', '😀', ' '])}</a>`),
  },
  {
    name: 'address',
    postgres: 'inet',
    mysql: 'varchar(50)',
    fromPostgres: same("'192.168.0.1'", "'192.168.0.1/24'", "'::1'", "'2001:db8::ff00:42:8329/64'", "'::ffff:1.2.3.4'"),
    fromMysql: [
      ...same("'10.0.0.1'", "'2001:db8::1'"),
      spelt("'2001:DB8:0:0::1'", '2001:db8::1'),
      spelt("'10.0.0.1/32'", '10.0.0.1'),
      ...parks('TD3004', "'10.0.0'", "'nowhere'", "'::1::'", "'10.0.0.256'", "''"),
    ],
    random: (random) => quoted(addressOf(random)),
  },
  {
    name: 'network',
    postgres: 'cidr',
    mysql: 'varchar(50)',
    fromPostgres: same("'10.0.0.0/8'", "'2001:db8::/32'", "'10.0.0.1'"),
    fromMysql: [
      ...same("'10.0.0.0/8'"),
      spelt("'2001:DB8::/32'", '2001:db8::/32'),
      ...parks('TD3004', "'10.0.0.1/8'", "'nowhere'"),
    ],
    random: (random) => quoted(`${random.below(256)}.${random.below(256)}.0.0/${16 + random.below(17)}`),
  },
  {
    name: 'device',
    postgres: 'macaddr',
    mysql: 'varchar(50)',
    fromPostgres: same("'08:00:2b:01:02:03'"),
    fromMysql: [
      ...same("'08:00:2b:01:02:03'"),
      spelt("'08-00-2B-01-02-03'", '08:00:2b:01:02:03'),
      spelt("'0800.2b01.0203'", '08:00:2b:01:02:03'),
      ...parks('TD3004', "'08:00:2b'", "'nowhere'"),
    ],
    random: (random) => quoted(Array.from({ length: 6 }, () => (16 + random.below(240)).toString(16)).join(':')),
  },
  {
    name: 'address4',
    postgres: 'inet',
    mysql: 'varchar(50)',
    mariadb: 'inet4',
    fromPostgres: [
      ...same("'192.168.0.1'", "'0.0.0.0'", "'255.255.255.255'"),
      ...heldByMysql(...parks('TD3004', "'192.168.0.0/24'", "'::1'")),
    ],
    fromMysql: same("'10.0.0.1'", "'0.0.0.0'"),
    random: (random) => quoted(Array.from({ length: 4 }, () => random.below(256)).join('.')),
  },
  {
    name: 'address6',
    postgres: 'inet',
    mysql: 'varchar(50)',
    mariadb: 'inet6',
    fromPostgres: [
      ...same("'::'", "'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:1.2.3.4'", "'1:0:2:0:3:0:4:0'"),
      ...heldByMysql(...parks('TD3004', "'2001:db8::/32'", "'10.0.0.1'")),
    ],
    fromMysql: same("'2001:db8::1'", "'::ffff:1.2.3.4'", "'fe80::1:0:0:1'"),
    random: (random) => quoted(Array.from({ length: 8 }, () => (1 + random.below(65_535)).toString(16)).join(':')),
  },
  {
    name: 'packed',
    postgres: 'text',
    mysql: 'text CHARACTER SET utf8mb4',
    mariadb: 'text CHARACTER SET utf8mb4 COMPRESSED',
    fromPostgres: same("''", "'é 😀'", "repeat('é', 20000)", "'  '"),
    fromMysql: [...same("''", "'é 😀'", "REPEAT('é', 20000)"), ...parks('TD3005', "'a\\0b'")],
    random: (random) => quoted(textOf(random, 300)),
  },
  {
    name: 'packed_bytes',
    postgres: 'bytea',
    mysql: 'varbinary(4000)',
    mariadb: 'varbinary(4000) COMPRESSED',
    read: hex,
    fromPostgres: [
      ...same("''", `'\\x00'`, `decode(repeat('00ff', 2000), 'hex')`),
      ...parks('TD3007', `decode(repeat('00', 4001), 'hex')`),
    ],
    fromMysql: same("''", "x'0000'", "REPEAT(x'00ff', 2000)"),
    random: (random, engine) => binaryOf(bytesOf(random, 300), engine),
  },
  {
    name: 'folded_both',
    postgres: 'citext',
    mysql: 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
    fromPostgres: same("'Bob'", "'bob'", "'É'", "''"),
    fromMysql: [...same("'Bob'", "'bob'", "'é'"), ...parks('TD3005', "'\\0'")],
    random: (random) => quoted(textOf(random, 11)),
  },
];
