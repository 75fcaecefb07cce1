import { expect, test } from 'vitest';
import { openPostgres, type PostgresBench, ref, shapeOf } from '../../../test/postgres.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Position } from '../../model/change.ts';
import type { Target, WriteRun } from '../../model/endpoint.ts';
import type { Row } from '../../model/value.ts';

// Figures to look at, printed and not asserted: they depend on the machine and on what else it does.

const rows = 100_000;
const TABLE = `CREATE TABLE t (id int PRIMARY KEY, name text, email text, amount numeric(10,2), active boolean,
  at timestamptz, big int8, note text)`;
const VALUES = `i, 'name ' || i, i || '@example.org', i / 7.0, i % 2 = 0,
  '2024-01-31 12:00:00+00', i * 1000000::int8, 'note'`;

function say(what: string, count: number, startedMs: number, bench: PostgresBench): void {
  const seconds = (bench.context.nowMs() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(used);
  used = process.cpuUsage();
  const own = ((user + system) / count).toFixed(1);
  process.stderr.write(`${what}: ${Math.round(count / seconds)} rows/s, ${own} us/row of our own\n`);
}

let used = process.cpuUsage();

await describeServers('speed', { server: 'postgres-15' }, ({ server }) => {
  test('a backlog is drained', async () => {
    await using bench = await openPostgres(server);
    await bench.sql(TABLE);
    await bench.provision([ref('t')]);
    const from = await bench.endpoint.firstPosition();
    await bench.sql(`DO $$ BEGIN FOR b IN 0..${rows / 500 - 1} LOOP
      INSERT INTO t SELECT ${VALUES} FROM generate_series(b * 500 + 1, b * 500 + 500) i; COMMIT; END LOOP; END $$`);
    await bench.sql(
      `DO $$ BEGIN FOR i IN 1..20000 LOOP UPDATE t SET name = 'n' WHERE id = i; COMMIT; END LOOP; END $$`,
    );
    const source = bench.endpoint.source({ tables: [await bench.inspect('t')], chunkRows: 10_000 });
    const marks = [rows, 20_000];
    let count = 0;
    let started = bench.context.nowMs();
    for await (const { changes } of source.read(from, new AbortController().signal)) {
      count += changes.length;
      if (count < (marks[0] ?? 0)) continue;
      say(
        marks.length === 2 ? 'capture, 500 rows a transaction' : 'capture, 1 row a transaction',
        count,
        started,
        bench,
      );
      marks.shift();
      if (marks.length === 0) break;
      count = 0;
      started = bench.context.nowMs();
    }
    expect(count).toBe(20_000);
  });

  test('runs are written', async () => {
    await using bench = await openPostgres(server);
    await bench.sql(TABLE);
    await bench.provision([]);
    const shape = shapeOf(await bench.inspect('t'));
    await using target = await bench.endpoint.target();
    const move = { position: 'p' as Position, floor: null, known: null, effectiveUs: 0 };
    await target.seed('s', 'l', move);
    let held = await target.takeOver('s', 'l');
    const image = (id: number): Row => [
      id,
      `name ${id}`,
      `${id}@example.org`,
      '1.50',
      true,
      '2024-01-31 12:00:00',
      5n,
      'note',
    ];
    const write = async (to: Target, run: WriteRun): Promise<void> => {
      const transaction = await to.begin(held, move);
      if (run.op !== 'insert') await transaction.lock(shape, run.keys);
      await transaction.write(run);
      await transaction.commit();
      held = { ...held, seq: held.seq + 1 };
    };
    const all = async (what: string, size: number, count: number, run: (images: Row[]) => WriteRun): Promise<void> => {
      const started = bench.context.nowMs();
      for (let first = 1; first <= count; first += size) {
        await write(target, run(Array.from({ length: size }, (_, at) => image(first + at))));
      }
      say(`${what}, ${size} a run`, count, started, bench);
    };
    const keys = (images: Row[]): Row[] => images.map(([id]) => [id]);
    await all('insert', 1000, rows, (images) => ({ op: 'insert', shape, rows: images, generated: false }));
    await all('lock + update', 1000, rows, (images) => ({ op: 'update', shape, keys: keys(images), rows: images }));
    await all('lock + update', 1, 2000, (images) => ({ op: 'update', shape, keys: keys(images), rows: images }));
    await all('lock + delete', 1000, rows, (images) => ({ op: 'delete', shape, keys: keys(images) }));
    expect(await bench.endpoint.count(ref('t'))).toBe(0);
  });
});
