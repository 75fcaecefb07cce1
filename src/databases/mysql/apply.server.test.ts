import { describe, expect, test } from 'vitest';
import { type Fixture, flavors, move, openFixture, seedRoute } from '../../../test/mysql.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Position } from '../../model/change.ts';
import type { Checkpoint, TargetTransaction } from '../../model/endpoint.ts';
import type { Row } from '../../model/value.ts';
import { openWriter } from './connect.ts';
import { tableBy } from './locate.ts';
import type { Session } from './session.ts';
import { compileShape, matching } from './shape.ts';
import { joinOf } from './write-update.ts';

const people =
  'CREATE TABLE people (id BIGINT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, age INT NULL)';
const pairs = 'CREATE TABLE pairs (a INT, b VARCHAR(20), note TEXT NULL, PRIMARY KEY (a, b)) ENGINE=InnoDB';

interface Opened {
  readonly fixture: Fixture;
  readonly held: Checkpoint;
  readonly begin: () => Promise<TargetTransaction>;
}

async function open(fixture: Fixture): Promise<Opened> {
  await fixture.run(people, pairs);
  const held = await seedRoute(fixture);
  const target = fixture.target();
  let seq = held.seq;
  return { fixture, held, begin: async () => target.begin({ ...held, seq: seq++ }, move) };
}

function person(id: number, email: string, age: number | null = null): Row {
  return [BigInt(id), email, age];
}

