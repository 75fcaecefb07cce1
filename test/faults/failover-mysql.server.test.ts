import { describe, expect, test } from 'vitest';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import { detach, executed, startReplica, through } from '../replicas.ts';
import { isForeign, sharedServer, startServer } from '../servers.ts';
import { auditLedger, createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';
import { openProxy } from './tcp-proxy.ts';

async function level(primary: Server, replica: Server): Promise<void> {
  const end = await executed(primary);
  await expect.poll(() => executed(replica), { timeout: 60_000 }).toBe(end);
}

for (const engine of ['mysql', 'mariadb'] as const) {
  describe.skipIf(isForeign(engine))(`a failover of ${engine} to a replica`, () => {
    test('goes on by GTID under a running engine, unless the replica lacks changes', { timeout: 240_000 }, async () => {
      await using primary = await startServer(engine);
      await using proxy = await openProxy(primary.port);
      const servers = { left: await sharedServer('postgres'), right: through(proxy, primary) };
      await using pair = await openFaultPair(servers, { leavesServers: true });
      await using replica = await startReplica(primary);
      await using behind = await startReplica(primary);
      const sync = await pair.start();
      await level(primary, behind);
      await detach(behind);
      const writers = createWriters(pair.sides, 41);
      // Several connections at once, so that the replica's workers have something to do side by side.
      const others = [200_000, 300_000, 400_000].map((first) => createWriters(pair.sides, first, first));
      await whileWriting(() => progress(pair, 40), writers, ...others);
      await expectInStep(pair, sync, writers);
      for (const each of others) expect(await auditLedger(pair.connections, each)).toEqual([]);
      await level(primary, replica);
      await primary.kill();
      await detach(replica);
      proxy.redirect(replica.port);
      await pair.reconnect();
      const more = createWriters(pair.sides, 42, 100_000);
      await whileWriting(() => progress(pair, 5), more);
      await expectInStep(pair, sync, more);
      await sync.stop();

      proxy.redirect(behind.port);
      await expect(pair.start()).rejects.toMatchObject({ code: 'TD6004' });
    });
  });
}
