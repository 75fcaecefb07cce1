import type { Declaration } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import type { Target } from '../model/endpoint.ts';
import { createContext } from './context.ts';
import { planOf, prepare, type Prepared } from './prepare.ts';
import { Engine, type SyncParts } from './engine.ts';
import { namedContext } from './stations.ts';
import { sweepSpillFolders } from './spill-folder.ts';
import type { Sync } from './sync-status.ts';

export interface SyncOptions {
  readonly declaration: Declaration;
  readonly context?: Context;
  /** Only one direction; the other side's changes stay where they are until both run. */
  readonly direction?: 'toRight' | 'toLeft';
}

/**
 * Opens both databases, takes the sync over from whoever ran it, and keeps both sides in step until it is stopped.
 * Resolves once both logs are being read. Throws TandemError: setup (config, connection, TD5013 not applied), history
 * (a gap).
 */
export async function createSync(options: SyncOptions): Promise<Sync> {
  const own = options.context === undefined ? createContext() : null;
  const context = namedContext(options.context ?? (own as Context), options.declaration.name);
  const swept = sweepSpillFolders();
  if (swept > 0) context.log.info({ folders: swept }, 'removed what killed engines had left on disk');
  let prepared: Prepared | null = null;
  const close = async (): Promise<void> => {
    await prepared?.[Symbol.asyncDispose]();
    own?.[Symbol.dispose]();
  };
  try {
    prepared = await prepare(options.declaration, context);
    return closing(await startSync({ ...parts(prepared), context, direction: options.direction }), close);
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function parts(prepared: Prepared) {
  const { left, right, schemas, declaration } = prepared;
  return { plan: planOf(prepared), endpoints: { left, right }, schemas, limits: declaration.limits };
}

function closing(sync: Sync, close: () => Promise<void>): Sync {
  const finished = closed(sync, close);
  finished.catch(() => undefined);
  return {
    finished,
    status: () => sync.status(),
    idle: () => sync.idle(),
    async stop() {
      await sync.stop();
      await finished.catch(() => undefined);
    },
  };
}

async function closed(sync: Sync, close: () => Promise<void>): Promise<void> {
  try {
    await sync.finished;
  } finally {
    await close();
  }
}

/** The engine over endpoints that are open already; they stay open when it ends. */
export async function startSync(given: SyncParts): Promise<Sync> {
  const opened: Target[] = [];
  try {
    return await new Engine(given, opened).start();
  } catch (thrown) {
    for (const target of opened) await target[Symbol.asyncDispose]();
    throw thrown;
  }
}
