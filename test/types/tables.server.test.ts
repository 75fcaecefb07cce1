import { expect, test } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import type { LinkDeclaration } from '../../src/mapping/declaration.ts';
import { swappedUuid } from '../../src/mapping/shape-codecs.ts';
import type { Side } from '../../src/model/policy.ts';
import { describeServers } from '../servers.ts';
import { openTablePair } from '../table-pair.ts';

/** A table that is unusual otherwise than by its types, and what both applications do with it. */
interface TableCase {
  readonly name: string;
  readonly create: Readonly<Record<Side, readonly string[]>>;
  readonly link: LinkDeclaration;
  /** In turns: each side has what the other wrote before. */
  readonly turns: readonly (readonly [Side, ...string[]])[];
  readonly read: Readonly<Record<Side, string>>;
  readonly expected: readonly (readonly (string | null)[])[];
}

const both = (sql: string): Readonly<Record<Side, string>> => ({ left: sql, right: sql });

const tableCases: readonly TableCase[] = [
  {
    name: 'no primary key, a unique key declared in its place',
    create: {
      left: ['CREATE TABLE keyless (a integer NOT NULL, b text NOT NULL, v text, UNIQUE (a, b))'],
      right: ['CREATE TABLE keyless (a int NOT NULL, b varchar(20) NOT NULL, v text, UNIQUE KEY (a, b))'],
    },
    link: { left: 'keyless', right: 'keyless', key: ['a', 'b'], columns: { a: 'a', b: 'b', v: 'v' } },
    turns: [
      ['left', "INSERT INTO keyless VALUES (1, 'x', 'one'), (1, 'y', 'two')"],
      ['right', "UPDATE keyless SET v = 'changed' WHERE b = 'x'", "INSERT INTO keyless VALUES (2, 'z', NULL)"],
      ['left', "DELETE FROM keyless WHERE b = 'y'"],
    ],
    read: both('SELECT a, b, v FROM keyless ORDER BY a, b'),
    expected: [
      ['1', 'x', 'changed'],
      ['2', 'z', null],
    ],
  },
  {
    name: 'a key of two columns, each of which changes',
    create: {
      left: ['CREATE TABLE parts (a integer, b text, v text, PRIMARY KEY (b, a))'],
      right: ['CREATE TABLE parts (a int, b varchar(20), v text, PRIMARY KEY (a, b))'],
    },
    link: { left: 'parts', right: 'parts', columns: { a: 'a', b: 'b', v: 'v' } },
    turns: [
      ['left', "INSERT INTO parts VALUES (1, 'x', 'one'), (2, 'y', 'two')"],
      ['right', "UPDATE parts SET a = 10 WHERE b = 'x'"],
      ['left', "UPDATE parts SET b = 'z', v = 'moved' WHERE a = 2", "INSERT INTO parts VALUES (2, 'y', 'again')"],
      ['right', 'DELETE FROM parts WHERE a = 10'],
    ],
    read: both('SELECT a, b, v FROM parts ORDER BY a, b'),
    expected: [
      ['2', 'y', 'again'],
      ['2', 'z', 'moved'],
    ],
  },
  {
    name: 'a key of swapped bytes, to which the table itself refers',
    create: {
      left: ['CREATE TABLE nodes (id uuid PRIMARY KEY, parent uuid REFERENCES nodes (id), v text)'],
      right: [
        `CREATE TABLE nodes (id binary(16) PRIMARY KEY, parent binary(16), v text,
          FOREIGN KEY (parent) REFERENCES nodes (id))`,
      ],
    },
    link: {
      left: 'nodes',
      right: 'nodes',
      columns: {
        id: { to: 'id', codec: swappedUuid() },
        parent: { to: 'parent', codec: swappedUuid() },
        v: 'v',
      },
    },
    turns: [
      ['left', "INSERT INTO nodes VALUES ('6ccd780c-baba-1026-9564-5b8c65602400', NULL, 'root')"],
      [
        'right',
        `INSERT INTO nodes VALUES (x'1026baba7ccd780c95645b8c65602400', x'1026baba6ccd780c95645b8c65602400', 'leaf'),
          (x'1026baba8ccd780c95645b8c65602400', x'1026baba6ccd780c95645b8c65602400', 'gone')`,
      ],
      ['left', "UPDATE nodes SET v = 'changed' WHERE parent IS NOT NULL"],
      ['right', "DELETE FROM nodes WHERE id = x'1026baba8ccd780c95645b8c65602400'"],
    ],
    read: {
      left: "SELECT replace(id::text, '-', '') AS id, v FROM nodes ORDER BY 1",
      right: `SELECT LOWER(CONCAT(SUBSTR(HEX(id), 9, 8), SUBSTR(HEX(id), 5, 4), SUBSTR(HEX(id), 1, 4),
        SUBSTR(HEX(id), 17))) AS id, v FROM nodes ORDER BY 1`,
    },
    expected: [
      ['6ccd780cbaba102695645b8c65602400', 'root'],
      ['7ccd780cbaba102695645b8c65602400', 'changed'],
    ],
  },
  {
    name: 'an identity that is always generated, and computed columns',
    create: {
      left: [
        `CREATE TABLE computed (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text,
          loud text GENERATED ALWAYS AS (upper(v)) STORED, size integer)`,
      ],
      right: [
        `CREATE TABLE computed (id int PRIMARY KEY, v varchar(20),
          size int GENERATED ALWAYS AS (CHAR_LENGTH(v)) STORED)`,
      ],
    },
    link: {
      left: 'computed',
      right: 'computed',
      columns: { id: 'id', v: 'v', size: { to: 'size', direction: 'toLeft' } },
    },
    turns: [
      ['left', "INSERT INTO computed (v) VALUES ('abc')"],
      ['right', "INSERT INTO computed (id, v) VALUES (1000, 'de')"],
      ['left', "UPDATE computed SET v = 'abcd' WHERE id = 1"],
    ],
    read: both('SELECT id, v, CASE id WHEN 1000 THEN size END AS size FROM computed ORDER BY id'),
    expected: [
      ['1', 'abcd', null],
      ['1000', 'de', '2'],
    ],
  },
  {
    name: 'names with quotes, blanks, points, capitals and reserved words',
    create: {
      left: [
        `CREATE TABLE "Order ""of"" é" ("select" integer PRIMARY KEY, "UPPER" text, "q""uo\`t'e" text, "a.b c" text)`,
      ],
      right: ['CREATE TABLE `Order "of" é` (`select` int PRIMARY KEY, `UPPER` text, `q"uo``t\'e` text, `a.b c` text)'],
    },
    link: {
      left: 'Order "of" é',
      right: 'Order "of" é',
      columns: { select: 'select', UPPER: 'UPPER', 'q"uo`t\'e': 'q"uo`t\'e', 'a.b c': 'a.b c' },
    },
    turns: [
      ['left', `INSERT INTO "Order ""of"" é" VALUES (1, 'u', 'q', 'p'), (2, 'u', 'q', 'p')`],
      ['right', 'UPDATE `Order "of" é` SET `q"uo``t\'e` = \'new\', `a.b c` = NULL WHERE `select` = 1'],
      ['left', `DELETE FROM "Order ""of"" é" WHERE "select" = 2`],
    ],
    read: {
      left: `SELECT "select", "UPPER", "q""uo\`t'e" AS q, "a.b c" AS p FROM "Order ""of"" é"`,
      right: 'SELECT `select`, `UPPER`, `q"uo``t\'e` AS q, `a.b c` AS p FROM `Order "of" é`',
    },
    expected: [['1', 'u', 'new', null]],
  },
  {
    name: 'domains',
    create: {
      left: [
        "CREATE DOMAIN email AS varchar(20) CHECK (value LIKE '%@%')",
        'CREATE DOMAIN amount AS numeric(8,2) NOT NULL',
        'CREATE TABLE people (id integer PRIMARY KEY, mail email, owed amount)',
      ],
      right: ['CREATE TABLE people (id int PRIMARY KEY, mail varchar(20), owed decimal(8,2) NOT NULL)'],
    },
    link: { left: 'people', right: 'people', columns: { id: 'id', mail: 'mail', owed: 'owed' } },
    turns: [
      ['left', "INSERT INTO people VALUES (1, 'a@b', 1.50)"],
      ['right', "INSERT INTO people VALUES (2, 'c@d', -0.10)", "UPDATE people SET mail = 'e@f' WHERE id = 1"],
    ],
    read: both('SELECT id, mail, owed FROM people ORDER BY id'),
    expected: [
      ['1', 'e@f', '1.50'],
      ['2', 'c@d', '-0.10'],
    ],
  },
];

async function rowsOf(connection: Connection, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const rows = await connection.query(sql);
  return rows.map((row) => Object.values(row).map((value) => (value === null ? null : String(value))));
}

for (const engine of ['mysql', 'mariadb'] as const) {
  await describeServers(`tables between postgres and ${engine}`, { left: 'postgres', right: engine }, (servers) => {
    test.each(tableCases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
      await using pair = await openTablePair(servers, {
        async create(connections) {
          for (const side of ['left', 'right'] as const) {
            for (const sql of each.create[side]) await connections[side].execute(sql);
          }
        },
        links: { table: each.link },
      });
      for (const [side, ...statements] of each.turns) {
        for (const sql of statements) await pair.connections[side].execute(sql);
        await pair.sync.idle();
      }
      expect(await pair.parked()).toEqual([]);
      expect(await rowsOf(pair.connections.left, each.read.left)).toEqual(each.expected);
      expect(await rowsOf(pair.connections.right, each.read.right)).toEqual(each.expected);
    });
  });
}
