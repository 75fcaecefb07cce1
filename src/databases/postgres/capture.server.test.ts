import { expect, test } from 'vitest';
import { openPostgres, readUntil, ref, shapeOf } from '../../../test/postgres.ts';
import { describeServers } from '../../../test/servers.ts';

await describeServers('PostgreSQL capture', { server: 'postgres-15' }, ({ server }) => {
  test('transactions in commit order with both rows', async () => {
    await using bench = await openPostgres(server);
    await bench.sql('CREATE TABLE users (id int PRIMARY KEY, name text, big text)');
    await bench.provision([ref('users')]);
    expect(await bench.endpoint.missing([ref('users')])).toEqual([]);
    const from = await bench.endpoint.firstPosition();
    const tables = [await bench.inspect('users')];
    await bench.sql("INSERT INTO users VALUES (1, 'a', null); UPDATE users SET name = 'b' WHERE id = 1");
    await bench.sql('DELETE FROM users');
    const source = bench.endpoint.source({ tables, chunkRows: 1000 });
    const seen = await readUntil(source, from, (all) => all.length === 2);
    expect(seen.map(({ changes }) => changes.map(({ op, before, after }) => [op, before, after]))).toEqual([
      [
        ['insert', null, [1, 'a', null]],
        ['update', [1, 'a', null], [1, 'b', null]],
      ],
      [['delete', [1, 'b', null], null]],
    ]);
  });

  test('apply', async () => {
    await using bench = await openPostgres(server);
    await bench.sql('CREATE TABLE users (id int PRIMARY KEY, name text, big text)');
    await bench.provision([ref('users')]);
    const shape = shapeOf(await bench.inspect('users'));
    await using target = await bench.endpoint.target();
    const move = { position: await bench.endpoint.logEnd(), floor: null, known: null, effectiveUs: 5 };
    await target.seed('s', 'l', move);
    const held = await target.takeOver('s', 'l');
    const tx = await target.begin(held, move);
    await tx.write({
      op: 'insert',
      shape,
      rows: [
        [1, 'a', 'x'],
        [2, null, '"\\'],
      ],
      generated: false,
    });
    expect(await tx.lock(shape, [[2], [3], [1]])).toEqual([[2, null, '"\\'], null, [1, 'a', 'x']]);
    await tx.commit();
  });
});
