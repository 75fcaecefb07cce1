import { setTimeout as sleep } from 'node:timers/promises';
import type { Side } from '../../model/policy.ts';
import { createBeacon } from './beacon.ts';
import { connect, type Connection, type SampleSide } from './database.ts';

/** Milliseconds from a commit acknowledged on one side until it is visible on the other. */
export interface Latencies {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

export interface LatencyProbe extends AsyncDisposable {
  /** By the side that wrote; grows while {@link run} does. */
  readonly latenciesMs: Latencies;
  /** One write at a time and direction, some ten per second, until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
}

const everyMs = 100;

export async function createLatencyProbe(sides: Readonly<Record<Side, SampleSide>>): Promise<LatencyProbe> {
  const open: Connection[] = [];
  const pair = async (): Promise<Record<Side, Connection>> => {
    const connections = { left: await connect(sides.left), right: await connect(sides.right) };
    open.push(connections.left, connections.right);
    return connections;
  };
  const connections = { left: await pair(), right: await pair() };
  const latenciesMs = { left: [] as number[], right: [] as number[] };
  async function probe(from: Side, signal: AbortSignal): Promise<void> {
    const beacon = createBeacon(connections[from], 'probe', from);
    // The row's first arrival is an insert that waits for the sync to warm up; the updates after it are the measure.
    await beacon.light();
    if (!(await beacon.seen(signal))) return;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      await beacon.light();
      const acknowledged = performance.now();
      if (await beacon.seen(signal)) latenciesMs[from].push(performance.now() - acknowledged);
    }
  }
  return {
    latenciesMs,
    run: async (signal) => void (await Promise.all([probe('left', signal), probe('right', signal)])),
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}

/** The value below which that share of the samples lies; null where there are none. */
export function percentile(samples: readonly number[], share: number): number | null {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
