import { describe, expect, test } from 'vitest';
import { backUp } from '../replicas.ts';
import type { SamplePair } from '../sample-pair.ts';
import { isForeign, startServer } from '../servers.ts';
import { openFaultPair } from './stage.ts';

// A server that goes back to a backup is two events: as a target it forgot what it was given, as a source it forgot
// what it gave.

const insert = (id: number): string => `INSERT INTO ledger VALUES (${id}, 'row ${id}')`;

async function carry(pair: SamplePair, side: 'left' | 'right', id: number): Promise<void> {
  const sync = await pair.start();
  await pair.connections[side].execute(insert(id));
  await sync.idle();
  await sync.stop();
}

const settings = { fsync: 'off' };

describe.skipIf(isForeign('postgres') || isForeign('mysql'))('a server that was restored from a backup', () => {
  test('is given again what it forgot, where the log of the other side still has it', {
    timeout: 240_000,
  }, async () => {
    await using left = await startServer('postgres', { settings });
    await using right = await startServer('mysql');
    await using pair = await openFaultPair({ left, right }, { leavesServers: true });
    await carry(pair, 'left', 1);
    const backup = await backUp(left);
    await pair.reconnect();
    // The engine runs while it happens.
    const sync = await pair.start();
    await pair.connections.right.execute(insert(2));
    await sync.idle();
    await backup.restore();
    await pair.reconnect();
    await expect
      .poll(() => pair.connections.left.query('SELECT id FROM ledger ORDER BY id'), { timeout: 90_000 })
      .toEqual([{ id: 1 }, { id: 2 }]);
    expect(pair.log.some(({ message }) => message.includes('starting over'))).toBe(true);
    await sync.stop();
    const counts = 'SELECT id, count(*) AS n FROM ledger_inserts GROUP BY id HAVING count(*) > 1';
    for (const side of ['left', 'right'] as const) expect(await pair.connections[side].query(counts)).toEqual([]);
  });

  test('stops by GAP_DETECTED as a target, where the log of the other side is gone', { timeout: 240_000 }, async () => {
    await using left = await startServer('postgres', { settings });
    await using right = await startServer('mysql');
    await using pair = await openFaultPair({ left, right }, { leavesServers: true });
    await carry(pair, 'right', 2);
    const backup = await backUp(right);
    await pair.reconnect();
    // The slot lets go of what no table group needs any more, in either direction: that takes a while of traffic.
    const slot = 'SELECT confirmed_flush_lsn > ?::pg_lsn AS moved FROM pg_replication_slots';
    const sync = await pair.start();
    const [end] = await pair.connections.left.query('SELECT pg_current_wal_lsn()::text AS lsn');
    let id = 2;
    const hasMoved = async () => {
      await pair.connections.left.execute(insert((id += 1)));
      await pair.connections.right.execute(insert((id += 1)));
      return (await pair.connections.left.query(slot, [end?.['lsn']]))[0]?.['moved'];
    };
    await expect.poll(hasMoved, { timeout: 90_000, interval: 500 }).toBe(true);
    await sync.stop();
    await backup.restore();
    await expect(pair.start()).rejects.toMatchObject({ code: 'TD6003' });
    await pair.reconnect();
  });

  test('stops by SOURCE_REWOUND as a source', { timeout: 240_000 }, async () => {
    await using left = await startServer('postgres', { settings });
    await using right = await startServer('mysql');
    await using pair = await openFaultPair({ left, right }, { leavesServers: true });
    await carry(pair, 'right', 2);
    const backup = await backUp(right);
    await pair.reconnect();
    await carry(pair, 'right', 4);
    await backup.restore();
    await expect(pair.start()).rejects.toMatchObject({ code: 'TD6004' });
    await pair.reconnect();
  });
});
