import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type Fixture, flavors, openFixture } from '../../../test/mysql.ts';
import { endOfLog, insertedInto, inserts, openLog, readUntil } from '../../../test/mysql-log.ts';
import { describeServers, isForeign, startServer } from '../../../test/servers.ts';
import type { Position, Transaction } from '../../model/change.ts';
import { positionsOf } from './history.ts';
import { openWriter } from './connect.ts';

const items = 'CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(40) NULL, note TEXT NULL) ENGINE=InnoDB';
const other = 'CREATE TABLE other (id INT PRIMARY KEY) ENGINE=InnoDB';

/** Statements of one transaction; the session stays as it was. */
async function transact(fixture: Fixture, ...statements: string[]): Promise<void> {
  await fixture.run('START TRANSACTION', ...statements, 'COMMIT');
}

/** What a transaction did, in short. */
function summary({ changes }: Transaction): string {
  return changes
    .map(
      ({ op, table, before, after }) => `${op} ${table.ref.table} ${JSON.stringify(before)} ${JSON.stringify(after)}`,
    )
    .join('; ');
}

function insertMany(from: number, count: number): string {
  const rows = Array.from({ length: count }, (_, at) => `(${from + at}, 'n${from + at}', NULL)`);
  return `INSERT INTO items VALUES ${rows.join()}`;
}

/** The name of an XA transaction, which is one for the whole server. */
function xaName(fixture: Fixture, name: string): string {
  return `'${fixture.schema}.${name}'`;
}

function xa(name: string, ...work: string[]): string[] {
  return [`XA START ${name}`, ...work, `XA END ${name}`];
}

/** Everything after `from`, up to an insert of id 0 into `other`, which this writes. */
async function readAll(fixture: Fixture, from: Position, chunkRows = 1000): Promise<Transaction[]> {
  const log = await openLog(fixture, { tables: ['items', 'other'], chunkRows });
  await fixture.run('INSERT INTO other VALUES (0)');
  return readUntil(log, from, inserts('other', 0));
}

