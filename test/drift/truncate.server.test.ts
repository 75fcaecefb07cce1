import { expect, test } from 'vitest';
import { createSync } from '../../src/engine/sync.ts';
import { describeServers } from '../servers.ts';
import { declarationOf, expectEqual, fill, openDriftPair, patience, untilHealed, untilStopped } from './stage.ts';

await describeServers('a table that is truncated', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('stops its group, and is emptied on the other side once that is asked for', { timeout: 200_000 }, async () => {
    await using pair = await openDriftPair(servers);
    const sync = await pair.start();
    await fill(pair, sync);
    await pair.run('left', 'TRUNCATE notes');
    await untilStopped(pair, 'TD7011');
    expect(await pair.connections.right.query('SELECT count(*) AS n FROM notes')).toEqual([{ n: 2 }]);
    const note = "INSERT INTO notes (item_id, body) SELECT id, 'right' FROM items WHERE sku = 'c'";
    await pair.run('right', note);
    await sync.stop();
    const declaration = declarationOf(pair.declaration, (link) => ({ ...link, truncate: 'apply' }));
    const next = await createSync({ declaration, context: pair.context });
    try {
      await untilHealed(pair);
      await expect
        .poll(() => pair.connections.left.query('SELECT body FROM notes'), patience)
        .toEqual([{ body: 'right' }]);
      await expectEqual(pair, next);
    } finally {
      await next.stop();
    }
  });
});

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(
    `a table of ${right} that is dropped and made again at once`,
    { left: 'postgres', right },
    (servers) => {
      const ways = { mysql: ['DROP TABLE notes'], mariadb: ['DROP TABLE notes', null] }[right];
      test.each(ways)('stops its group as one that is emptied: %s', { timeout: 200_000 }, async (drop) => {
        await using pair = await openDriftPair(servers);
        const sync = await pair.start();
        await fill(pair, sync);
        const [shown] = await pair.connections.right.query('SHOW CREATE TABLE notes');
        const create = String(shown?.['Create Table']);
        const again = drop === null ? [create.replace('CREATE', 'CREATE OR REPLACE')] : [drop, create];
        await pair.run(
          'right',
          ...again,
          "INSERT INTO notes (item_id, body) SELECT id, 'new' FROM items WHERE sku = 'c'",
        );
        await untilStopped(pair, 'TD7011');
        expect(await pair.connections.left.query('SELECT count(*)::int AS n FROM notes')).toEqual([{ n: 2 }]);
        await pair.run('left', "UPDATE other SET value = 'uno' WHERE id = 1");
        const value = 'SELECT value FROM other WHERE id = 1';
        await expect.poll(() => pair.connections.right.query(value), patience).toEqual([{ value: 'uno' }]);
        await sync.stop();
        const declaration = declarationOf(pair.declaration, (link) => ({ ...link, truncate: 'apply' }));
        const next = await createSync({ declaration, context: pair.context });
        try {
          await untilHealed(pair);
          await expectEqual(pair, next);
          expect(await pair.connections.left.query('SELECT body FROM notes')).toEqual([{ body: 'new' }]);
        } finally {
          await next.stop();
        }
      });
    },
  );
}
