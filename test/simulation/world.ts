import { compile } from '../../src/mapping/compile.ts';
import type { Declaration } from '../../src/mapping/declaration.ts';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import { createMemoryDatabase, type MemoryDatabase } from '../../src/databases/memory/server.ts';
import type { MemoryOptions } from '../../src/databases/memory/store.ts';
import { createContext } from '../../src/engine/context.ts';
import { provision } from '../../src/engine/provision.ts';
import { startSync } from '../../src/engine/sync.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { Context } from '../../src/model/context.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import type { SyncPlan } from '../../src/model/plan.ts';
import type { Side } from '../../src/model/policy.ts';
import type { TableSchema } from '../../src/model/schema.ts';

/** Two memory databases with the declaration that ties them, and engines that can be started over them. */
export interface World {
  readonly databases: Readonly<Record<Side, MemoryDatabase>>;
  readonly plan: SyncPlan;
  /** Opens endpoints of its own, as a process would. `process` is what the databases call the client. */
  open(process: string, context: Context): Promise<Record<Side, Endpoint>>;
  /** Starts an engine over endpoints. */
  run(endpoints: Record<Side, Endpoint>, context: Context): Promise<Sync>;
  /** Both at once, in real time. */
  start(): Promise<{ readonly sync: Sync; stop(): Promise<void> }>;
}

export interface WorldOptions {
  readonly tables: Readonly<Record<Side, readonly TableDefinition[]>>;
  readonly links: Declaration['links'];
  readonly home?: Side;
  readonly strict?: boolean;
  readonly memory?: Partial<Record<Side, Partial<MemoryOptions>>>;
  readonly defaults?: Declaration['defaults'];
  readonly limits?: Declaration['limits'];
}

/** Throws where the declaration does not compile. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const databases = {
    left: createMemoryDatabase({ name: 'left', ...options.memory?.left }),
    right: createMemoryDatabase({ name: 'right', ...options.memory?.right }),
  };
  for (const side of ['left', 'right'] as const) {
    for (const table of options.tables[side]) databases[side].createTable(table);
  }
  const declaration = declarationOf(options);
  const context = createContext({ level: 'silent' });
  const endpoints = await open(databases, 'setup', context);
  const schemas = await inspect(endpoints);
  const { plan, findings } = compile(declaration, schemas);
  if (plan === null) throw new Error(`the world does not compile: ${JSON.stringify(findings, null, 1)}`);
  const close = async (): Promise<void> => undefined;
  const prepared = { ...endpoints, declaration, schemas, plan, findings, [Symbol.asyncDispose]: close };
  await provision(prepared, { step: () => undefined, checkpoint: () => undefined });
  const run = async (opened: Record<Side, Endpoint>, own: Context): Promise<Sync> =>
    startSync({ plan, endpoints: opened, schemas: await inspect(opened), context: own, limits: options.limits });
  return {
    databases,
    plan,
    run,
    open: (process, own) => open(databases, process, own),
    async start() {
      const opened = await open(databases, 'engine', context);
      const sync = await run(opened, context);
      return {
        sync,
        async stop() {
          await sync.stop();
          await opened.left[Symbol.asyncDispose]();
          await opened.right[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function open(databases: World['databases'], process: string, context: Context): Promise<Record<Side, Endpoint>> {
  const at = (side: Side) =>
    databases[side].open(
      { url: `memory:${side}`, label: process, side, sync: 'world', stateSchema: 'tandem' },
      context,
    );
  return { left: await at('left'), right: await at('right') };
}

async function inspect(endpoints: Record<Side, Endpoint>): Promise<Record<Side, readonly TableSchema[]>> {
  const of = async (endpoint: Endpoint) => endpoint.inspect(await endpoint.tables());
  return { left: await of(endpoints.left), right: await of(endpoints.right) };
}

function declarationOf({ links, defaults, home, strict }: WorldOptions): Declaration {
  const endpoint = { engine: 'postgres', url: 'memory' } as const;
  return {
    name: 'world',
    left: endpoint,
    right: endpoint,
    home: home ?? 'left',
    strict: strict ?? true,
    defaults: defaults ?? { keys: 'shared' },
    links,
  };
}