/** Memory of buffers that are still in use. */
function bytesHeld(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

for (const flavor of flavors) {
  await describeServers(`the log of ${flavor}`, { server: flavor }, ({ server }) => {
    describe('transactions', () => {
      test('come whole, in order, with both images, and without what was undone', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other, 'CREATE TABLE unwanted (id INT)');
        const from = await endOfLog(fixture);
        await transact(fixture, "INSERT INTO items VALUES (1,'a',NULL),(2,'b','x')", 'INSERT INTO unwanted VALUES (1)');
        await fixture.run('INSERT INTO unwanted VALUES (2)');
        await transact(
          fixture,
          "UPDATE items SET name = 'c' WHERE id = 1",
          'SAVEPOINT s',
          'DELETE FROM items',
          'ROLLBACK TO s',
          'DELETE FROM items WHERE id = 2',
        );
        await fixture.run('START TRANSACTION', 'DELETE FROM items', 'ROLLBACK');
        await fixture.run('TRUNCATE TABLE items', 'TRUNCATE unwanted');
        const transactions = await readAll(fixture, from);
        expect(transactions.map(summary)).toEqual([
          'insert items null [1,"a",null]; insert items null [2,"b","x"]',
          'update items [1,"a",null] [1,"c",null]; delete items [2,"b","x"] null',
          'truncate items null null',
          'insert other null [0]',
        ]);
        for (const { part, last, id, committedAtUs } of transactions) {
          expect({ part, last }).toEqual({ part: 0, last: true });
          expect(id).toMatch(flavor === 'mysql' ? /^[\da-f-]{36}:\d+$/ : /^\d+-\d+-\d+$/);
          const [now] = await fixture.rows('SELECT UNIX_TIMESTAMP()');
          expect(Math.abs(committedAtUs / 1e6 - Number(now?.[0]))).toBeLessThan(60);
        }
      });

      test('carry the position up to them, from which everything after them is read again', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        for (let id = 1; id <= 5; id++) await fixture.run(insertMany(id, 1));
        const all = await readAll(fixture, from);
        const positions = positionsOf(fixture.flavor);
        for (const [at, { position }] of all.entries()) {
          expect(positions.covers(position, all[at - 1]?.position ?? from)).toBe(true);
          expect(positions.covers(all[at - 1]?.position ?? from, position)).toBe(false);
          if (at === all.length - 1) break;
          const log = await openLog(fixture, { tables: ['items', 'other'] });
          const rest = await readUntil(log, position, inserts('other', 0));
          expect(rest).toEqual(all.slice(at + 1));
        }
      });

      test('that are giant come in parts, and are read on from any of them', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        await transact(fixture, insertMany(1, 250), "UPDATE items SET name = 'x' WHERE id <= 200");
        const all = await readAll(fixture, from, 100);
        expect(all.map(({ changes, part, last }) => [changes.length, part, last])).toEqual([
          [100, 0, false],
          [100, 1, false],
          [100, 2, false],
          [100, 3, false],
          [50, 4, true],
          [1, 0, true],
        ]);
        const positions = positionsOf(fixture.flavor);
        for (const [at, { position }] of all.slice(0, -1).entries()) {
          expect(positions.covers(position, all[at - 1]?.position ?? from)).toBe(true);
          expect(positions.covers(all[at - 1]?.position ?? from, position)).toBe(false);
          const log = await openLog(fixture, { tables: ['items', 'other'], chunkRows: 100 });
          const rest = await readUntil(log, position, inserts('other', 0));
          // How the bytes of an event are divided among parts depends on where the parts begin.
          expect(rest.map((part) => ({ ...part, bytes: 0 }))).toEqual(
            all.slice(at + 1).map((part) => ({ ...part, bytes: 0 })),
          );
        }
      });

      test('of few and huge rows come in parts too', async () => {
        await using fixture = await openFixture(server);
        await fixture.run('CREATE TABLE huge (id INT PRIMARY KEY, body LONGTEXT)', other);
        const from = await endOfLog(fixture);
        const log = await openLog(fixture, { tables: ['huge', 'other'] });
        await transact(
          fixture,
          ...Array.from({ length: 40 }, (_, id) => `INSERT INTO huge VALUES (${id}, REPEAT('x', 1000000))`),
        );
        await fixture.run('INSERT INTO other VALUES (0)');
        const all = await readUntil(log, from, inserts('other', 0));
        const parts = all.slice(0, -1);
        expect(parts.length).toBeGreaterThan(1);
        expect(parts.flatMap(({ changes }) => changes.map(({ after }) => after?.[0]))).toEqual(
          Array.from({ length: 40 }, (_, id) => id),
        );
        for (const { bytes } of parts) expect(bytes).toBeLessThan(36_000_000);
      });

      test('of other tables, and statements that are no transactions, move the position too', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        const log = await openLog(fixture, { tables: ['items'] });
        expect(log.position()).toBe('gtid:');
        await fixture.run('INSERT INTO other VALUES (1)', insertMany(1, 1), 'INSERT INTO other VALUES (2)');
        await fixture.run('CREATE TABLE more (id INT)', 'DROP TABLE more');
        const end = await endOfLog(fixture);
        const positions = positionsOf(fixture.flavor);
        const stop = new AbortController();
        const reading = (async () => {
          for await (const { position } of log.read(from, stop.signal)) {
            // What was given counts when its receiver comes back for more.
            expect(positions.covers(log.position(), position)).toBe(false);
          }
        })();
        await expect.poll(() => positions.covers(log.position(), end), { timeout: 20_000 }).toBe(true);
        stop.abort();
        await reading;
      });

      test('keep one table object until the columns change', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        await fixture.run(insertMany(1, 1), 'FLUSH TABLES', insertMany(2, 1));
        await fixture.run(
          'ALTER TABLE items ADD COLUMN extra INT NULL FIRST',
          'INSERT INTO items VALUES (7,3,NULL,NULL)',
        );
        const tables = (await readAll(fixture, from)).slice(0, 3).map(({ changes }) => changes[0]?.table);
        expect(tables[0]).toBe(tables[1]);
        expect(tables[1]?.columns).toEqual(['id', 'name', 'note']);
        expect(tables[2]?.columns).toEqual(['extra', 'id', 'name', 'note']);
      });

      test('end quietly when the signal fires, before and while reading', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        const log = await openLog(fixture, { tables: ['items'] });
        const seen: Transaction[] = [];
        for await (const transaction of log.read(from, AbortSignal.abort())) seen.push(transaction);
        const stop = new AbortController();
        const reading = (async () => {
          for await (const transaction of log.read(from, stop.signal)) seen.push(transaction);
        })();
        stop.abort();
        await reading;
        expect(seen).toEqual([]);
      });
    });

    test('columns of all sorts side by side keep their character sets, signs and labels', async () => {
      await using fixture = await openFixture(server);
      const vector = flavor === 'mysql' ? ['v VECTOR(2),', "STRING_TO_VECTOR('[1,2]'),"] : ['', ''];
      await fixture.run(
        `CREATE TABLE items (id INT PRIMARY KEY, ${vector[0]} g GEOMETRY, a VARCHAR(9) CHARACTER SET latin1, y YEAR,
           b INT UNSIGNED, j JSON, e ENUM('é','x') CHARACTER SET latin1, c CHAR(9) CHARACTER SET utf8mb4, p POINT,
           s SET('ü','y') CHARACTER SET utf8mb4, d DECIMAL(9,2) UNSIGNED, f TINYINT UNSIGNED, x BLOB,
           t TEXT CHARACTER SET utf16, w INT AS (b + 1) VIRTUAL, z INT AS (b + 2) STORED, n BINARY(3)) ENGINE=InnoDB`,
        other,
      );
      const from = await endOfLog(fixture);
      await fixture.run(
        `INSERT INTO items (id, ${vector[0] === '' ? '' : 'v,'} g, a, y, b, j, e, c, p, s, d, f, x, t, n)
         VALUES (1, ${vector[1]} POINT(1,2), 'é', 2024, 4000000000 - 3000000000, '{"a":1}', 'é', 'é', POINT(3,4),
           'ü,y', 1.5, 200, x'ff', 'é', x'01')`,
      );
      const [first] = await readAll(fixture, from);
      const [change] = first?.changes ?? [];
      const row = Object.fromEntries((change?.table.columns ?? []).map((name, at) => [name, change?.after?.[at]]));
      expect(row).toMatchObject({
        a: 'é',
        y: 2024,
        b: 1e9,
        j: '{"a":1}',
        e: 'é',
        c: 'é',
        s: ['ü', 'y'],
        d: '1.50',
        f: 200,
      });
      expect(row).toMatchObject({
        x: new Uint8Array([255]),
        t: 'é',
        w: 1e9 + 1,
        z: 1e9 + 2,
        n: new Uint8Array([1, 0, 0]),
      });
    });

    describe('a slow consumer', () => {
      test('makes the reader wait instead of fill its memory', async () => {
        await using fixture = await openFixture(server);
        await fixture.run('CREATE TABLE items (id INT PRIMARY KEY, note LONGBLOB) ENGINE=InnoDB', other);
        const from = await endOfLog(fixture);
        const count = 120;
        for (let id = 1; id <= count; id++) await fixture.run(`INSERT INTO items VALUES (${id}, REPEAT('x', 1000000))`);
        const log = await openLog(fixture, { tables: ['items'] });
        let most = 0;
        let rows = 0;
        const stop = new AbortController();
        const before = bytesHeld();
        for await (const { changes } of log.read(from, stop.signal)) {
          rows += changes.length;
          // A reader that does not wait for its consumer would now read all there is.
          if (rows === 1) await fixture.rows('SELECT SLEEP(1)');
          if (rows % 20 === 1) most = Math.max(most, bytesHeld() - before);
          if (rows === count) stop.abort();
        }
        expect(rows).toBe(count);
        expect(most).toBeLessThan(60_000_000);
      });

      test('of 200,000 rows gets them fast (printed, not asserted)', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(
          `CREATE TABLE items (id BIGINT PRIMARY KEY, name VARCHAR(40), price DECIMAL(12,2), at DATETIME(6), n INT)
           ENGINE=InnoDB`,
          other,
        );
        const from = await endOfLog(fixture);
        await fixture.run(
          "INSERT INTO items VALUES (0, 'customer', 12345.67, '2024-02-29 12:34:56.789012', 7)",
          ...Array.from(
            { length: 18 },
            (_, doubled) => `INSERT INTO items SELECT id + ${2 ** doubled}, name, price + id, at, id FROM items`,
          ),
          'INSERT INTO other VALUES (0)',
        );
        const log = await openLog(fixture, { tables: ['items', 'other'] });
        const start = performance.now();
        let rows = 0;
        const stop = new AbortController();
        for await (const transaction of log.read(from, stop.signal)) {
          rows += transaction.changes.length;
          if (inserts('other', 0)(transaction)) stop.abort();
        }
        expect(rows).toBe(2 ** 18 + 1);
        console.info(`${flavor}: ${Math.round(rows / ((performance.now() - start) / 1000))} rows/s`);
      });
    });

    describe('what cannot be read rightly', () => {
      const refusals: [string, string[]][] = [
        [
          'rows without all columns',
          ["SET SESSION binlog_row_image = 'MINIMAL'", insertMany(1, 1), "UPDATE items SET name = 'x'"],
        ],
        [
          'a deleted row without all columns',
          [insertMany(1, 1), "SET SESSION binlog_row_image = 'MINIMAL'", 'DELETE FROM items'],
        ],
        [
          'a row without its long texts',
          [insertMany(1, 1), "SET SESSION binlog_row_image = 'NOBLOB'", "UPDATE items SET name = 'x'"],
        ],
        [
          'a statement in place of rows',
          ["SET SESSION binlog_format = 'STATEMENT'", "/* x */ INSERT INTO items VALUES (1,'a',NULL)"],
        ],
      ];

      test.each(refusals)('%s: no row is guessed, and the table is named', async (_, statements) => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        const session = await openWriter(fixture.connection);
        try {
          // STATEMENT is no allowed format for READ COMMITTED.
          await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
          for (const sql of statements) await session.execute(sql);
        } finally {
          await session[Symbol.asyncDispose]();
        }
        const changes = (await readAll(fixture, from)).flatMap((transaction) => transaction.changes);
        const last = changes.filter(({ table }) => table.ref.table === 'items').at(-1);
        expect(last).toMatchObject({ op: 'unreadable', before: null, after: null });
        expect(last?.table.misfit).toMatchObject({ code: 'TD6006', class: 'schema' });
        expect(changes.filter(({ op }) => op === 'update' || op === 'delete')).toEqual([]);
      });

      test('does not matter in tables that are not read', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other, 'CREATE TABLE unwanted (id INT PRIMARY KEY, items TEXT) ENGINE=InnoDB');
        const from = await endOfLog(fixture);
        const session = await openWriter(fixture.connection);
        try {
          await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
          await session.execute("SET SESSION binlog_row_image = 'MINIMAL'");
          await session.execute('INSERT INTO unwanted (id) VALUES (1)');
          await session.execute("SET SESSION binlog_format = 'STATEMENT'");
          await session.execute("INSERT INTO unwanted VALUES (2, 'DELETE FROM items')");
          const name = xaName(fixture, 'x');
          for (const sql of [...xa(name, 'DELETE FROM unwanted'), `XA PREPARE ${name}`]) await session.execute(sql);
          await session.execute(`XA COMMIT ${name}`);
        } finally {
          await session[Symbol.asyncDispose]();
        }
        expect((await readAll(fixture, from)).map(summary)).toEqual(['insert other null [0]']);
      });

      test("ends the reading in Tandem's own tables", async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        const log = await openLog(fixture, { tables: ['items', 'other'], stateSchema: fixture.schema });
        await fixture.run("SET SESSION binlog_row_image = 'MINIMAL'", insertMany(1, 1), "UPDATE items SET name = 'x'");
        await expect(readUntil(log, from, inserts('other', 0))).rejects.toMatchObject({ code: 'TD6006' });
      });
    });

    describe('XA', () => {
      const all = async (fixture: Fixture, from: Position) => (await readAll(fixture, from)).map(summary);

      test('in one phase is a commit as any other', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const from = await endOfLog(fixture);
        const name = xaName(fixture, 'y');
        await fixture.run(...xa(name, insertMany(1, 1)), `XA COMMIT ${name} ONE PHASE`);
        expect(await all(fixture, from)).toEqual(['insert items null [1,"n1",null]', 'insert other null [0]']);
      });

      /** Prepared transactions outlive the sessions that made them. */
      const prepare = async (fixture: Fixture, name: string, ...work: string[]): Promise<void> => {
        await using session = await openWriter(fixture.connection);
        for (const sql of [...xa(name, ...work), `XA PREPARE ${name}`]) await session.execute(sql);
      };

      test('in two phases comes where it was committed', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other, insertMany(1, 1));
        const from = await endOfLog(fixture);
        const [one, two] = [xaName(fixture, 'one'), xaName(fixture, 'two')];
        await prepare(fixture, one, insertMany(2, 1));
        await prepare(fixture, two, insertMany(3, 1));
        const between = "UPDATE items SET name = 'between' WHERE id = 1";
        await fixture.run(between, `XA ROLLBACK ${two}`, `XA COMMIT ${one}`);
        expect(await all(fixture, from)).toEqual([
          'update items [1,"n1",null] [1,"between",null]',
          'insert items null [2,"n2",null]',
          'insert other null [0]',
        ]);
      });

      test('that was prepared before reading began may have changed any table', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items, other);
        const name = xaName(fixture, 'x');
        await prepare(fixture, name, insertMany(1, 1));
        const from = await endOfLog(fixture);
        await fixture.run(`XA COMMIT ${name}`);
        const [transaction] = await readAll(fixture, from);
        expect(transaction && summary(transaction)).toBe('unreadable items null null; unreadable other null null');
        expect(transaction?.changes[0]?.table.misfit).toMatchObject({ code: 'TD6006' });
      });
    });

    describe('compressed', () => {
      test('transactions come out as others do, giant ones in parts', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(items.replace('TEXT', 'LONGTEXT'), other);
        const setting = flavor === 'mysql' ? 'binlog_transaction_compression' : 'GLOBAL log_bin_compress';
        const from = await endOfLog(fixture);
        await fixture.run(`SET ${setting} = ON`);
        await fixture.run(
          "INSERT INTO items VALUES (0, 'wide', REPEAT('x', 300000))",
          insertMany(1, 2500),
          "UPDATE items SET name = REPEAT('y', 40) WHERE id > 2000",
          'TRUNCATE TABLE items',
        );
        await fixture.run(`SET ${setting} = OFF`);
        const all = await readAll(fixture, from, 1000);
        const rows = insertedInto('items', all);
        expect(rows).toEqual([
          [0, 'wide', 'x'.repeat(300_000)],
          ...Array.from({ length: 2500 }, (_, at) => [at + 1, `n${at + 1}`, null]),
        ]);
        expect(all.map(({ changes, part }) => [changes[0]?.op, changes.length, part])).toEqual([
          ['insert', 1, 0],
          ['insert', 1000, 0],
          ['insert', 1000, 1],
          ['insert', 500, 2],
          ['update', 500, 0],
          ['truncate', 1, 0],
          ['insert', 1, 0],
        ]);
      });
    });
  });
}

