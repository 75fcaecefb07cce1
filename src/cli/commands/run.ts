import type { ConfigSource } from '../../config/source.ts';
import { untilReady } from '../../engine/backoff.ts';
import { countLinks, isOutOfStep } from '../../engine/checks.ts';
import { planOf, type Prepared } from '../../engine/prepare.ts';
import { fittingPart, prepareToRun } from '../../engine/prepare-run.ts';
import { isPending, pendingSteps, verifyPositions } from '../../engine/provision.ts';
import { StatusReader } from '../../engine/status-reader.ts';
import { createSync } from '../../engine/sync.ts';
import type { DirectionStatus, Stream, Sync, SyncStatus } from '../../engine/sync-status.ts';
import type { Declaration } from '../../mapping/declaration.ts';
import type { Context } from '../../model/context.ts';
import { TandemError } from '../../model/error.ts';
import { readVersion } from '../version.ts';
import { exitCodes } from '../exit-codes.ts';
import { openContext, requirePlan, requireServers } from '../open-sync.ts';
import { readConfig } from '../read-config.ts';
import { DEFAULT_LISTEN } from '../../server/address.ts';
import type { SyncServer } from '../../server/serve.ts';
import type { Session } from '../session.ts';

const watchIntervalMs = 500;

interface RunOptions {
  readonly direction?: 'toRight' | 'toLeft';
  readonly standby?: boolean;
  /** Address of the HTTP server, or `off`. */
  readonly listen?: string;
}

/**
 * Keeps both sides in step until SIGTERM or SIGINT: then what is in flight commits and the exit code is 0. A second
 * signal ends the process at once; nothing is lost by that either, only read again. Databases that are not there yet
 * are waited for.
 */
export async function run(session: Session, { listen, ...options }: RunOptions): Promise<number> {
  const { declaration, source } = await readConfig(session);
  using context = openContext(session, 'info');
  const stop = new AbortController();
  const unsubscribe = stopOnSignal(session, stop, context);
  try {
    await using server = await openServer(declaration, context, listen);
    await untilReady(context, stop.signal, declaration.limits, () => requireRunnable(declaration, source, context));
    const sync = await createSync({ declaration, context, signal: stop.signal, ...options });
    server?.show(sync);
    const last = await superviseSync(sync, stop.signal, context);
    session.terminal.document('tandem.run/1', { sync: declaration.name, ...last, next: ['tandem status'] });
    return exitCodes.fine;
  } catch (thrown) {
    // Told to stop before anything ran.
    if (stop.signal.aborted && thrown === stop.signal.reason) return exitCodes.fine;
    throw thrown;
  } finally {
    unsubscribe();
  }
}

function stopOnSignal(session: Session, stop: AbortController, context: Context): () => void {
  return session.io.onSignal((signal) => {
    if (stop.signal.aborted) return session.io.exitNow(exitCodes.interrupted);
    context.log.info({ signal }, 'stopping: what is in flight commits first; a second signal ends at once');
    stop.abort();
  });
}

/** What stands in the way of a start and does not pass by itself, before anything is taken over. */
async function requireRunnable(declaration: Declaration, source: ConfigSource, context: Context): Promise<void> {
  // The sync opens connections of its own; these would only idle beside them.
  await using runnable = await prepareToRun(declaration, context);
  requirePlan(runnable, source);
  const prepared = fittingPart(runnable);
  await requireApplied(prepared);
  await requireServers(prepared, source);
  await reportOutOfStep(prepared, context);
}

/**
 * Nobody asked for the usual address by name, so a sync does not fail because another program has it: it runs unseen,
 * and says so.
 */
async function openServer(
  declaration: Declaration,
  context: Context,
  asked: string | undefined,
): Promise<SyncServer | null> {
  const { name, links, server = {} } = declaration;
  const listen = asked === 'off' ? false : (asked ?? server.listen);
  if (listen === false) return null;
  const { openSyncServer } = await import('../../server/serve.ts');
  const options = {
    listen: listen ?? DEFAULT_LISTEN,
    token: server.token,
    name,
    version: readVersion(),
    links: Object.keys(links).length,
    stored: new StatusReader(declaration, context),
    context,
  };
  try {
    return await openSyncServer(options);
  } catch (thrown) {
    if (listen !== undefined || !(thrown instanceof TandemError) || thrown.code !== 'TD1051') throw thrown;
    context.log.warn({ code: thrown.code, listen: DEFAULT_LISTEN }, `${thrown.message}; going on without it`);
    return null;
  }
}

async function requireApplied(prepared: Prepared): Promise<void> {
  await verifyPositions(prepared);
  const pending = await pendingSteps(prepared);
  if (!isPending(pending)) return;
  const { left, right } = pending.steps;
  throw new TandemError('TD5013', 'this sync has not been applied to both databases', {
    found: `${left.length + right.length} statements and ${pending.checkpoints.length} first positions are missing`,
    fix: 'tandem plan shows them, tandem apply makes them',
  });
}

async function reportOutOfStep(prepared: Prepared, { log }: Context): Promise<void> {
  for (const { link, left, right, filtered } of await countLinks(prepared, planOf(prepared))) {
    if (!isOutOfStep({ link, left, right, filtered })) continue;
    log.warn({ link, left, right }, 'rows are not in step yet; each is carried over whole when it changes next');
  }
}

async function superviseSync(sync: Sync, stop: AbortSignal, context: Context): Promise<SyncStatus> {
  const ended = new AbortController();
  // What goes wrong while stopping comes out of `finished`.
  const end = () => void sync.stop().catch(() => {});
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  const watching = logStates(sync, context, ended.signal);
  try {
    await sync.finished;
    return sync.status();
  } finally {
    ended.abort();
    await watching;
  }
}

/** One line per change of a direction's state. */
async function logStates(sync: Sync, context: Context, signal: AbortSignal): Promise<void> {
  const known = new Map<Stream, DirectionStatus['state']>();
  while (!signal.aborted) {
    for (const stream of ['left->right', 'right->left'] as const) {
      const { state, lagMs, rows } = sync.status().directions[stream];
      if (known.get(stream) === state) continue;
      known.set(stream, state);
      context.log.info({ stream, lagMs, rows }, `${stream} is ${state}`);
    }
    await context.sleep(watchIntervalMs, signal).catch(() => {});
  }
}
