import { compile } from '../mapping/compile.ts';
import type { Declaration } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import type { Target } from '../model/endpoint.ts';
import { untilReady } from './backoff.ts';
import { Candidate } from './candidate.ts';
import { createContext } from './context.ts';
import type { Look } from './drift.ts';
import { Engine, type SyncParts } from './engine.ts';
import { keepRunning } from './keep-running.ts';
import { inspectLinked, openSide, planOf, type Prepared } from './prepare.ts';
import { prepareToRun } from './prepare-run.ts';
import { namedContext } from './stations.ts';
import { sweepSpillFolders } from './spill-folder.ts';
import type { Sync } from './sync-status.ts';

export interface SyncOptions {
  readonly declaration: Declaration;
  readonly context?: Context;
  /** Only one direction; the other side's changes stay where they are until both run. */
  readonly direction?: 'toRight' | 'toLeft';
  /** Wait until no other engine runs this sync. Otherwise it is taken over from whoever runs it. */
  readonly standby?: boolean;
  /** Ends the waiting for a start: for databases that are down, or for the turn of a standby. */
  readonly signal?: AbortSignal;
}

/**
 * Opens both databases, takes the sync over from whoever ran it, and keeps both sides in step until it is stopped.
 * Resolves once both logs are being read. Where linked tables change and the mapping fits them still, it goes on with a
 * new plan by itself. Databases that are down, starting or full are waited for. Throws the signal's
 * reason, and TandemError: setup (config, login, TD5013 not applied), history (a gap).
 */
export async function createSync(options: SyncOptions): Promise<Sync> {
  const own = options.context === undefined ? createContext() : null;
  const context = namedContext(options.context ?? (own as Context), options.declaration.name);
  const swept = sweepSpillFolders();
  if (swept > 0) context.log.info({ folders: swept }, 'removed what killed engines had left on disk');
  const { declaration } = options;
  const stopped = new AbortController();
  const candidate = new Candidate(() => openSide(declaration, 'left', context), context);
  try {
    const signal = options.signal ?? stopped.signal;
    if (options.standby === true)
      await untilReady(context, signal, declaration.limits, () => candidate.waitForTurn(signal));
    const attending = candidate.attend(stopped.signal);
    const close = async () => {
      stopped.abort();
      await attending;
      own?.[Symbol.dispose]();
    };
    return await keepRunning((ending) => begin(options, context, ending), context, options.signal, close);
  } catch (thrown) {
    stopped.abort();
    own?.[Symbol.dispose]();
    throw thrown;
  }
}

/** One engine, from the opening of both databases on. */
function begin(options: SyncOptions, context: Context, signal: AbortSignal): Promise<Sync> {
  return untilReady(context, signal, options.declaration.limits, async () => {
    const prepared = await prepareToRun(options.declaration, context);
    const { misfits } = prepared;
    try {
      const watch = () => relook(prepared);
      const sync = await startSync({ ...parts(prepared), context, direction: options.direction, watch, misfits });
      return { ...sync, finished: closed(sync, prepared) };
    } catch (thrown) {
      await prepared[Symbol.asyncDispose]();
      throw thrown;
    }
  });
}

function parts(prepared: Prepared) {
  const { left, right, schemas, declaration } = prepared;
  return { plan: planOf(prepared), endpoints: { left, right }, schemas, limits: declaration.limits };
}

/** The mapping, compiled for the tables as they are now. */
async function relook({ left, right, declaration }: Prepared): Promise<Look> {
  const schemas = {
    left: await inspectLinked(left, declaration, 'left'),
    right: await inspectLinked(right, declaration, 'right'),
  };
  return compile(declaration, schemas);
}

async function closed(sync: Sync, prepared: Prepared): Promise<void> {
  await using _ = prepared;
  await sync.finished;
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
