import { expect, test } from 'vitest';
import { openPostgres, type PostgresBench, ref, shapeOf } from '../../../test/postgres.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Position } from '../../model/change.ts';
import type { Checkpoint, CheckpointMove, Target, TargetTransaction, WriteRun } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { TableShape } from '../../model/plan.ts';
import type { Row } from '../../model/value.ts';

const move: CheckpointMove = { position: 'p1' as Position, floor: null, known: 'k' as Position, effectiveUs: 1.7e15 };

async function shape(bench: PostgresBench, table: string): Promise<TableShape> {
  return shapeOf(await bench.inspect(table));
}

/** A target that holds the checkpoint of one lane. */
async function takeTarget(bench: PostgresBench): Promise<{ target: Target; held: Checkpoint }> {
  const target = await bench.endpoint.target();
  await target.seed('s', 'l', move);
  return { target, held: await target.takeOver('s', 'l') };
}

/** Writes runs in one committed transaction; returns the last result. */
async function write(target: Target, ...runs: WriteRun[]) {
  const transaction = await target.begin(await target.takeOver('s', 'l'), move);
  try {
    const results = [];
    for (const run of runs) results.push(await transaction.write(run));
    await transaction.commit();
    return results.at(-1) ?? { keys: [], missing: [] };
  } catch (thrown) {
    await transaction.rollback();
    throw thrown;
  }
}

async function refusal(work: Promise<unknown>): Promise<TandemError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof TandemError) return thrown;
    throw thrown;
  }
  throw new Error('was not refused');
}