for (const flavor of flavors) {
  await describeServers(`writes to ${flavor}`, { server: flavor }, ({ server }) => {
    describe('a run of rows', () => {
      test('inserts, updates and deletes as few statements, and says what was not there', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        const rows = Array.from({ length: 2500 }, (_, at) => person(at + 1, `p${at}@x.org`, at % 2 === 0 ? null : at));
        const transaction = await begin();
        await transaction.write({ op: 'insert', shape, rows, generated: false });
        const keys = [...rows.slice(0, 1500).map((row) => [row[0] ?? null]), [99_999n]];
        const changed = [...rows.slice(0, 1500).map((row) => [row[0], row[1], 7]), person(99_999, 'no', 1)];
        const updated = await transaction.write({ op: 'update', shape, keys, rows: changed });
        expect(updated.missing).toEqual([1500]);
        const deleted = await transaction.write({ op: 'delete', shape, keys: [[5n], [88_888n], [6n]] });
        expect(deleted.missing).toEqual([1]);
        await transaction.commit();
        expect(await fixture.rows('SELECT COUNT(*), SUM(age = 7), MIN(age), MAX(id) FROM people')).toEqual([
          ['2498', '1498', 7, '2500'].map(String).map((text, at) => (at === 2 ? Number(text) : text)),
        ]);
      });

      test('leaves columns alone that its rows leave out', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',10),(2,'b',20)");
        const transaction = await begin();
        const rows: Row[] = [
          [1n, 'x', undefined],
          [2n, 'y', undefined],
        ];
        await transaction.write({ op: 'update', shape, keys: [[1n], [2n]], rows });
        await transaction.commit();
        expect(await fixture.rows('SELECT * FROM people ORDER BY id')).toEqual([
          ['1', 'x', 10],
          ['2', 'y', 20],
        ]);
      });

      test('counts a row as there when nothing changes in it', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',10),(2,'b',20)");
        const transaction = await begin();
        const rows = [person(1, 'a', 10), person(2, 'b', 20)];
        const keys = [[1n], [2n]];
        expect((await transaction.write({ op: 'update', shape, keys, rows })).missing).toEqual([]);
        expect(
          (await transaction.write({ op: 'update', shape, keys: [[1n]], rows: rows.slice(0, 1) })).missing,
        ).toEqual([]);
        const onlyKeys: Row[] = [
          [1n, undefined, undefined],
          [3n, undefined, undefined],
        ];
        const result = await transaction.write({ op: 'update', shape, keys: [[1n], [3n]], rows: onlyKeys });
        expect(result.missing).toEqual([1]);
        await transaction.rollback();
      });

      test('changes keys in the order given', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',1),(2,'b',2),(3,'c',3)");
        const transaction = await begin();
        const rows = [person(4, 'c', 3), person(3, 'b', 2), person(2, 'a', 9)];
        const result = await transaction.write({ op: 'update', shape, keys: [[3n], [2n], [1n]], rows });
        await transaction.commit();
        expect(result.missing).toEqual([]);
        expect(await fixture.rows('SELECT id, email FROM people ORDER BY id')).toEqual([
          ['2', 'a'],
          ['3', 'b'],
          ['4', 'c'],
        ]);
      });

      test('takes texts in keys as they are spelt, whatever the collation says', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('pairs');
        await fixture.run("INSERT INTO pairs VALUES (1,'Bob',NULL),(2,'eve',NULL),(3,'x',NULL)");
        const transaction = await begin();
        const keys: Row[] = [
          [1, 'bob'],
          [2, 'eve'],
          [3, 'x '],
        ];
        expect(await transaction.lock(shape, keys)).toEqual([null, [2, 'eve', null], null]);
        const rows = keys.map((key) => [...key, 'seen']);
        expect((await transaction.write({ op: 'update', shape, keys, rows })).missing).toEqual([0, 2]);
        const single = { op: 'update', shape, keys: keys.slice(0, 1), rows: rows.slice(0, 1) } as const;
        expect((await transaction.write(single)).missing).toEqual([0]);
        expect((await transaction.write({ op: 'delete', shape, keys })).missing).toEqual([0, 2]);
        // A search by a unique key, on the other hand, finds what an insert would collide with.
        expect(await transaction.find(shape, [0, 1], [[1, 'BOB']])).toEqual([[1, 'Bob', null]]);
        await transaction.commit();
        expect(await fixture.rows('SELECT b, note FROM pairs ORDER BY a')).toEqual([
          ['Bob', null],
          ['x', null],
        ]);
      });

      test('looks many keys up by the index', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(
          'CREATE TABLE wide (id VARBINARY(16), code VARCHAR(20) COLLATE utf8mb4_bin, n INT UNSIGNED, v INT, ' +
            'PRIMARY KEY (id, code, n)) CHARACTER SET utf8mb4',
        );
        const { begin } = await open(fixture);
        const shape = await fixture.shape('wide');
        const rows = Array.from({ length: 900 }, (_, at) => [Buffer.from(`k${at}`), `c${at}`, at, at]);
        const first = await begin();
        await first.write({ op: 'insert', shape, rows, generated: false });
        await first.commit();
        await fixture.run('ANALYZE TABLE wide').catch(() => undefined);
        const table = await tableBy(fixture.session, compileShape(shape), shape.key);
        const join = joinOf(fixture.flavor, compileShape(shape), table, [3]);
        const literals = rows.slice(0, 300).map((row) => join.literals(row.slice(0, 3), row));
        const format = server.engine === 'mysql' ? 'FORMAT=TRADITIONAL ' : '';
        const plan = await fixture.rows(`EXPLAIN ${format}${join.sql(literals)}`);
        const lookup = plan.find((row) => row[2] === 't');
        expect(lookup).toContain('eq_ref');
        expect(lookup).toContain('PRIMARY');
        const list = matching(compileShape(shape), shape.key, rows.slice(0, 500), true);
        const [range] = await fixture.rows(`EXPLAIN ${format}SELECT * FROM ${table} WHERE ${list}`);
        expect(range).toContain('range');
      });
    });

    describe('keys made by the database', () => {
      test('come back in the order of the rows while others insert too', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await using crowd = await Crowd.start(fixture);
        const transaction = await begin();
        for (let round = 0; round < 20 || crowd.count < 100; round++) {
          const rows: Row[] = Array.from({ length: 150 }, (_, at) => [undefined, `r${round}-${at}@x.org`, at]);
          const { keys } = await transaction.write({ op: 'insert', shape, rows, generated: true });
          const found = await transaction.lock(shape, keys);
          expect(found.map((row) => row?.[1])).toEqual(rows.map((row) => row[1]));
        }
        await transaction.commit();
        await crowd.end();
      });
    });

    describe('a refused row', () => {
      const cases: readonly [string, string, Row, string, string | undefined][] = [
        ['a duplicate', 'people', [9n, 'taken@x.org', 1], 'TD7001', 'email'],
        ['a missing parent', 'child', [1n, 54321n, 1], 'TD7002', 'child_parent'],
        ['a failed CHECK', 'child', [1n, 1n, -5], 'TD7004', 'child_positive'],
        ['a number out of range', 'child', [1n, 1n, 54321], 'TD3003', undefined],
      ];
      test.each(cases)('%s has its code and no value in its words', async (_, table, row, code, constraint) => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        await fixture.run(
          "INSERT INTO people VALUES (1,'taken@x.org',1)",
          'CREATE TABLE child (id BIGINT PRIMARY KEY, parent BIGINT, n TINYINT, ' +
            'CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES people (id), ' +
            'CONSTRAINT child_positive CHECK (n > 0))',
        );
        const shape = await fixture.shape(table);
        const transaction = await begin();
        const failure = await transaction
          .write({ op: 'insert', shape, rows: [row], generated: false })
          .catch((error) => error);
        expect(failure).toMatchObject({ code });
        if (constraint !== undefined) expect(failure.details.at.constraint).toContain(constraint);
        expect(JSON.stringify(failure)).not.toMatch(/taken@x|54321|-5/);
        expect(failure.cause).toBeUndefined();
        await expect(transaction.commit()).rejects.toMatchObject({ code: 'TD9002' });
        await transaction.rollback();
      });

      test('a column that went away stops the table, not the row', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run('ALTER TABLE people DROP COLUMN age');
        const transaction = await begin();
        const write = transaction.write({ op: 'insert', shape, rows: [person(1, 'a', 1)], generated: false });
        await expect(write).rejects.toMatchObject({ code: 'TD7005', class: 'schema' });
        await transaction.rollback();
      });
    });

    describe('locks of others', () => {
      test('on other rows of a small table are not waited for', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',1),(2,'b',1),(3,'c',1),(4,'d',1)", 'START TRANSACTION');
        await fixture.run('UPDATE people SET age = 2 WHERE id = 2');
        const keys = [[1n], [3n], [4n]];
        const rows = [person(1, 'a', 5), person(3, 'c', 5), person(4, 'd', 5)];
        const transaction = await begin();
        expect(await transaction.lock(shape, keys)).not.toContain(null);
        expect((await transaction.write({ op: 'update', shape, keys, rows })).missing).toEqual([]);
        expect((await transaction.write({ op: 'delete', shape, keys })).missing).toEqual([]);
        await transaction.commit();
        await fixture.run('COMMIT');
        expect(await fixture.rows('SELECT id FROM people')).toEqual([['2']]);
      });

      test('a lock timeout undoes the whole transaction', async () => {
        await using fixture = await openFixture(server);
        const { begin, held } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',1)", 'START TRANSACTION', 'UPDATE people SET age = 2');
        const transaction = await begin();
        await transaction.write({ op: 'insert', shape, rows: [person(2, 'b')], generated: false });
        await expect(transaction.lock(shape, [[1n]])).rejects.toMatchObject({ code: 'TD7007', class: 'transient' });
        await transaction.rollback();
        await fixture.run('COMMIT');
        expect(await fixture.rows('SELECT id FROM people')).toEqual([['1']]);
        expect(await fixture.target().checkpoint('left_right', 'main')).toEqual(held);
      }, 30_000);

      test('a deadlock undoes the whole transaction', async () => {
        await using fixture = await openFixture(server);
        const { begin, held } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',1),(2,'b',2)");
        // The other transaction has written more, so that it is not the one to be ended.
        await fixture.run('START TRANSACTION', 'UPDATE people SET age = age + 1 WHERE id = 2');
        const weight = Array.from({ length: 50 }, (_, at) => `(${at + 100}, 'w${at}', 0)`).join(',');
        await fixture.run(`INSERT INTO people VALUES ${weight}`);
        const transaction = await begin();
        await transaction.lock(shape, [[1n]]);
        const blocked = fixture.run('UPDATE people SET age = 5 WHERE id = 1');
        await waitFor(fixture, server.engine, blocked);
        await expect(transaction.lock(shape, [[2n]])).rejects.toMatchObject({ code: 'TD7006' });
        await transaction.rollback();
        await blocked;
        await fixture.run('ROLLBACK');
        expect(await fixture.target().checkpoint('left_right', 'main')).toEqual(held);
      });

      test('a locked row is the committed one of now', async () => {
        await using fixture = await openFixture(server);
        const { begin } = await open(fixture);
        const shape = await fixture.shape('people');
        await fixture.run("INSERT INTO people VALUES (1,'a',1)");
        const transaction = await begin();
        await transaction.find(shape, [1], [['nobody']]);
        await fixture.run('UPDATE people SET age = 2');
        expect(await transaction.lock(shape, [[1n], [2n]])).toEqual([[1n, 'a', 2], null]);
        await transaction.rollback();
      });
    });

    describe('the checkpoint', () => {
      test('moves with the rows, in one transaction', async () => {
        await using fixture = await openFixture(server);
        await open(fixture);
        const target = fixture.target();
        const held = await target.takeOver('left_right', 'main');
        const shape = await fixture.shape('people');
        const next = {
          position: 'p2' as Position,
          floor: 'f' as Position,
          known: 'k' as Position,
          effectiveUs: 1_700_000_000_000_001,
        };
        const transaction = await target.begin(held, next);
        await transaction.write({ op: 'insert', shape, rows: [person(1, 'a')], generated: false });
        const other = fixture.target();
        expect(await other.checkpoint('left_right', 'main')).toEqual(held);
        await transaction.commit();
        const moved = { ...held, ...next, seq: held.seq + 1 };
        expect(await other.checkpoint('left_right', 'main')).toEqual(moved);
        expect(await other.checkpoint('left_right', 'other')).toBeNull();
        expect(await other.find(shape, [0], [[1n]])).toEqual([person(1, 'a')]);
      });

      test('is created once', async () => {
        await using fixture = await openFixture(server);
        const { held } = await open(fixture);
        const target = fixture.target();
        await target.seed('left_right', 'main', { ...move, position: 'other' as Position });
        expect(await target.checkpoint('left_right', 'main')).toEqual(held);
      });

      test('fences an engine whose epoch is over, or which missed a write', async () => {
        await using fixture = await openFixture(server);
        const { held } = await open(fixture);
        const old = fixture.target();
        const taken = await fixture.target().takeOver('left_right', 'main');
        expect(taken).toEqual({ ...held, epoch: held.epoch + 1, seq: held.seq + 1 });
        await expect(old.begin(held, move)).rejects.toMatchObject({ code: 'TD9001', class: 'fenced' });
        await expect(old.begin({ ...taken, seq: held.seq }, move)).rejects.toMatchObject({ code: 'TD9001' });
        expect(await old.checkpoint('left_right', 'main')).toEqual(taken);
      });

      test('waits for the open transaction of a predecessor', async () => {
        await using fixture = await openFixture(server);
        const { held } = await open(fixture);
        const old = await fixture.target().begin(held, { ...move, position: 'late' as Position });
        const takeOver = fixture.target().takeOver('left_right', 'main');
        await waitFor(fixture, server.engine, takeOver);
        await old.commit();
        expect(await takeOver).toMatchObject({ position: 'late', epoch: held.epoch + 1, seq: held.seq + 2 });
      });

      test('has one connection, also for those who ask at the same time, and leaves none behind', async () => {
        await using fixture = await openFixture(server);
        await fixture.run(people);
        const shape = await fixture.shape('people');
        const target = fixture.target();
        await Promise.all([1n, 2n, 3n].map((id) => target.find(shape, [0], [[id]])));
        await target[Symbol.asyncDispose]();
        const others = `SELECT COUNT(*) FROM information_schema.PROCESSLIST
          WHERE DB = '${fixture.schema}' AND ID <> CONNECTION_ID()`;
        await expect.poll(async () => Number((await fixture.rows(others))[0]?.[0])).toBe(0);
      });

      test('needs its tables and its row', async () => {
        await using fixture = await openFixture(server);
        const target = fixture.target();
        await expect(target.takeOver('left_right', 'main')).rejects.toMatchObject({ code: 'TD5013' });
        await seedRoute(fixture);
        await expect(target.takeOver('left_right', 'unknown')).rejects.toMatchObject({ code: 'TD5013' });
      });

      test('is not taken for committed when something else ended the transaction', async () => {
        await using fixture = await openFixture(server);
        const { held } = await open(fixture);
        const target = fixture.target();
        const transaction = await target.begin(held, move);
        const [ours] = await fixture.rows(
          `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '${fixture.schema}' ORDER BY ID DESC`,
        );
        await fixture.run(`KILL ${String(ours?.[0])}`);
        await expect(transaction.commit()).rejects.toMatchObject({ code: 'TD7010', class: 'transient' });
        await transaction.rollback();
        // The next transaction finds a new connection.
        await (await target.begin(held, move)).rollback();
      });
    });
  });
}

