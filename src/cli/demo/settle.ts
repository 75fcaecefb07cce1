import { setTimeout as sleep } from 'node:timers/promises';
import type { Sync } from '../../engine/sync-status.ts';
import type { Side } from '../../model/policy.ts';
import type { Connection } from './database.ts';

/** How far each engine's log has got, as the engine itself tells; moves with every transaction that wrote something. */
const logMarks: Readonly<Record<Connection['engine'], string>> = {
  postgres: 'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS mark',
  mysql: 'SELECT @@global.gtid_executed AS mark',
  mariadb: 'SELECT @@global.gtid_binlog_pos AS mark',
};

const silenceMs = 1000;
const patienceMs = 60_000;

/**
 * Waits, once nobody writes any more, until the sync has caught up and both logs have been silent for a second. Returns
 * false where that does not come about within a minute: the sync is stuck, or keeps writing to itself.
 */
export async function settle(sync: Sync, connections: Readonly<Record<Side, Connection>>): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  const caughtUp = await Promise.race([
    sync.idle().then(() => true),
    sync.finished.then(() => false),
    sleep(patienceMs, false, { ref: false }),
  ]);
  if (!caughtUp) return false;
  let before = await readMarks(connections);
  while (performance.now() < deadline) {
    await sleep(silenceMs);
    const now = await readMarks(connections);
    if (now === before) return true;
    before = now;
  }
  return false;
}

async function readMarks({ left, right }: Readonly<Record<Side, Connection>>): Promise<string> {
  const marks = await Promise.all([left.query(logMarks[left.engine]), right.query(logMarks[right.engine])]);
  return JSON.stringify(marks);
}