await describeServers('the log of MySQL alone', { server: 'mysql' }, ({ server }) => {
  test('names tagged transactions and reads on from them', async () => {
    await using fixture = await openFixture(server);
    await fixture.run(items, other);
    const from = await endOfLog(fixture);
    await fixture.run("SET SESSION gtid_next = 'AUTOMATIC:blue'", insertMany(1, 1), insertMany(2, 1));
    await fixture.run("SET SESSION gtid_next = 'AUTOMATIC'");
    const all = await readAll(fixture, from);
    expect(all.slice(0, 2).map(({ id }) => id)).toEqual([
      expect.stringMatching(/^[\da-f-]{36}:blue:\d+$/),
      expect.stringMatching(/^[\da-f-]{36}:blue:\d+$/),
    ]);
    const log = await openLog(fixture, { tables: ['items', 'other'] });
    expect(await readUntil(log, all[0]?.position ?? from, inserts('other', 0))).toEqual(all.slice(1));
  });

  test('is read over TLS as well', async () => {
    await using plain = await openFixture(server);
    const fixture = { ...plain, connection: { ...plain.connection, ssl: { rejectUnauthorized: false } } };
    await fixture.run(items, other);
    const from = await endOfLog(fixture);
    await fixture.run(insertMany(1, 3000));
    expect(insertedInto('items', await readAll(fixture, from))).toHaveLength(3000);
  });

  test('refuses parts of JSON values', async () => {
    await using fixture = await openFixture(server);
    await fixture.run('CREATE TABLE items (id INT PRIMARY KEY, j JSON) ENGINE=InnoDB', other);
    await fixture.run(`INSERT INTO items VALUES (1, '{"a":1,"b":"${'x'.repeat(200)}"}')`);
    const from = await endOfLog(fixture);
    await fixture.run("SET SESSION binlog_row_value_options = 'PARTIAL_JSON'");
    await fixture.run("UPDATE items SET j = JSON_SET(j, '$.a', 2)");
    const changes = (await readAll(fixture, from)).flatMap((transaction) => transaction.changes);
    expect(changes.map(({ op }) => op)).toEqual(['unreadable', 'insert']);
    expect(changes[0]?.table.misfit).toMatchObject({ code: 'TD6006' });
  });
});

