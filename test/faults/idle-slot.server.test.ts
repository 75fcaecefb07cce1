import { expect, test, vi } from 'vitest';
import { connect } from '../../src/cli/demo/database.ts';
import { openSamplePair, silence } from '../sample-pair.ts';
import { describeServers, freshDatabase, startServer } from '../servers.ts';

const writtenBytes = 40_000_000;

await describeServers('a sync that has nothing to do', { right: 'mysql' }, ({ right }) => {
  test('does not hold the log of a server on which others write', { timeout: 240_000 }, async () => {
    // A server of its own: what other tests write on a shared one would move the slot along, too.
    await using left = await startServer('postgres');
    await using pair = await openSamplePair({ left, right });
    const sync = await pair.start();
    await silence(pair, sync);
    const retained = async (): Promise<number> => {
      const [row] = await pair.connections.left.query(
        `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) AS n FROM pg_replication_slots
          WHERE database = current_database()`,
      );
      return Number(row?.['n']);
    };
    const url = await freshDatabase(left);
    await using other = await connect({ engine: 'postgres', url });
    await other.execute('CREATE TABLE noise (body text)');
    const before = await pair.countWrites();
    await other.execute(`INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, ${writtenBytes / 1_000})`);
    expect(await retained()).toBeGreaterThan(writtenBytes / 2);
    await vi.waitFor(async () => expect(await retained()).toBeLessThan(writtenBytes / 4), {
      timeout: 150_000,
      interval: 500,
    });
    // And it takes a few writes to let go, not one for every write of the others.
    await silence(pair, sync);
    const after = await pair.countWrites();
    expect(after.left + after.right - before.left - before.right).toBeLessThan(8);
  });
});
