import { expect, test } from 'vitest';
import { openPostgres, type PostgresBench, readUntil, ref } from '../../../test/postgres.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Position, Transaction } from '../../model/change.ts';
import type { Source } from '../../model/endpoint.ts';
import { parseLsn, parsePosition } from './position.ts';

const never = new AbortController().signal;

function rowsOf(transactions: readonly Transaction[]): unknown[] {
  return transactions.map(({ changes }) => changes.map(({ op, before, after }) => [op, before, after]));
}

/** Opens a database with a table `t (id, v, big)`, captured by a slot. */
async function withTable(
  bench: PostgresBench,
  identity = 'FULL',
): Promise<{ from: Position; open: () => Promise<Source> }> {
  await bench.sql('CREATE TABLE t (id int PRIMARY KEY, v text, big text)');
  await bench.provision([ref('t')]);
  await bench.sql(`ALTER TABLE t REPLICA IDENTITY ${identity}`);
  const from = await bench.endpoint.logEnd();
  const open = async (): Promise<Source> =>
    bench.endpoint.source({ tables: [await bench.inspect('t')], chunkRows: 1000 });
  return { from, open };
}

/** Asks until the answer is right; a test that never gets it ends by its own time limit. */
async function eventually(bench: PostgresBench, question: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await question())) await bench.context.sleep(10);
}

async function confirmed(bench: PostgresBench): Promise<bigint> {
  const [[lsn = '0/0'] = []] = await bench.sql(
    `SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '${bench.slot}'`,
  );
  return parseLsn(lsn);
}

