import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import type { LinkDeclaration } from '../../src/mapping/declaration.ts';
import type { Side } from '../../src/model/policy.ts';
import { openSamplePair } from '../sample-pair.ts';
import { openHome } from '../sample-process.ts';
import { describeServers } from '../servers.ts';

/** More by hand: TANDEM_GIANT_ROWS=5000000 npx vitest run test/faults/giant-transaction.server.test.ts */
const rows = Number(process.env['TANDEM_GIANT_ROWS'] ?? 300_000);
const timeoutMs = Math.max(240_000, rows);
/** As values in memory, the rows of the transaction would take more than that. */
const growthMaxMib = 250;

const link: LinkDeclaration = {
  left: 'giant',
  right: 'giant',
  keys: { shared: { left: 'odd', right: 'even' } },
  columns: { id: 'id', body: 'body', at: 'at' },
};
const table = 'CREATE TABLE giant (id bigint PRIMARY KEY, body varchar(200) NOT NULL, at int NOT NULL)';

/** One statement, one transaction, `rows` rows: odd keys on the left, even ones on the right. */
const fill: Readonly<Record<Side, string>> = {
  left: `INSERT INTO giant SELECT 2 * n + 1, repeat(md5(n::text), 3), n FROM generate_series(1, ${rows}) n`,
  right: `INSERT INTO giant WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${rows})
    SELECT 2 * n, REPEAT(LEFT(SHA2(n, 256), 32), 3), n FROM s`,
};

/** Resident memory of a process in MiB, now and at its highest. */
function memoryOf(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}

async function countGiant(connection: Connection): Promise<number> {
  return Number((await connection.query('SELECT count(*) AS n FROM giant'))[0]?.['n']);
}

await describeServers('one transaction of very many rows', { left: 'postgres', right: 'mysql' }, (servers) => {
  test.skipIf(process.platform !== 'linux').each(['left', 'right'] as const)(
    'from the %s passes in bounded memory',
    { timeout: timeoutMs * 2 },
    async (side) => {
      await using pair = await openSamplePair(servers, {
        async prepare({ left, right }) {
          await left.execute(table);
          await right.execute(table);
          if (side === 'right') await right.execute(`SET SESSION cte_max_recursion_depth = ${rows + 1}`);
        },
        declare: (given) => ({ ...given, links: { ...given.links, giant: link } }),
      });
      await using home = await openHome(pair);
      const engine = home.run();
      const patience = { timeout: timeoutMs, interval: 250 };
      const running = /left->right is running[^]*right->left is running/;
      await vi.waitFor(() => expect(engine.talk()).toMatch(running), patience);
      const before = memoryOf(engine.pid, 'VmRSS');
      const begunMs = performance.now();
      await pair.connections[side].execute(fill[side]);
      const target = pair.connections[side === 'left' ? 'right' : 'left'];
      await vi.waitFor(async () => expect(await countGiant(target)).toBe(rows), patience);
      const peak = memoryOf(engine.pid, 'VmHWM');
      const seconds = Math.round((performance.now() - begunMs) / 1_000);
      console.info(`${rows} rows from the ${side}: ${seconds} s, RSS ${Math.round(before)} -> ${Math.round(peak)} MiB`);
      expect(peak - before).toBeLessThan(growthMaxMib);
      engine.send('SIGTERM');
      await engine.ended;
    },
  );
});
