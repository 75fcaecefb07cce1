import { describe, expect, test } from 'vitest';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { SamplePair } from '../sample-pair.ts';
import { describeServers, isForeign, sharedServer, startServer } from '../servers.ts';
import { openFaultPair } from './stage.ts';

// If the log does not show the checkpoint row, the sync takes its own writes for an application's. The self-test at the
// start must find that out before anything is sent back.

async function expectRefusal(pair: SamplePair): Promise<void> {
  await pair.connections.left.execute("INSERT INTO ledger VALUES (1, 'from the left')");
  await pair.connections.right.execute("INSERT INTO ledger VALUES (2, 'from the right')");
  const ended = pair.start().then((sync: Sync) => sync.finished);
  await expect(ended).rejects.toMatchObject({ code: 'TD6008' });
  for (const side of ['left', 'right'] as const) {
    const counts = 'SELECT id, count(*) AS n FROM ledger_inserts GROUP BY id HAVING count(*) > 1';
    expect(await pair.connections[side].query(counts)).toEqual([]);
  }
}

await describeServers('a publication without the state tables', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('is found out before anything comes back', { timeout: 120_000 }, async () => {
    await using pair = await openFaultPair(servers);
    const { name, left } = pair.declaration;
    await pair.connections.left.execute(
      `ALTER PUBLICATION tandem_${name}_left DROP TABLE ${left.stateSchema}.checkpoint`,
    );
    await expectRefusal(pair);
  });
});

for (const engine of ['mysql', 'mariadb'] as const) {
  describe.skipIf(isForeign(engine))(`a binary log of ${engine} without the state tables`, () => {
    test('is found out before anything comes back', { timeout: 120_000 }, async () => {
      const stateSchema = 'tandem_hidden';
      await using right = await startServer(engine, { settings: { binlog_ignore_db: stateSchema } });
      await using pair = await openFaultPair(
        { left: await sharedServer('postgres'), right },
        { declare: (declaration) => ({ ...declaration, right: { ...declaration.right, stateSchema } }) },
      );
      await expectRefusal(pair);
    });
  });
}
