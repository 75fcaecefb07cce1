import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLoad } from '../../src/cli/demo/load.ts';
import { createRandom } from '../../src/cli/demo/random.ts';
import { openHome } from '../sample-process.ts';
import { describeServers } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair, progress, whileWriting } from './stage.ts';

const kills = 8;
const longestDelayMs = 150;

await describeServers(
  'an engine that is killed again and again',
  { left: 'postgres', mysql: 'mysql', mariadb: 'mariadb' },
  (servers) => {
    test.each(['mysql', 'mariadb'] as const)(
      'loses and repeats nothing, on PostgreSQL and %s',
      {
        timeout: 240_000,
      },
      async (right) => {
        const seed = Date.now() % 1_000_000;
        console.info(`${right}: seed ${seed}`);
        const random = createRandom(seed);
        await using pair = await openFaultPair({ left: servers.left, right: servers[right] });
        await using home = await openHome(pair);
        const writers = createWriters(pair.sides, seed);
        await using load = await createLoad({ ...pair.sides, seed, ratePerSecond: 30 });
        await whileWriting(
          async () => {
            for (let kill = 0; kill < kills; kill += 1) {
              const engine = home.run();
              // Some lives end in the middle of the work, some while the logs are read again at the start.
              if (random.chance(0.7)) await progress(pair, 1, engine);
              else await expect.poll(() => engine.talk(), { timeout: 60_000 }).toContain('started');
              await sleep(random.below(longestDelayMs));
              engine.send('SIGKILL');
              expect(await engine.ended, engine.talk()).toEqual([null, 'SIGKILL']);
            }
          },
          writers,
          load,
        );
        await expectInStep(pair, await pair.start(), writers);
        expect(writers.confirmed.left.length).toBeGreaterThan(100);
      },
    );
  },
);