/**
 * Waits until `blocked` waits for a row lock; throws when it ends without having been seen to wait. MariaDB is asked
 * for its monitor's text: its INNODB_LOCK_WAITS is a copy that is not renewed while anybody keeps reading it.
 */
async function waitFor(fixture: Fixture, engine: string, blocked: Promise<unknown>): Promise<void> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  void blocked.then(end, end);
  await using observer = await openWriter(fixture.connection);
  while (!ended) if (await seesWait(observer, engine, fixture.schema)) return;
  throw new Error('nothing waited for a lock');
}

async function seesWait(observer: Session, engine: string, schema: string): Promise<boolean> {
  if (engine === 'mariadb') {
    const [status] = await observer.rows('SHOW ENGINE INNODB STATUS');
    return new RegExp(`of table \`${schema}\`\\..* waiting`).test(String(status?.[2]));
  }
  const [row] = await observer.rows(
    `SELECT COUNT(*) FROM performance_schema.data_locks WHERE LOCK_STATUS = 'WAITING' AND OBJECT_SCHEMA = '${schema}'`,
  );
  return Number(row?.[0]) > 0;
}

/** Others that insert into the same table for as long as the test goes on. */
class Crowd implements AsyncDisposable {
  #stopped = false;
  readonly #workers: Promise<void>[] = [];
  /** How many statements they have run. */
  count = 0;

  static async start(fixture: Fixture): Promise<Crowd> {
    const crowd = new Crowd();
    for (const name of ['x', 'y', 'z']) {
      const session = await openWriter(fixture.connection);
      crowd.#workers.push(crowd.#insert(session, name));
    }
    return crowd;
  }

  async #insert(session: Session, name: string): Promise<void> {
    await using _ = session;
    for (let round = 0; !this.#stopped; round++) {
      const values = Array.from({ length: 1 + (round % 7) }, (_each, at) => `('${name}${round}-${at}', 0)`);
      await session.execute(`INSERT INTO people (email, age) VALUES ${values.join(',')}`);
      this.count += 1;
    }
  }

  async end(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
