import { connect } from '../src/cli/demo/database.ts';
import type { Side } from '../src/model/policy.ts';
import { openArena, type Servers } from './arena.ts';
import { fill, fillSingly, fingerprint } from './dataset.ts';

export interface Drain {
  readonly rows: number;
  readonly perSecond: number;
  /** Of the engine's process, user and system. */
  readonly cpuMicrosPerRow: number;
  readonly peakRssMb: number;
}

export interface Backlog {
  readonly inserts: number;
  readonly updates: number;
}

/**
 * Fills the sources while the sync does not run, then measures from its start until it has caught up. Throws where the
 * contents then differ.
 */
export async function measureDrain(servers: Servers, sources: readonly Side[], backlog: Backlog): Promise<Drain> {
  return measure(servers, async (connections) => {
    for (const side of sources) await fill(connections[side], side, backlog.inserts, backlog.updates);
    return (backlog.inserts + backlog.updates) * sources.length;
  });
}

const writers = 4;

/** The same with transactions of one row each. */
export async function measureSingleRows(servers: Servers, source: Side, count: number): Promise<Drain> {
  return measure(servers, async (_, sides) => {
    const connections = await Promise.all(Array.from({ length: writers }, () => connect(sides[source])));
    await fillSingly(connections, source, count);
    for (const connection of connections) await connection[Symbol.asyncDispose]();
    return count;
  });
}

type Arena = Awaited<ReturnType<typeof openArena>>;

async function measure(
  servers: Servers,
  write: (connections: Arena['connections'], sides: Arena['sides']) => Promise<number>,
): Promise<Drain> {
  await using arena = await openArena(servers);
  const { connections, engine, sides } = arena;
  const rows = await write(connections, sides);
  const { ms, cpuMicros, peakRssKb, rows: applied } = await engine.drain();
  const [left, right] = await Promise.all([fingerprint(connections.left), fingerprint(connections.right)]);
  if (left !== right)
    throw new Error(`the sides differ after the drain (${applied} applied): ${left} against ${right}`);
  return {
    rows,
    perSecond: Math.round(rows / (ms / 1000)),
    cpuMicrosPerRow: Math.round((cpuMicros / rows) * 100) / 100,
    peakRssMb: Math.round(peakRssKb / 1024),
  };
}
