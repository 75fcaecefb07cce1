import { describe, expect, test } from 'vitest';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import type { Side } from '../../src/model/policy.ts';
import { isForeign, sharedServer, startServer } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

const rounds = 2;

for (const engine of ['mysql', 'mariadb'] as const) {
  describe.skipIf(isForeign('postgres') || isForeign(engine))(`servers that end: PostgreSQL and ${engine}`, () => {
    test.each(['kill', 'stop'] as const)('by a %s come back; nothing is lost', { timeout: 240_000 }, async (end) => {
      await using left = await startServer('postgres');
      await using right = await startServer(engine);
      const servers: Readonly<Record<Side, Server>> = { left, right };
      await using pair = await openFaultPair(servers);
      const sync = await pair.start();
      const writers = createWriters(pair.sides, 9);
      await whileWriting(async () => {
        for (let round = 0; round < rounds; round += 1) {
          for (const side of ['left', 'right'] as const) {
            await servers[side][end]();
            await servers[side].start();
            await pair.reconnect();
            await progress(pair);
          }
        }
        await Promise.all([left[end](), right[end]()]);
        await Promise.all([left.start(), right.start()]);
        await pair.reconnect();
        await progress(pair);
      }, writers);
      await expectInStep(pair, sync, writers);
      expect(pair.log.some(({ message }) => message === 'went on after retries')).toBe(true);
    });

    test('are waited for at the start', { timeout: 120_000 }, async () => {
      await using right = await startServer(engine);
      await using pair = await openFaultPair({ left: await sharedServer('postgres'), right });
      await right.stop();
      const starting = pair.start();
      const said = (message: string) => pair.log.filter((line) => line.message.includes(message)).length;
      await expect.poll(() => said('waiting until'), { timeout: 30_000 }).toBe(1);
      await right.start();
      await pair.reconnect();
      const sync = await starting;
      expect(said('both databases can be used')).toBe(1);
      const writers = createWriters(pair.sides, 10);
      await whileWriting(() => progress(pair), writers);
      await expectInStep(pair, sync, writers);
    });
  });
}
