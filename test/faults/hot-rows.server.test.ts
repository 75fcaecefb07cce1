import { expect, test } from 'vitest';
import { createRandom } from '../../src/cli/demo/random.ts';
import type { Connection } from '../../src/cli/demo/database.ts';
import { silence } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';
import { auditLedger } from './ledger.ts';
import { openFaultPair } from './stage.ts';

const registers = 4;
const writesPerSide = 2_500;

/** Each a transaction of its own, as an application makes them. */
async function overwrite(connection: Connection, side: string, seed: number): Promise<void> {
  const random = createRandom(seed);
  for (let number = 1; number <= writesPerSide; number += 1) {
    const values = [`${side} ${number}`, random.below(registers)];
    await connection.execute('UPDATE registers SET value = ? WHERE id = ?', values);
  }
}

const servers = { left: 'postgres', mysql: 'mysql', mariadb: 'mariadb' } as const;

await describeServers('a few rows that both sides write all the time', servers, ({ left, ...others }) => {
  test.each(['mysql', 'mariadb'] as const)('are decided many at a time, on PostgreSQL and %s', async (right) => {
    await using pair = await openFaultPair({ left, right: others[right] });
    const { connections, declaration } = pair;
    await Promise.all([overwrite(connections.left, 'left', 1), overwrite(connections.right, 'right', 2)]);
    const sync = await pair.start();
    await Promise.race([sync.idle(), sync.finished]);
    const writes = await pair.countWrites();
    await silence(pair, sync);
    expect(await auditLedger(connections, { confirmed: { left: [], right: [] } })).toEqual([]);
    const { conflicts, conflictCounts, reasserted } = sync.status().directions['right->left'];
    expect(conflicts).toBe(writesPerSide);
    // Every decision of its own is in the ledger, however many were written at once; the last one is what stands.
    const decided = conflictCounts.reduce((sum, { count }) => sum + count, 0);
    const stored = await connections.left.query(
      `SELECT id, base, home_image, remote_image, result FROM ${declaration.left.stateSchema}.conflict`,
    );
    expect(new Set(stored.map((row) => row['id'])).size).toBe(decided);
    expect(stored.filter((row) => Object.values(row).includes(null))).toEqual([]);
    expect(writes.left).toBeLessThan(writesPerSide / 25);
    expect(writes.right).toBeLessThan(writesPerSide / 25);
    expect(reasserted).toBeLessThan(writesPerSide / 5);
  });
});