for (const name of ['postgres-15', 'postgres-18'] as const) {
  await describeServers(`apply to ${name}`, { server: name }, ({ server }) => {
    test('rows are inserted, changed and deleted, one or many at a time', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE "Odd ""t" ("a b" int, "K" text, v text, n numeric(10,2) DEFAULT 7,
        doubled int GENERATED ALWAYS AS ("a b" * 2) STORED, PRIMARY KEY ("K", "a b"))`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const odd = await shape(bench, 'Odd "t');
      const rows = async (): Promise<string[][]> => bench.sql('SELECT * FROM "Odd ""t" ORDER BY 1');
      const many: Row[] = [
        [2, 'k', 'b', '1.50', undefined],
        [3, 'k', null, '2.00', undefined],
      ];
      await write(
        target,
        { op: 'insert', shape: odd, rows: [[1, 'k', 'a', undefined, undefined]], generated: false },
        { op: 'insert', shape: odd, rows: many, generated: false },
      );
      expect(await rows()).toEqual([
        ['1', 'k', 'a', '7.00', '2'],
        ['2', 'k', 'b', '1.50', '4'],
        ['3', 'k', null, '2.00', '6'],
      ]);
      const keys: Row[] = [
        ['k', 3],
        ['k', 9],
        ['k', 1],
      ];
      const images: Row[] = [3, 9, 1].map((id) => [id, 'k', 'new', undefined, undefined]);
      expect((await write(target, { op: 'update', shape: odd, keys, rows: images })).missing).toEqual([1]);
      const one: WriteRun = { op: 'update', shape: odd, keys: [['k', 9]], rows: [[9, 'k', 'x', null, undefined]] };
      expect((await write(target, one)).missing).toEqual([0]);
      expect((await rows()).map((row) => row.slice(2, 4))).toEqual([
        ['new', '7.00'],
        ['b', '1.50'],
        ['new', '2.00'],
      ]);
      expect((await write(target, { op: 'delete', shape: odd, keys })).missing).toEqual([1]);
      expect((await write(target, { op: 'delete', shape: odd, keys: [['k', 2]] })).missing).toEqual([]);
      expect((await write(target, { op: 'delete', shape: odd, keys: [['k', 2]] })).missing).toEqual([0]);
      expect(await rows()).toEqual([]);
    });

    test('keys change within a run, also where one row takes the place of another', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d')",
      );
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      const keys: Row[] = [[1], [2], [8], [4], [3]];
      const rows: Row[] = [
        [2, 'a2'],
        [3, 'b2'],
        [9, 'x'],
        [4, 'd2'],
        [5, 'c2'],
      ];
      const { missing } = await write(target, { op: 'update', shape: t, keys, rows });
      expect(missing).toEqual([2]);
      expect(await bench.sql('SELECT * FROM t ORDER BY 1')).toEqual([
        ['2', 'a2'],
        ['3', 'b2'],
        ['4', 'd2'],
        ['5', 'c2'],
      ]);
      const circle: WriteRun = {
        op: 'update',
        shape: t,
        keys: [[2], [3]],
        rows: [
          [3, 'x'],
          [2, 'y'],
        ],
      };
      expect((await refusal(write(target, circle))).code).toBe('TD7001');
    });

    test('a key is another one that its type merely takes for equal', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE EXTENSION citext;
        CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
        CREATE TABLE folded (k citext PRIMARY KEY, v text); INSERT INTO folded VALUES ('Bob', 'a'), ('Eve', 'b');
        CREATE TABLE alike (k text COLLATE loose PRIMARY KEY, v text);
        INSERT INTO alike VALUES ('Bob', 'a'), ('Eve', 'b');
        CREATE TABLE spans (k interval PRIMARY KEY, v text); INSERT INTO spans VALUES ('1 mon', 'a'), ('2 mons', 'b')`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const others = { folded: ['bob', 'eve'], alike: ['bôb', 'eve'], spans: ['30 days', '60 days'] };
      for (const [table, [one = '', other = '']] of Object.entries(others)) {
        const of = await shape(bench, table);
        const single: Row[] = [[one]];
        const both: Row[] = [[one], [other]];
        const images = (keys: readonly Row[]): Row[] => keys.map(([key]) => [key ?? null, 'taken']);
        for (const keys of [single, both]) {
          const missing = [...keys.keys()];
          const update: WriteRun = { op: 'update', shape: of, keys, rows: images(keys) };
          expect((await write(target, update)).missing, table).toEqual(missing);
          expect((await write(target, { op: 'delete', shape: of, keys })).missing, table).toEqual(missing);
        }
        const transaction = await target.begin(await target.takeOver('s', 'l'), move);
        expect(await transaction.lock(of, single)).toEqual([null]);
        expect(await transaction.lock(of, both)).toEqual([null, null]);
        await transaction.rollback();
        expect((await bench.sql(`SELECT v FROM ${table} ORDER BY v`)).flat()).toEqual(['a', 'b']);
      }
      const folded = await shape(bench, 'folded');
      const rename: WriteRun = { op: 'update', shape: folded, keys: [['Bob']], rows: [['BOB', 'c']] };
      expect((await write(target, rename)).missing).toEqual([]);
      expect(await bench.sql('SELECT * FROM folded ORDER BY v')).toEqual([
        ['Eve', 'b'],
        ['BOB', 'c'],
      ]);
    });

    test('a table that is nothing but its key', async () => {
      await using bench = await openPostgres(server);
      await bench.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      const keys: Row[] = [[1], [7], [2]];
      expect((await write(target, { op: 'update', shape: t, keys, rows: keys })).missing).toEqual([1]);
    });

    test('generated keys come back in the order of the rows', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
        CREATE TABLE random (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, v text);
        CREATE TABLE bare (id serial PRIMARY KEY)`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const values = Array.from({ length: 500 }, (_, at) => `v${(at * 7919) % 500}`);
      const run = async (table: string, rows: readonly Row[]): Promise<readonly Row[]> =>
        (await write(target, { op: 'insert', shape: await shape(bench, table), rows, generated: true })).keys;
      const rows = values.map((value) => [undefined, value]);
      expect(await run('always', rows.slice(0, 1))).toEqual([[1]]);
      expect(await run('always', rows.slice(1))).toEqual(rows.slice(1).map((_, at) => [at + 2]));
      expect((await bench.sql('SELECT v FROM always ORDER BY id')).flat()).toEqual(values);
      const keys = await run('random', rows);
      const stored = new Map((await bench.sql('SELECT id, v FROM random')).map(([id, v]) => [id, v]));
      expect(keys.map(([id]) => stored.get(String(id)))).toEqual(values);
      expect(await run('bare', [[undefined], [undefined]])).toEqual([[1], [2]]);
    });

    test('sequences stay ahead of keys made elsewhere, unless they step by more than one', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE always (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
        CREATE TABLE serials (id bigserial PRIMARY KEY, v text);
        CREATE SEQUENCE shared; CREATE TABLE borrowed (id int DEFAULT nextval('shared') PRIMARY KEY, v text);
        CREATE TABLE odd (id int GENERATED BY DEFAULT AS IDENTITY (START 1 INCREMENT 2) PRIMARY KEY, v text)`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const insert = async (table: string, ...ids: (number | bigint)[]): Promise<void> => {
        const rows = ids.map((id) => [id, 'v']);
        await write(target, { op: 'insert', shape: await shape(bench, table), rows, generated: false });
      };
      const next = async (table: string): Promise<string | undefined> =>
        (await bench.sql(`INSERT INTO ${table} (v) VALUES ('own') RETURNING id`))[0]?.[0];
      await insert('always', 5, 3);
      expect(await next('always')).toBe('6');
      await insert('always', 4);
      expect(await next('always')).toBe('7');
      await insert('serials', 100_000n);
      expect(await next('serials')).toBe('100001');
      await insert('serials', 100_002n);
      expect(await next('serials')).toBe('100003');
      await insert('borrowed', 9);
      expect(await next('borrowed')).toBe('10');
      await insert('odd', 1000);
      expect(await next('odd')).toBe('1');
    });

    test('what a column cannot hold is refused, never cut', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TYPE mood AS ENUM ('happy'); CREATE DOMAIN short AS varchar(3);
        CREATE TABLE t (id int PRIMARY KEY, c varchar(3), d short, b bit(3), n numeric(3,1), m mood, s smallint,
          j jsonb, ts timestamp, a varchar(3)[])`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      const cases: readonly (readonly [column: string, value: Row[number], code: string])[] = [
        ['c', 'secret', 'TD3007'],
        ['d', 'secret', 'TD3007'],
        ['b', '11111', 'TD3007'],
        ['n', '12345.6', 'TD3003'],
        ['m', 'secret', 'TD3001'],
        ['s', 40_000, 'TD3003'],
        ['c', 'a\0', 'TD3005'],
        ['j', '"\\u0000"', 'TD3005'],
        ['ts', '2024-02-31 00:00:00', 'TD3003'],
        ['ts', 'secret', 'TD3004'],
        ['a', ['secret'], 'TD3007'],
      ];
      for (const [column, value, code] of cases) {
        const row = (id: number): Row => [
          id,
          ...t.columns.slice(1).map(({ name: each }) => (each === column ? value : null)),
        ];
        for (const rows of [[row(1)], [row(1), row(2)]]) {
          const error = await refusal(write(target, { op: 'insert', shape: t, rows, generated: false }));
          expect([column, error.code, error.class]).toEqual([column, code, 'row']);
          expect(JSON.stringify(error) + error.message + String(error.cause)).not.toMatch(/secret|11111|12345|40000/);
        }
      }
      expect(await bench.endpoint.count(ref('t'))).toBe(0);
    });

    test('what constraints refuse names the constraint and no value', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE t (id int PRIMARY KEY, v text CONSTRAINT v_once UNIQUE,
          n int NOT NULL CONSTRAINT n_small CHECK (n < 10),
          p int CONSTRAINT p_parent REFERENCES parent);
        INSERT INTO t VALUES (1, 'secret', 1)`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      const insert = (...row: Row): Promise<TandemError> =>
        refusal(write(target, { op: 'insert', shape: t, rows: [row], generated: false }));
      const duplicate = await insert(2, 'secret', 1, null);
      expect(duplicate).toMatchObject({ code: 'TD7001', details: { at: { table: 'public.t', constraint: 'v_once' } } });
      expect(JSON.stringify(duplicate) + duplicate.message + String(duplicate.cause)).not.toContain('secret');
      expect(await insert(2, 'b', null, null)).toMatchObject({ code: 'TD7003', details: { at: { column: 'n' } } });
      expect(await insert(2, 'b', 10, null)).toMatchObject({
        code: 'TD7004',
        details: { at: { constraint: 'n_small' } },
      });
      expect(await insert(2, 'b', 1, 7)).toMatchObject({ code: 'TD7002', details: { at: { constraint: 'p_parent' } } });
      await bench.sql('ALTER TABLE t DROP COLUMN v');
      expect(await insert(2, 'b', 1, null)).toMatchObject({ code: 'TD7005', class: 'schema' });
    });

    test('triggers can tell that it is Tandem who writes', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE t (id int PRIMARY KEY, by text);
        CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF current_setting('tandem.apply', true) = 'on' THEN RETURN new; END IF;
          new.by := 'trigger'; RETURN new; END $$;
        CREATE TRIGGER mark BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION mark();
        INSERT INTO t VALUES (1)`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      await write(target, { op: 'insert', shape: await shape(bench, 't'), rows: [[2, null]], generated: false });
      expect(await bench.sql('SELECT * FROM t ORDER BY id')).toEqual([
        ['1', 'trigger'],
        ['2', null],
      ]);
    });

    test('locked rows are those of now, and stay locked', async () => {
      await using bench = await openPostgres(server);
      await using other = await openPostgres(server, bench.url);
      await bench.sql(
        "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old'), (2, 'old'), (3, 'old')",
      );
      await bench.provision([]);
      const { target, held } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      await bench.sql("BEGIN; UPDATE t SET v = 'new' WHERE id = 1; DELETE FROM t WHERE id = 2");
      const transaction = await target.begin(held, move);
      const locking = transaction.lock(t, [[3], [2], [1]]);
      const waits = async (): Promise<boolean> =>
        (
          await other.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          )
        ).length > 0;
      while (!(await waits())) await bench.context.sleep(10);
      await bench.sql('COMMIT');
      expect(await locking).toEqual([[3, 'old'], null, [1, 'new']]);
      await bench.sql("SET lock_timeout = '1ms'");
      await expect(bench.sql("UPDATE t SET v = 'x' WHERE id = 3")).rejects.toThrow('lock timeout');
      expect(await transaction.find(t, [1], [['old'], ['none'], ['old']])).toEqual([[3, 'old']]);
      expect(
        await transaction.find(
          t,
          [0, 1],
          [
            [1, 'new'],
            [3, 'new'],
          ],
        ),
      ).toEqual([[1, 'new']]);
      await transaction.rollback();
    });

    test('has one connection, also for those who ask at the same time, and leaves none behind', async () => {
      await using bench = await openPostgres(server);
      await bench.sql('CREATE TABLE t (id int PRIMARY KEY)');
      const count = async () =>
        (await bench.sql('SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()'))[0]?.[0];
      const t = await shape(bench, 't');
      const before = await count();
      const target = await bench.endpoint.target();
      await Promise.all([1, 2, 3].map((id) => target.find(t, [0], [[id]])));
      await target[Symbol.asyncDispose]();
      await expect.poll(count).toBe(before);
    });

    test('a lock that is not to be had in time is tried again, not parked', async () => {
      await using bench = await openPostgres(server);
      await using other = await openPostgres(server, bench.url);
      await bench.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
      await bench.provision([]);
      await bench.sql('BEGIN; UPDATE t SET id = id');
      const { target } = await takeTarget(other);
      await using _ = target;
      const error = await refusal(write(target, { op: 'delete', shape: await shape(other, 't'), keys: [[1]] }));
      expect(error).toMatchObject({ code: 'TD7007', class: 'transient' });
    });

    test('a commit that fails, one that is answered by ROLLBACK, and one that is not answered', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`);
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      const begin = async (): Promise<TargetTransaction> => target.begin(await target.takeOver('s', 'l'), move);
      const insert = (id: number, p: number | null): WriteRun => ({
        op: 'insert',
        shape: t,
        rows: [[id, p]],
        generated: false,
      });

      const before = (await target.checkpoint('s', 'l'))?.seq ?? 0;
      const deferred = await begin();
      await deferred.write(insert(1, 7));
      expect(await refusal(deferred.commit())).toMatchObject({ code: 'TD7002', class: 'row' });
      await deferred.rollback();

      const overlooked = await begin();
      await overlooked.write(insert(1, null));
      await refusal(overlooked.write(insert(1, null)));
      expect(await refusal(overlooked.commit())).toMatchObject({ code: 'TD7010', details: { found: 'ROLLBACK' } });
      await overlooked.rollback();

      const unanswered = await begin();
      await unanswered.write(insert(1, null));
      await bench.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
      expect(await refusal(unanswered.commit())).toMatchObject({ code: 'TD7010', class: 'transient' });
      await unanswered.rollback();

      // The target connects again by itself; of the three nothing has come to pass but their take-overs.
      expect((await target.checkpoint('s', 'l'))?.seq).toBe(before + 3);
      expect(await bench.endpoint.count(ref('t'))).toBe(0);
      await write(target, insert(1, null));
      expect(await bench.endpoint.count(ref('t'))).toBe(1);
    });

    test('the checkpoint moves with the transaction, and only by who holds it', async () => {
      await using bench = await openPostgres(server);
      await bench.provision([]);
      const { target: first, held } = await takeTarget(bench);
      await using _ = first;
      const { target: second } = await takeTarget(bench);
      await using __ = second;
      const current = await first.takeOver('s', 'l');
      expect(current).toMatchObject({ ...move, stream: 's', lane: 'l', epoch: held.epoch + 2, seq: held.seq + 2 });
      const open = await first.begin(current, { ...move, position: 'p2' as Position });
      let taken: Checkpoint | null = null;
      const taking = second.takeOver('s', 'l').then((row) => (taken = row));
      const waits = async (): Promise<boolean> =>
        (
          await bench.sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          )
        ).length > 0;
      while (!(await waits())) await bench.context.sleep(10);
      expect(taken).toBeNull();
      await open.commit();
      expect(await taking).toMatchObject({ position: 'p2', seq: current.seq + 2, epoch: current.epoch + 1 });
      expect(await refusal(first.begin({ ...current, seq: current.seq + 2 }, move))).toMatchObject({
        code: 'TD9001',
        class: 'fenced',
      });
      const next = await second.begin(await taking, { ...move, position: 'p3' as Position });
      await next.rollback();
      expect(await second.checkpoint('s', 'l')).toMatchObject({ position: 'p2', seq: current.seq + 2 });
      expect(await second.checkpoint('s', 'other')).toBeNull();
      expect((await refusal(second.takeOver('s', 'other'))).code).toBe('TD5013');
      await bench.sql('DROP SCHEMA tandem CASCADE');
      expect((await refusal(second.checkpoint('s', 'l'))).code).toBe('TD5013');
    });

    test('a type that changes under a prepared statement costs one attempt, not the target', async () => {
      await using bench = await openPostgres(server);
      await bench.sql('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 5)');
      await bench.provision([]);
      const { target } = await takeTarget(bench);
      await using _ = target;
      const t = await shape(bench, 't');
      expect(await target.find(t, [0], [[1]])).toEqual([[1, 5]]);
      await bench.sql('ALTER TABLE t ALTER v TYPE int8');
      expect(await refusal(target.find(t, [0], [[1]]))).toMatchObject({ code: 'TD4005', class: 'transient' });
      expect(await target.find(await shape(bench, 't'), [0], [[1]])).toEqual([[1, 5n]]);
    });

    test('a scan returns every row once, in key order', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE t (a text, b int, v text, PRIMARY KEY (b, a));
        INSERT INTO t SELECT 'k' || i % 7, i / 7, 'v' FROM generate_series(1, 9000) i`);
      const seen: Row[] = [];
      for await (const rows of bench.endpoint.scan(await shape(bench, 't'))) seen.push(...rows);
      const all = await bench.sql('SELECT a, b, v FROM t ORDER BY b, a');
      expect(seen.map((row) => row.map(String))).toEqual(all);
    });
  });
}
