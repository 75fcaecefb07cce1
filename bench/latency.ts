import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../src/cli/demo/database.ts';
import { percentiles } from '../src/cli/demo/report.ts';
import { otherSide, type Side } from '../src/model/policy.ts';
import { openArena, type Servers } from './arena.ts';
import { FIRST_ID, makeRow, TABLE, valuesList } from './dataset.ts';

export interface Latency {
  readonly p50: number | null;
  readonly p99: number | null;
}

const everyMs = 10;
const warmUp = 100;

/** Milliseconds from a commit acknowledged until visible on the other side, at 100 single-row transactions a second. */
export async function measureLatency(servers: Servers, from: Side, transactions: number): Promise<Latency> {
  await using arena = await openArena(servers);
  await arena.engine.drain();
  await using writer = await connect(arena.sides[from]);
  await using watcher = await connect(arena.sides[otherSide(from)]);
  const first = FIRST_ID[from];
  const count = warmUp + transactions;
  const acknowledged = new Map<number, number>();
  const seen = new Map<number, number>();
  const watching = (async () => {
    for (let next = first; next < first + count; ) {
      const rows = await watcher.query(`SELECT id FROM ${TABLE} WHERE id >= ${next} ORDER BY id`);
      const now = performance.now();
      for (const { id } of rows) seen.set(Number(id), now);
      next += rows.length;
      if (rows.length === 0) await sleep(1);
    }
  })();
  const began = performance.now();
  for (let at = 0; at < count; at += 1) {
    await writer.execute(`INSERT INTO ${TABLE} VALUES ${valuesList([makeRow(first + at, 0)], writer.engine)}`);
    acknowledged.set(first + at, performance.now());
    const wait = began + (at + 1) * everyMs - performance.now();
    if (wait > 0) await sleep(wait);
  }
  await watching;
  // What arrives before its own writer has been told counts as no wait at all.
  const samples = [...acknowledged].slice(warmUp).map(([id, at]) => Math.max(0, (seen.get(id) ?? Number.NaN) - at));
  return percentiles(samples);
}
