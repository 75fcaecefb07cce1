import { expect, test } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import { otherSide } from '../../src/model/policy.ts';
import { openHome } from '../sample-process.ts';
import { describeServers } from '../servers.ts';
import { auditLedger, createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

/** An application's transaction that keeps a row until it is told to let go. */
async function holdRow(connection: Connection): Promise<() => Promise<unknown>> {
  await connection.execute('BEGIN');
  await connection.execute("UPDATE registers SET value = 'held' WHERE id = 0");
  return () => connection.execute('ROLLBACK');
}

/** Connections to this database that wait for a row. */
async function countWaiting(connection: Connection): Promise<number> {
  const sql =
    connection.engine === 'postgres'
      ? "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      : `SELECT count(*) AS n FROM information_schema.innodb_trx t
         JOIN information_schema.processlist p ON p.ID = t.trx_mysql_thread_id
         WHERE p.DB = DATABASE() AND t.trx_state = 'LOCK WAIT'`;
  return Number((await connection.query(sql))[0]?.['n']);
}

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(
    `two engines on one sync of PostgreSQL and ${right}`,
    { left: 'postgres', right },
    (servers) => {
      test('never both write: the older one ends as soon as it tries', { timeout: 120_000 }, async () => {
        await using pair = await openFaultPair(servers);
        const older = await pair.start();
        let running = older;
        const ended = older.finished.then(
          () => 'in peace',
          (error: { code: string }) => error.code,
        );
        const writers = createWriters(pair.sides, 3);
        await whileWriting(async () => {
          await progress(pair);
          const younger = pair.start();
          expect(await ended).toBe('TD9001');
          running = await younger;
          await progress(pair);
        }, writers);
        await expectInStep(pair, running, writers);
      });

      test.each(['left', 'right'] as const)(
        'one that was stopped inside a transaction on the %s finds itself replaced, and exits',
        { timeout: 240_000 },
        async (side) => {
          await using pair = await openFaultPair(servers);
          await using home = await openHome(pair);
          const writers = createWriters(pair.sides, 4);
          const older = home.run();
          await whileWriting(() => progress(pair, 1, older), writers);
          await expect.poll(() => auditLedger(pair.connections, writers), { timeout: 60_000 }).toEqual([]);
          const release = await holdRow(pair.connections[side]);
          await pair.connections[otherSide(side)].execute("UPDATE registers SET value = 'wanted' WHERE id = 0");
          // InnoDB does not renew its answer while it is asked more often than every 100 ms.
          const slowly = { timeout: 60_000, interval: 300 };
          await expect.poll(() => countWaiting(pair.connections[side]), slowly).toBeGreaterThan(0);
          older.send('SIGSTOP');
          await release();
          const younger = home.run();
          await expect.poll(() => younger.talk(), { timeout: 60_000 }).toContain('a transaction of a predecessor');
          const more = createWriters(pair.sides, 5, 100_000);
          await whileWriting(async () => {
            await progress(pair, 1, younger);
            older.send('SIGCONT');
            expect(await older.ended, older.talk()).toEqual([1, null]);
            expect(older.talk()).toContain('TD9001');
            await progress(pair, 1, younger);
          }, more);
          younger.send('SIGTERM');
          expect(await younger.ended, younger.talk()).toEqual([0, null]);
          await expectInStep(pair, await pair.start(), more);
        },
      );
    },
  );
}
