import { countLinks, isOutOfStep } from '../../engine/checks.ts';
import { planOf, type Prepared } from '../../engine/prepare.ts';
import { isPending, pendingSteps, verifyPositions } from '../../engine/provision.ts';
import { createSync } from '../../engine/sync.ts';
import type { DirectionStatus, Stream, Sync, SyncStatus } from '../../engine/sync-status.ts';
import type { Context } from '../../model/context.ts';
import { TandemError } from '../../model/error.ts';
import { exitCodes } from '../exit-codes.ts';
import { requireServers, withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';

const watchIntervalMs = 500;

interface RunOptions {
  readonly direction?: 'toRight' | 'toLeft';
}

/**
 * Keeps both sides in step until SIGTERM or SIGINT: then what is in flight commits and the exit code is 0. A second
 * signal ends the process at once; nothing is lost by that either, only read again.
 */
export async function run(session: Session, options: RunOptions): Promise<number> {
  return withPrepared(session, 'info', async ({ prepared, context, source }) => {
    await requireApplied(prepared);
    await requireServers(prepared, source);
    await reportOutOfStep(prepared, context);
    const { declaration } = prepared;
    // The sync opens connections of its own; these would only idle beside them.
    await prepared[Symbol.asyncDispose]();
    const sync = await createSync({ declaration, context, ...options });
    const last = await superviseSync(session, sync, context);
    session.terminal.document('tandem.run/1', { sync: declaration.name, ...last, next: ['tandem status'] });
    return exitCodes.fine;
  });
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

async function superviseSync(session: Session, sync: Sync, context: Context): Promise<SyncStatus> {
  const ended = new AbortController();
  let signals = 0;
  const unsubscribe = session.io.onSignal((signal) => {
    signals += 1;
    if (signals > 1) return session.io.exitNow(exitCodes.interrupted);
    context.log.info({ signal }, 'stopping: what is in flight commits first; a second signal ends at once');
    // What goes wrong while stopping comes out of `finished`.
    sync.stop().catch(() => {});
  });
  const watching = logStates(sync, context, ended.signal);
  try {
    await sync.finished;
    return sync.status();
  } finally {
    ended.abort();
    unsubscribe();
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
