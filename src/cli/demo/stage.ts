import { createContext, type ProcessContext } from '../../engine/context.ts';
import { prepare } from '../../engine/prepare.ts';
import { provision } from '../../engine/provision.ts';
import { createSync } from '../../engine/sync.ts';
import type { Sync } from '../../engine/sync-status.ts';
import type { Side } from '../../model/policy.ts';
import { connect, type Connection, type SampleEngine, type SampleSide } from './database.ts';
import { writeConfig } from './config-file.ts';
import { createSample } from './create-sample.ts';
import { DATABASE } from './sample.ts';
import { sampleDeclaration } from './sample-declaration.ts';
import { startMariadb, startMysql, startPostgres } from './servers/index.ts';
import type { Server } from './servers/server.ts';

export interface StageOptions {
  readonly right: SampleEngine;
  /** Told what is being done. */
  readonly report: (message: string) => void;
  /** Told what the sync logs at level warn and above: one JSON line each. */
  readonly log: (line: string) => void;
}

/** Two servers with the sample on them, and a sync between them that runs. Disposing of it leaves nothing behind. */
export interface Stage extends AsyncDisposable {
  readonly servers: Readonly<Record<Side, Server>>;
  readonly sides: Readonly<Record<Side, SampleSide>>;
  /** For reading; not the applications' connections. */
  readonly connections: Readonly<Record<Side, Connection>>;
  readonly sync: Sync;
  /** A configuration of this sync, for the other commands. */
  readonly configFile: string;
}

/** Throws ServerUnavailable, and TandemError from the sync's own start. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const closing: (() => PromiseLike<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  const opened = <Thing extends AsyncDisposable>(thing: Thing): Thing => {
    closing.push(() => thing[Symbol.asyncDispose]());
    return thing;
  };
  try {
    const servers = await startServers(options);
    opened(servers.left);
    opened(servers.right);
    const sides = { left: await sideOf(servers, 'left'), right: await sideOf(servers, 'right') };
    const connections = { left: opened(await connect(sides.left)), right: opened(await connect(sides.right)) };
    options.report('creating the sample on both sides');
    await Promise.all([createSample(connections.left, 'left'), createSample(connections.right, 'right')]);
    const context = createContext({ level: 'warn', output: { write: options.log } });
    closing.push(() => context[Symbol.dispose]());
    const config = opened(await writeConfig(sides));
    const sync = await startSync(sides, context, options.report);
    closing.push(() => sync.stop());
    return { servers, sides, connections, sync, configFile: config.file, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function sideOf(servers: Readonly<Record<Side, Server>>, side: Side): Promise<SampleSide> {
  return { engine: servers[side].engine, url: await servers[side].createDatabase(DATABASE[side]) };
}

async function startServers({ right, report }: StageOptions): Promise<Readonly<Record<Side, Server>>> {
  const starters = { postgres: startPostgres, mysql: startMysql, mariadb: startMariadb };
  report(`starting PostgreSQL and ${engineTitle(right)}`);
  const started = await Promise.allSettled([startPostgres({ report }), starters[right]({ report })]);
  const [left, other] = started;
  if (left.status === 'fulfilled' && other.status === 'fulfilled') return { left: left.value, right: other.value };
  for (const each of started) if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]();
  throw left.status === 'rejected' ? left.reason : (other as PromiseRejectedResult).reason;
}

export function engineTitle(engine: SampleEngine): string {
  return { postgres: 'PostgreSQL', mysql: 'MySQL', mariadb: 'MariaDB' }[engine];
}

async function startSync(
  sides: Readonly<Record<Side, SampleSide>>,
  context: ProcessContext,
  report: (message: string) => void,
): Promise<Sync> {
  const declaration = sampleDeclaration(sides);
  await using prepared = await prepare(declaration, context);
  await provision(prepared, {
    step: (side, step) => report(`${side}: ${step.title}`),
    checkpoint: ({ stream }) => report(`first position of ${stream}`),
  });
  report('starting the sync');
  return createSync({ declaration, context });
}
