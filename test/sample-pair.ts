import { setTimeout as sleep } from 'node:timers/promises';
import { createSample } from '../src/cli/demo/create-sample.ts';
import { type Comparison, compareSample } from '../src/cli/demo/compare.ts';
import { connect, type Connection, databaseOf, type SampleSide } from '../src/cli/demo/database.ts';
import { PLATFORM } from '../src/cli/demo/sample.ts';
import { sampleDeclaration } from '../src/cli/demo/sample-declaration.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { createContext, type ProcessContext } from '../src/engine/context.ts';
import { openEndpoints, prepare } from '../src/engine/prepare.ts';
import { deprovision, provision } from '../src/engine/provision.ts';
import { createSync, type SyncOptions } from '../src/engine/sync.ts';
import type { Sync } from '../src/engine/sync-status.ts';
import type { Declaration } from '../src/mapping/declaration.ts';
import type { Side } from '../src/model/policy.ts';
import { freshStateSchema } from './project.ts';
import { freshDatabase } from './servers.ts';

/** One line of the engine's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly code?: string;
  readonly [field: string]: unknown;
}

/** The sample in two databases of the test's own, with a sync that is applied and not running yet. */
export interface SamplePair extends AsyncDisposable {
  readonly sides: Readonly<Record<Side, SampleSide>>;
  /** For the applications' writes and for looking; the engine has connections of its own. */
  readonly connections: Readonly<Record<Side, Connection>>;
  readonly declaration: Declaration;
  readonly context: ProcessContext;
  /** What every engine of the pair has logged, level info and above. */
  readonly log: readonly LogLine[];
  /** Starts an engine; it is stopped at the latest when the pair is disposed of. */
  start(options?: Partial<Omit<SyncOptions, 'context'>>): Promise<Sync>;
  compare(): Promise<Comparison>;
  /** How often the sync has written each side: every transaction of its own moves a checkpoint row. */
  countWrites(): Promise<Readonly<Record<Side, number>>>;
  /** Makes `connections` anew, after a server was away. */
  reconnect(): Promise<void>;
}

export interface PairOptions {
  /** Run on the fresh tables, before the sync is applied. */
  readonly prepare?: (connections: Readonly<Record<Side, Connection>>) => Promise<void>;
  /** The servers are the test's own and go away with it: nothing has to be removed from them, or can be. */
  readonly leavesServers?: boolean;
  /** The last word on the declaration. */
  readonly declare?: (declaration: Declaration) => Declaration;
}

export async function openSamplePair(
  servers: Readonly<Record<Side, Server>>,
  options: PairOptions = {},
): Promise<SamplePair> {
  const sideOf = async (side: Side): Promise<SampleSide> => ({
    engine: servers[side].engine,
    url: await freshDatabase(servers[side]),
  });
  const sides = { left: await sideOf('left'), right: await sideOf('right') };
  const connectBoth = async () => ({ left: await connect(sides.left), right: await connect(sides.right) });
  let connections = await connectBoth();
  const disconnect = async (): Promise<void> => {
    await connections.left[Symbol.asyncDispose]();
    await connections.right[Symbol.asyncDispose]();
  };
  await Promise.all([createSample(connections.left, 'left'), createSample(connections.right, 'right')]);
  await options.prepare?.(connections);
  const declaration = (options.declare ?? ((given) => given))(declarationOf(sides));
  const log: LogLine[] = [];
  const context = createContext({ level: 'info', output: { write: (line) => void log.push(JSON.parse(line)) } });
  await applySync(declaration, context);
  const running = new Set<Sync>();
  return {
    sides,
    get connections() {
      return connections;
    },
    declaration,
    context,
    log,
    async start(other = {}) {
      const sync = await createSync({ declaration, context, ...other });
      running.add(sync);
      return sync;
    },
    compare: () => compareSample(connections.left, connections.right),
    async countWrites() {
      const count = async (side: Side): Promise<number> => {
        const sql = `SELECT sum(seq) AS n FROM ${declaration[side].stateSchema}.checkpoint`;
        return Number((await connections[side].query(sql))[0]?.['n']);
      };
      return { left: await count('left'), right: await count('right') };
    },
    async reconnect() {
      await disconnect();
      connections = await connectBoth();
    },
    async [Symbol.asyncDispose]() {
      for (const sync of running) await sync.stop();
      if (options.leavesServers !== true) await removeSync(declaration, context);
      await disconnect();
      context[Symbol.dispose]();
    },
  };
}

const silenceMs = 1_000;

/**
 * Resolves once everything is applied and the sync has then written nothing for a second. Unlike the ends of the logs,
 * which all tests of a run move, this tells about the pair alone. Never resolves where a sync writes to itself for
 * ever.
 */
export async function silence(pair: SamplePair, sync: Sync): Promise<void> {
  await Promise.race([sync.idle(), sync.finished]);
  for (let before = ''; ; ) {
    const now = JSON.stringify(await pair.countWrites());
    if (now === before) return;
    before = now;
    await sleep(silenceMs);
  }
}

/** The sample's declaration under names that no other sync of these servers has. */
function declarationOf(sides: Readonly<Record<Side, SampleSide>>): Declaration {
  const declaration = sampleDeclaration(sides);
  const endpoint = (side: Side): Declaration['left'] => ({
    ...sides[side],
    label: PLATFORM[side],
    stateSchema: freshStateSchema(),
  });
  return { ...declaration, name: databaseOf(sides.left.url), left: endpoint('left'), right: endpoint('right') };
}

async function applySync(declaration: Declaration, context: ProcessContext): Promise<void> {
  await using prepared = await prepare(declaration, context);
  await provision(prepared, { step: () => undefined, checkpoint: () => undefined });
}

/** Slots and state tables would outlive the test on servers that the whole run shares. */
async function removeSync(declaration: Declaration, context: ProcessContext): Promise<void> {
  await using endpoints = await openEndpoints(declaration, context);
  await deprovision({ ...endpoints, declaration }, () => undefined);
}
