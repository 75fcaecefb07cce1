import { expect, test } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import { describeServers } from '../servers.ts';
import { countArrived, createWriters } from './ledger.ts';
import { expectInStep, openFaultPair } from './stage.ts';

const rows = 2_000;
const rowsPerSecond = 100;
const rowsAtOnce = 50;

/** In small transactions: a limit slows down between them. */
async function fill(connection: Connection, first: number): Promise<void> {
  for (let at = 0; at < rows; at += rowsAtOnce) {
    const values = Array.from({ length: rowsAtOnce }, (_, row) => `(${first + 2 * (at + row)}, 'row')`);
    await connection.execute(`INSERT INTO ledger VALUES ${values.join(', ')}`);
  }
}

await describeServers('a limit of rows a second', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('holds for its direction alone, and everything arrives', { timeout: 200_000 }, async () => {
    const limits = { batchRows: rowsAtOnce, rowsPerSecond: { toRight: rowsPerSecond } };
    await using pair = await openFaultPair(servers, { declare: (given) => ({ ...given, limits }) });
    const sync = await pair.start();
    const { left, right } = pair.connections;
    await fill(left, 1);
    await fill(right, 2);
    await expect.poll(() => countArrived(left), { timeout: 100_000 }).toBe(rows);
    expect(await countArrived(right)).toBeLessThan(rows);
    expect(sync.status().directions['left->right'].state).toBe('running');
    await expectInStep(pair, sync, createWriters(pair.sides, 1));
  });
});
