import type { Place } from './place.ts';
import type { Worker } from './process.ts';

/** What the soak watches from outside, every few seconds. */
export interface Sight {
  /** Of the engine's process, megabytes. */
  readonly memoryMb: number | null;
  /** Log that PostgreSQL keeps for the slot, megabytes. */
  readonly slotMb: number;
  /** Rows in all of Tandem's tables on both sides, key map left out, which grows with the data. */
  readonly stateRows: number;
  /** The engine's process is one that is no longer killed. */
  readonly spared: boolean;
}

const counted = ['checkpoint', 'reassert', 'deferred', 'parked', 'control'];

export function look(place: Place, engine: Worker, spared: boolean): Promise<Sight> {
  return place.look(async (connections) => {
    const [slot] = await connections.left.query(
      `SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)) / 1048576 AS mb
       FROM pg_replication_slots WHERE slot_type = 'logical'`,
    );
    let stateRows = 0;
    for (const side of ['left', 'right'] as const) {
      for (const table of counted) {
        const sql = `SELECT count(*) AS n FROM ${place.declaration[side].stateSchema}.${table}`;
        const [row] = await connections[side].query(sql);
        stateRows += Number(row?.['n']);
      }
    }
    const slotMb = Math.round(Number(slot?.['mb'] ?? 0));
    return { memoryMb: await engine.memoryMb(), slotMb, stateRows, spared };
  });
}

/** The first and the last third of the part in which the engine lived on: what grows with time shows. */
export function summarise(sights: readonly Sight[]) {
  const spared = sights.filter((each) => each.spared);
  const third = Math.max(1, Math.floor(spared.length / 3));
  const most = (part: readonly Sight[], of: (sight: Sight) => number | null) =>
    part.reduce((max, each) => Math.max(max, of(each) ?? 0), 0);
  const grown = (of: (sight: Sight) => number | null) => ({
    first: most(spared.slice(0, third), of),
    last: most(spared.slice(-third), of),
  });
  return {
    memoryMb: grown((each) => each.memoryMb),
    slotMb: grown((each) => each.slotMb),
    stateRows: grown((each) => each.stateRows),
  };
}
