import { expect, test } from 'vitest';
import { openSamplePair } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

// Both sides may live on one server. PostgreSQL's slots are the cluster's, so each side's has a name of its own; MySQL
// and MariaDB have one log for all databases, so each reader finds the other side's writes in its log, too.

for (const engine of ['postgres', 'mysql', 'mariadb'] as const) {
  await describeServers(`two databases of one ${engine} server`, { server: engine }, ({ server }) => {
    test('are kept in step like any two', { timeout: 120_000 }, async () => {
      await using pair = await openFaultPair({ left: server, right: server });
      const writers = createWriters(pair.sides, 11);
      const first = await pair.start();
      await whileWriting(() => progress(pair, 10), writers);
      await expectInStep(pair, first, writers);
      await first.stop();
      // What both sides wrote meanwhile is read back after a restart, from logs that hold everybody's.
      const more = createWriters(pair.sides, 12, 10_000);
      const enough = () => expect.poll(() => more.confirmed.left.length, { timeout: 60_000 }).toBeGreaterThan(10);
      await whileWriting(enough, more);
      await expectInStep(pair, await pair.start(), more);
    });
  });
}

await describeServers('two syncs of one name on one cluster', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('do not take each other for themselves', async () => {
    await using pair = await openSamplePair(servers);
    const { name } = pair.declaration;
    const second = openSamplePair(servers, { declare: (declaration) => ({ ...declaration, name }) });
    await expect(second).rejects.toMatchObject({ code: 'TD5017', details: { at: { slot: `tandem_${name}_left` } } });
  });
});