for (const name of ['postgres-15', 'postgres-18'] as const) {
  await describeServers(`capture of ${name}`, { server: name }, ({ server }) => {
    test('transactions come in commit order, whole, with both rows', async () => {
      await using bench = await openPostgres(server);
      await using other = await openPostgres(server, bench.url);
      const { from, open } = await withTable(bench);
      await other.sql("BEGIN; INSERT INTO t VALUES (1, 'first to begin')");
      await bench.sql("INSERT INTO t VALUES (2, 'a'); UPDATE t SET v = 'b' WHERE id = 2");
      await bench.sql('CREATE TABLE unwanted (id int); INSERT INTO unwanted VALUES (1)');
      await other.sql('COMMIT');
      await bench.sql('BEGIN; INSERT INTO t VALUES (9); ROLLBACK');
      await bench.sql('DELETE FROM t WHERE id = 2');
      const seen = await readUntil(await open(), from, (all) => all.length === 3);
      expect(rowsOf(seen)).toEqual([
        [
          ['insert', null, [2, 'a', null]],
          ['update', [2, 'a', null], [2, 'b', null]],
        ],
        [['insert', null, [1, 'first to begin', null]]],
        [['delete', [2, 'b', null], null]],
      ]);
      const [[now = ''] = []] = await bench.sql('SELECT (extract(epoch FROM now()) * 1e6)::int8');
      for (const { committedAtUs, part, last } of seen) {
        expect([part, last]).toEqual([0, true]);
        expect(Math.abs(Number(now) - committedAtUs)).toBeLessThan(60e6);
      }
    });

    test('reading goes on after any position, and nowhere else', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      for (let id = 1; id <= 5; id++) await bench.sql(`INSERT INTO t VALUES (${id})`);
      const all = await readUntil(await open(), from, (seen) => seen.length === 5);
      for (const [at, { position }] of all.slice(0, 4).entries()) {
        const rest = await readUntil(await open(), position, (seen) => seen.length === 4 - at);
        expect(rowsOf(rest)).toEqual(rowsOf(all.slice(at + 1)));
      }
    });

    test('a giant transaction comes in parts, and reading goes on after each', async () => {
      await using bench = await openPostgres(server);
      const { from } = await withTable(bench);
      await bench.sql('CREATE TABLE u (id int PRIMARY KEY)');
      await bench.provision([ref('t'), ref('u')]);
      // Changes of tables that are not wanted count too, so that a part stays the same when the wish changes.
      await bench.sql(`INSERT INTO u SELECT generate_series(1, 3);
        INSERT INTO t SELECT i, 'x' FROM generate_series(1, 25) i; DELETE FROM u; DELETE FROM t WHERE id <= 5`);
      await bench.sql('INSERT INTO t VALUES (100)');
      const tables = [await bench.inspect('t')];
      const source = (): Source => bench.endpoint.source({ tables, chunkRows: 10 });
      const seen = await readUntil(source(), from, (all) => all.length === 4);
      expect(seen.map(({ changes, part, last }) => [changes.length, part, last])).toEqual([
        [10, 0, false],
        [10, 1, false],
        [10, 2, true],
        [1, 0, true],
      ]);
      for (const [at, { position }] of seen.slice(0, 3).entries()) {
        const rest = await readUntil(source(), position, (all) => all.length === 3 - at);
        expect(rowsOf(rest)).toEqual(rowsOf(seen.slice(at + 1)));
        expect(rest.at(-2)?.part ?? 1).toBeGreaterThan(0);
        const { positions } = bench.endpoint;
        expect(positions.covers(seen[at + 1]?.position ?? from, position)).toBe(true);
        expect(positions.covers(position, seen[at + 1]?.position ?? from)).toBe(false);
      }
    });

    test('key changes, values out of line, NULL beside them', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      const big = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i)";
      await bench.sql('ALTER TABLE t ALTER big SET STORAGE EXTERNAL');
      await bench.sql(`INSERT INTO t VALUES (1, 'a', ${big})`);
      await bench.sql("UPDATE t SET v = 'b'");
      await bench.sql('UPDATE t SET id = 2, v = NULL');
      await bench.sql('UPDATE t SET big = NULL');
      await bench.sql('ALTER TABLE t REPLICA IDENTITY DEFAULT');
      await bench.sql(`UPDATE t SET big = ${big}`);
      await bench.sql("UPDATE t SET v = 'c'");
      await bench.sql('UPDATE t SET id = 3');
      await bench.sql('DELETE FROM t');
      const seen = await readUntil(await open(), from, (all) => all.length === 8);
      const [[text = ''] = []] = await bench.sql(`SELECT ${big}`);
      expect(rowsOf(seen).flat()).toEqual([
        ['insert', null, [1, 'a', text]],
        ['update', [1, 'a', text], [1, 'b', text]],
        ['update', [1, 'b', text], [2, null, text]],
        ['update', [2, null, text], [2, null, null]],
        ['update', [2, undefined, undefined], [2, null, text]],
        ['update', [2, undefined, undefined], [2, 'c', undefined]],
        ['update', [2, undefined, undefined], [3, 'c', undefined]],
        ['delete', [3, undefined, undefined], null],
      ]);
    });

    test('TRUNCATE, and columns that come and go', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      await bench.sql('INSERT INTO t VALUES (1); TRUNCATE t');
      await bench.sql('ALTER TABLE t ADD COLUMN n int8 NOT NULL DEFAULT 7; INSERT INTO t VALUES (2)');
      await bench.sql('ALTER TABLE t DROP COLUMN v');
      await bench.sql('INSERT INTO t VALUES (3)');
      const seen = await readUntil(await open(), from, (all) => all.length === 3);
      expect(rowsOf(seen)).toEqual([
        [
          ['insert', null, [1, null, null]],
          ['truncate', null, null],
        ],
        [['insert', null, [2, null, null, 7n]]],
        [['insert', null, [3, null, 7n]]],
      ]);
      const tables = seen.flatMap(({ changes }) => changes.map(({ table }) => table));
      expect(new Set(tables).size).toBe(3);
      expect(tables.at(-1)?.columns).toEqual(['id', 'big', 'n']);
    });

    test('a partitioned table is one table, whole old rows included', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE p (id int, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
        CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)`);
      expect(await bench.endpoint.tables()).toEqual([ref('p')]);
      expect((await bench.inspect('p')).fullImages).toBe(false);
      await bench.provision([ref('p')]);
      expect(await bench.endpoint.missing([ref('p')])).toEqual([]);
      const table = await bench.inspect('p');
      expect(table.fullImages).toBe(true);
      const from = await bench.endpoint.firstPosition();
      await bench.sql("INSERT INTO p VALUES (1, 'a'), (11, 'b'); UPDATE p SET v = 'c' WHERE id = 11");
      const source = bench.endpoint.source({ tables: [table], chunkRows: 100 });
      const seen = await readUntil(source, from, (all) => all.length === 1);
      expect(rowsOf(seen).flat()).toEqual([
        ['insert', null, [1, 'a']],
        ['insert', null, [11, 'b']],
        ['update', [11, 'b'], [11, 'c']],
      ]);
      expect(seen[0]?.changes[0]?.table.ref).toEqual(ref('p'));
    });

    test('what is not acknowledged comes again, however long the reader lived', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      const before = await confirmed(bench);
      await bench.sql('INSERT INTO t VALUES (1)');
      await bench.sql('INSERT INTO t VALUES (2)');
      const source = await open();
      const reader = source.read(from, never)[Symbol.asyncIterator]();
      await reader.next();
      await reader.next();
      // Two status updates go by, after everything was received.
      const replies = async (): Promise<string> =>
        (
          await bench.sql("SELECT max(reply_time) FROM pg_stat_replication WHERE application_name = 'tandem'")
        )[0]?.[0] ?? '';
      const first = await replies();
      await eventually(bench, async () => (await replies()) > first);
      const second = await replies();
      await eventually(bench, async () => (await replies()) > second);
      expect(await confirmed(bench)).toBe(before);
      await reader.return?.();
      expect(rowsOf(await readUntil(await open(), from, (all) => all.length === 2)).flat()).toEqual([
        ['insert', null, [1, null, null]],
        ['insert', null, [2, null, null]],
      ]);
    });

    test('a transaction whose handler failed comes again, also when later ones were received', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      for (const id of [1, 2, 3]) await bench.sql(`INSERT INTO t VALUES (${id})`);
      const source = await open();
      const applied: Transaction[] = [];
      const run = async (start: Position, failsAt: number): Promise<void> => {
        for await (const transaction of source.read(start, never)) {
          if (transaction.changes[0]?.after?.[0] === failsAt) throw new Error('handler failed');
          applied.push(transaction);
          source.ack(transaction.position);
          if (applied.length === 3) break;
        }
      };
      await expect(run(from, 2)).rejects.toThrow('handler failed');
      const held = applied.at(-1)?.position ?? from;
      await bench.endpoint.verifyPosition(held);
      await run(held, 0);
      expect(rowsOf(applied).flat()).toHaveLength(3);
      expect(rowsOf(applied).flat().at(1)).toEqual(['insert', null, [2, null, null]]);
    });

    test('the slot follows what is acknowledged, exactly and never back', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      for (const id of [1, 2, 3]) await bench.sql(`INSERT INTO t VALUES (${id})`);
      const source = await open();
      const reader = source.read(from, never)[Symbol.asyncIterator]();
      const seen: Transaction[] = [];
      for (let each = 0; each < 3; each++) seen.push((await reader.next()).value as Transaction);
      const [first, second] = seen.map(({ position }) => position);
      if (first === undefined || second === undefined) throw new Error('too few');
      source.ack(second);
      source.ack(first);
      await eventually(bench, async () => (await confirmed(bench)) >= parsePosition(second).lsn);
      expect(await confirmed(bench)).toBe(parsePosition(second).lsn + 1n);
      await reader.return?.();
      const rest = await readUntil(await open(), second, (all) => all.length === 1);
      expect(rowsOf(rest).flat()).toEqual([['insert', null, [3, null, null]]]);
      await expect(bench.endpoint.verifyPosition(first)).rejects.toMatchObject({ code: 'TD6003' });
      await expect(readUntil(await open(), first, () => true)).rejects.toMatchObject({ code: 'TD6003' });
    });

    test('the position reaches the end of the log although nothing of interest happens', async () => {
      await using bench = await openPostgres(server);
      await using other = await openPostgres(server, bench.url);
      const { from, open } = await withTable(bench);
      await bench.sql('CREATE TABLE elsewhere (id int)');
      const source = await open();
      const stop = new AbortController();
      const reading = source.read(from, stop.signal)[Symbol.asyncIterator]().next();
      const reachesEnd = async (): Promise<void> => {
        const end = await bench.endpoint.logEnd();
        // A walsender sends only what is on disk, and sooner or later everything gets there by itself: not the point
        // here.
        const [[flushed = ''] = []] = await bench.sql('SELECT pg_current_wal_flush_lsn()');
        expect(parseLsn(flushed)).toBeGreaterThan(parsePosition(end).lsn);
        await eventually(bench, () => bench.endpoint.positions.covers(source.position(), end));
      };
      await reachesEnd();
      await bench.sql('INSERT INTO elsewhere VALUES (1)');
      await reachesEnd();
      await bench.sql('SET synchronous_commit = off');
      await bench.sql('INSERT INTO elsewhere VALUES (2)');
      await reachesEnd();
      // Written, but neither committed nor flushed.
      await other.sql('BEGIN; INSERT INTO elsewhere VALUES (3)');
      await reachesEnd();
      await reachesEnd();
      stop.abort();
      expect((await reading).done).toBe(true);
      await bench.endpoint.verifyPosition(source.position());
      expect(await bench.endpoint.behind(source.position())).toMatchObject({ unit: 'bytes' });
    });

    test('a second reader is told that the slot is busy', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      await bench.sql('INSERT INTO t VALUES (1)');
      const reader = (await open()).read(from, never)[Symbol.asyncIterator]();
      await reader.next();
      await expect(readUntil(await open(), from, () => true)).rejects.toMatchObject({
        code: 'TD6009',
        class: 'transient',
      });
      await reader.return?.();
      expect(await readUntil(await open(), from, () => true)).toHaveLength(1);
    });

    test('a position without its log is never read on from', async () => {
      await using bench = await openPostgres(server);
      const { from, open } = await withTable(bench);
      const [system = '', timeline = '', high = ''] = from.split('/');
      const verify = (position: string): Promise<void> => bench.endpoint.verifyPosition(position as Position);
      await verify(from);
      await expect(verify(`1${system}/${timeline}/${high}/0`)).rejects.toMatchObject({ code: 'TD6005' });
      await expect(verify(`${system}/${Number(timeline) + 1}/${high}/0`)).rejects.toMatchObject({ code: 'TD6005' });
      await expect(verify(`${system}/${timeline}/FFFF/0`)).rejects.toMatchObject({ code: 'TD6004' });
      await bench.sql('INSERT INTO t VALUES (1)');
      await bench.sql(`SELECT pg_drop_replication_slot('${bench.slot}')`);
      await expect(verify(from)).rejects.toMatchObject({ code: 'TD6001', class: 'history' });
      await expect(bench.endpoint.firstPosition()).rejects.toMatchObject({ code: 'TD5013' });
      await expect(readUntil(await open(), from, () => true)).rejects.toMatchObject({ code: 'TD6001' });
      // A slot of the same name, made anew, begins after the insert.
      await bench.provision([ref('t')]);
      await expect(verify(from)).rejects.toMatchObject({ code: 'TD6003' });
    });
  });
}
