import { expect, test } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import { check } from '../../src/engine/checks.ts';
import { prepare } from '../../src/engine/prepare.ts';
import { flip, nullAs } from '../../src/mapping/codecs.ts';
import { zeroDateAs } from '../../src/mapping/date-codecs.ts';
import type { LinkDeclaration } from '../../src/mapping/declaration.ts';
import { truthy } from '../../src/mapping/shape-codecs.ts';
import { describeServers } from '../servers.ts';
import { openTablePair, type TablePair } from '../table-pair.ts';

const link: LinkDeclaration = {
  left: 'forms',
  right: 'forms',
  columns: {
    id: 'id',
    v: 'v',
    day: { to: 'day', codec: flip(zeroDateAs(null)) },
    born: { to: 'born', codec: nullAs('0000-00-00') },
    died: { to: 'died', codec: flip(zeroDateAs(null)) },
    open: { to: 'open', codec: truthy() },
    at: 'at',
  },
};

/** What MySQL tells apart and PostgreSQL does not. */
const FORMS = ['2024-00-15', '0000-00-00', '2024-02-00', '2', '2024-01-01 10:00:00.123456'];
const ID = '6ccd780c-baba-1026-9564-5b8c656024db';
const ids = Array.from({ length: 20 }, (_, at) => at + 1);

async function writeAll(connection: Connection, sql: (id: number) => string): Promise<void> {
  for (const id of ids) await connection.execute(sql(id));
}

async function read(connection: Connection, columns: string): Promise<readonly (readonly string[])[]> {
  const rows = await connection.query(`SELECT ${columns} FROM forms ORDER BY id`);
  return rows.map((row) => Object.values(row).map(String));
}

const MYSQL_FORMS = [
  ...['day', 'born', 'died'].map((name) => `CAST(${name} AS CHAR) AS ${name}`),
  'open + 0 AS open',
  'CAST(at AS CHAR) AS at',
].join(', ');

/** Codes, columns and counts of the values that `check` finds to be lost under these columns. */
async function losses(
  { declaration, context }: TablePair,
  columns: LinkDeclaration['columns'],
): Promise<readonly string[]> {
  const forms = { ...(declaration.links['forms'] as LinkDeclaration), columns };
  await using prepared = await prepare({ ...declaration, links: { forms } }, context);
  const { findings } = await check(prepared, context);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  const lost = findings.filter(({ code }) => code.startsWith('TD30'));
  return lost.map(({ code, message }) => `${code} ${message.split(':')[0]}`).toSorted();
}

for (const engine of ['mysql', 'mariadb'] as const) {
  await describeServers(`forms between postgres and ${engine}`, { left: 'postgres', right: engine }, (servers) => {
    test('stay where they are stored, also when both sides write a row at once', async () => {
      await using pair = await openTablePair(servers, {
        async create({ left, right }) {
          await left.execute(`CREATE TABLE forms (id integer PRIMARY KEY, v text, day date, born date, died date,
            open boolean, at timestamp(0))`);
          await right.execute(`CREATE TABLE forms (id int PRIMARY KEY, v varchar(20), day date, born date NOT NULL,
            died date NOT NULL, open tinyint(1), at datetime(6))`);
        },
        links: { forms: link },
      });
      const { left, right } = pair.connections;
      await right.execute("SET sql_mode = 'STRICT_ALL_TABLES'");
      const values = FORMS.map((form) => `'${form}'`).join(', ');
      await writeAll(right, (id) => `INSERT INTO forms VALUES (${id}, 'new', ${values})`);
      await pair.sync.idle();
      const arrived = ids.map(() => ['null', 'null', 'null', 'true']);
      expect(await read(left, 'day::text, born::text, died::text, open::text')).toEqual(arrived);

      // What `tandem check` says of the rows that are there: with the codecs, and with two of them left out.
      expect(await losses(pair, link.columns)).toEqual([]);
      const undeclared = { ...link.columns, day: 'day', open: 'open' };
      expect(await losses(pair, undeclared)).toEqual(['TD3003 open of 20 rows', 'TD3004 day of 20 rows']);

      await Promise.all([
        writeAll(left, (id) => `UPDATE forms SET v = 'left' WHERE id = ${id}`),
        writeAll(right, (id) => `UPDATE forms SET v = 'right' WHERE id = ${id}`),
      ]);
      await pair.sync.idle();
      expect(await read(right, MYSQL_FORMS)).toEqual(ids.map(() => FORMS));
      expect(await read(left, 'v')).toEqual(await read(right, 'v'));
      expect(await pair.parked()).toEqual([]);

      await writeAll(left, (id) => `INSERT INTO forms (id, v, open) VALUES (${id + 100}, 'made here', true)`);
      await pair.sync.idle();
      const made = ids.map(() => ['null', '0000-00-00', '0000-00-00', '1', 'null']);
      expect((await read(right, MYSQL_FORMS)).slice(ids.length)).toEqual(made);
    });

    test('are one in a key: a row is found by its key as it is spelt', async () => {
      await using pair = await openTablePair(servers, {
        async create({ left, right }) {
          await left.execute('CREATE TABLE forms (id uuid PRIMARY KEY, v text)');
          await right.execute('CREATE TABLE forms (id char(36) PRIMARY KEY, v varchar(20))');
        },
        links: { forms: { left: 'forms', right: 'forms', columns: { id: 'id', v: 'v' } } },
      });
      const { left, right } = pair.connections;
      await right.execute(`INSERT INTO forms VALUES ('${ID.toUpperCase()}', 'one')`);
      await pair.sync.idle();
      expect(await pair.parked()).toMatchObject([{ side: 'left', code: 'TD3002', key: ID.toUpperCase() }]);
      expect(await read(left, 'id')).toEqual([]);
      await right.execute('DELETE FROM forms');
      await right.execute(`INSERT INTO forms VALUES ('${ID}', 'two')`);
      await pair.sync.idle();
      await left.execute("UPDATE forms SET v = 'three' WHERE v = 'two'");
      await pair.sync.idle();
      expect(await read(right, 'id, v')).toEqual([[ID, 'three']]);
    });
  });
}
