import { setTimeout as sleep } from 'node:timers/promises';
import { otherSide, type Side } from '../../model/policy.ts';
import type { Connection } from './database.ts';
import { createPlatform } from './platform.ts';
import { phrase } from './sample.ts';

/** A row that one side keeps changing and the other side watches. */
export interface Beacon {
  /** Writes the next number; resolves when the database has acknowledged the commit. */
  light(): Promise<void>;
  /** Resolves with true when the other side shows that number, with false when the signal fires before. */
  seen(signal: AbortSignal): Promise<boolean>;
}

const watchEveryMs = 1;

/** `name` makes it a row of its own; `from` is the side that writes. */
export function createBeacon(connections: Readonly<Record<Side, Connection>>, name: string, from: Side): Beacon {
  const platform = createPlatform(from, connections[from]);
  const email = `${name}-${from}@example.com`;
  const to = otherSide(from);
  const watch = phrase(to, 'SELECT {users.full_name} AS shown FROM {users} WHERE {users.email} = ?');
  let number = 0;
  return {
    async light() {
      number += 1;
      const fields = { fullName: String(number), phone: null, status: 'active' };
      if (number === 1) await platform.signUp(email, `${name}_${from}`, fields);
      else await platform.changeUser(email, fields);
    },
    async seen(signal) {
      while (!signal.aborted) {
        const [row] = await connections[to].query(watch, [email]);
        if (row !== undefined && Number(row['shown']) >= number) return true;
        await sleep(watchEveryMs);
      }
      return false;
    },
  };
}

export interface Fence {
  /** Resolves with true once everything that both sides wrote before the call is on the other side, too. */
  pass(signal: AbortSignal): Promise<boolean>;
}

/** Relies on the order of commits: what is older than a beacon arrives before it. */
export function createFence(connections: Readonly<Record<Side, Connection>>, name: string): Fence {
  const beacons = [createBeacon(connections, name, 'left'), createBeacon(connections, name, 'right')];
  return {
    async pass(signal) {
      await Promise.all(beacons.map((beacon) => beacon.light()));
      const seen = await Promise.all(beacons.map((beacon) => beacon.seen(signal)));
      return seen.every(Boolean);
    },
  };
}
