import { expect, test } from 'vitest';
import { openHome } from '../sample-process.ts';
import { describeServers } from '../servers.ts';
import { auditLedger, createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

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

      test('one that was stopped with SIGSTOP finds itself replaced, and exits', { timeout: 240_000 }, async () => {
        await using pair = await openFaultPair(servers);
        await using home = await openHome(pair);
        const writers = createWriters(pair.sides, 4);
        const older = home.run();
        await whileWriting(() => progress(pair, 1, older), writers);
        // Between two transactions: an engine that is stopped inside of one keeps its locks until the server ends it.
        await expect.poll(() => auditLedger(pair.connections, writers), { timeout: 60_000 }).toEqual([]);
        older.send('SIGSTOP');
        // A stopped process keeps its connections, and PostgreSQL would keep the slot for it for a minute.
        await pair.connections.left.query(
          `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots
           WHERE active AND database = current_database()`,
        );
        const younger = home.run();
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
      });
    },
  );
}
