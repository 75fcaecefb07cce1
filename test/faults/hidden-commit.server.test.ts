import { expect, test } from 'vitest';
import { connect, type Connection } from '../../src/cli/demo/database.ts';
import { describeServers, startServer } from '../servers.ts';
import { openFaultPair } from './stage.ts';

/** From now on commits of sessions that ask for it wait for a standby that there is not; all others do not. */
const waiting = ["synchronous_commit = 'local'", "synchronous_standby_names = 'nobody'"];
const reload = 'SELECT pg_reload_conf()';

async function idsOf(connection: Connection): Promise<readonly unknown[]> {
  return (await connection.query('SELECT id FROM ledger')).map((row) => row['id']);
}

await describeServers(
  'a row that PostgreSQL hides while its commit waits for a standby',
  { right: 'mysql' },
  ({ right }) => {
    test('goes once it is seen, if its copy was deleted meanwhile', { timeout: 120_000 }, async () => {
      await using left = await startServer('postgres');
      await using pair = await openFaultPair({ left, right });
      const { connections } = pair;
      const sync = await pair.start();
      for (const setting of waiting) await connections.left.execute(`ALTER SYSTEM SET ${setting}`);
      await connections.left.query(reload);
      await expect
        .poll(async () => (await connections.left.query('SHOW synchronous_commit'))[0]?.['synchronous_commit'])
        .toBe('local');
      await using application = await connect(pair.sides.left);
      await application.execute('SET synchronous_commit = on');
      const committed = application.execute("INSERT INTO ledger VALUES (1, 'hidden')");
      await expect.poll(() => idsOf(connections.right), { timeout: 30_000 }).toEqual([1]);
      expect(await idsOf(connections.left)).toEqual([]);
      await connections.right.execute('DELETE FROM ledger WHERE id = 1');
      const { directions } = sync.status();
      await expect
        .poll(
          () => {
            const { transactions, lastError } = sync.status().directions['right->left'];
            return transactions > directions['right->left'].transactions || lastError?.code === 'TD7014';
          },
          { timeout: 30_000 },
        )
        .toBe(true);
      await connections.left.execute('ALTER SYSTEM RESET synchronous_standby_names');
      await connections.left.query(reload);
      await committed;
      await sync.idle();
      expect([await idsOf(connections.left), await idsOf(connections.right)]).toEqual([[], []]);
    });
  },
);