await describeServers('the log of MariaDB alone', { server: 'mariadb' }, ({ server }) => {
  test('completes new rows that name changed columns only', async () => {
    await using fixture = await openFixture(server);
    await fixture.run(items, other, "INSERT INTO items VALUES (1, 'a', 'long'), (2, NULL, NULL)");
    const from = await endOfLog(fixture);
    const supported = await fixture.run("SET SESSION binlog_row_image = 'FULL_NODUP'").then(
      () => true,
      () => false,
    );
    await fixture.run("UPDATE items SET name = 'b'");
    const all = await readAll(fixture, from);
    expect(all.map(summary)[0]).toBe(
      'update items [1,"a","long"] [1,"b","long"]; update items [2,null,null] [2,"b",null]',
    );
    if (!supported) console.info('FULL_NODUP came with MariaDB 11.4');
  });
});

for (const flavor of flavors) {
  describe.skipIf(isForeign(flavor))(`a server of ${flavor} that fails`, () => {
    test('is told from one that purged its log', async () => {
      await using server = await startServer(flavor);
      await using fixture = await openFixture(server);
      await fixture.run(items, other);
      const from = await endOfLog(fixture);
      await fixture.run(insertMany(1, 1), 'FLUSH BINARY LOGS', insertMany(2, 1), 'FLUSH BINARY LOGS');
      const logs = await fixture.rows('SHOW BINARY LOGS');
      // MariaDB keeps a log until the storage engine no longer needs it for its own recovery, which takes a moment.
      const purge = async (): Promise<number> => {
        await fixture.run(`PURGE BINARY LOGS TO '${String(logs.at(-1)?.[0])}'`);
        return (await fixture.rows('SHOW BINARY LOGS')).length;
      };
      await expect.poll(purge, { timeout: 30_000 }).toBe(1);
      await expect(readAll(fixture, from)).rejects.toMatchObject({ code: 'TD6002' });
    });

    test('is read on where it was left', async () => {
      await using server = await startServer(flavor);
      // Not disposed of: its session dies with the server.
      const fixture = await openFixture(server);
      await fixture.run(items);
      const log = await openLog(fixture, { tables: ['items'] });
      const end = await endOfLog(fixture);
      await fixture.run(insertMany(1, 1));
      const reading = (async () => {
        for await (const _ of log.read(end, new AbortController().signal)) await server.kill();
      })();
      await expect(reading).rejects.toMatchObject({ code: 'TD4005' });
      await expect(readUntil(log, end, () => true)).rejects.toMatchObject({ code: 'TD4001' });
      await server.start();
      expect(await readUntil(log, end, inserts('items', 1))).toHaveLength(1);
    });
  });
}
