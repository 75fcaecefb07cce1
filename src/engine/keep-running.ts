import type { Context } from '../model/context.ts';
import { asTandemError } from '../model/error.ts';
import type { Sync, SyncStatus } from './sync-status.ts';

/**
 * A failover under a running engine makes what it holds in memory wrong, and so do tables that were altered. What both
 * databases hold does not have to be: a new engine verifies that when it starts, and says what is final. What was lost
 * on the own disk is in the logs.
 */
const startsOver: ReadonlySet<string> = new Set(['TD6004', 'TD6030', 'TD6057', 'TD5033']);

/**
 * A sync that outlives its engines: one that was overtaken by a failover is followed by another. `close` runs at the
 * very end. Throws what the first `begin` throws.
 */
export async function keepRunning(
  begin: (ending: AbortSignal) => Promise<Sync>,
  context: Context,
  signal: AbortSignal | undefined,
  close: () => Promise<void>,
): Promise<Sync> {
  const ending = new AbortController();
  const either = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]);
  let current = await begin(either).catch(async (thrown: unknown) => {
    await close();
    throw thrown;
  });
  let isBetween = false;
  const awaitNext: (() => void)[] = [];
  const live = async (): Promise<void> => {
    for (;;) {
      try {
        return await current.finished;
      } catch (thrown) {
        const error = asTandemError(thrown);
        if (!startsOver.has(error.code) || ending.signal.aborted) throw error;
        const fields = { code: error.code, at: error.details.at };
        context.log.warn(fields, `${error.message}; starting over from what both databases hold`);
      }
      isBetween = true;
      current = await begin(ending.signal);
      isBetween = false;
      for (const resolve of awaitNext.splice(0)) resolve();
      if (ending.signal.aborted) await current.stop();
    }
  };
  const finish = async (): Promise<void> => {
    try {
      await live();
    } catch (thrown) {
      // Told to stop between two engines: there is nothing left to stop.
      if (!isBetween || !ending.signal.aborted) throw thrown;
    } finally {
      await close();
    }
  };
  const finished = finish();
  finished.catch(() => undefined);
  const idle = async (): Promise<void> => {
    for (;;) {
      const asked = current;
      try {
        return await asked.idle();
      } catch (thrown) {
        if (!startsOver.has(asTandemError(thrown).code)) throw thrown;
        // What was read and not applied is the next engine's work.
        if (current === asked) await Promise.race([new Promise<void>((resolve) => awaitNext.push(resolve)), finished]);
      }
    }
  };
  return {
    finished,
    get meters() {
      return current.meters;
    },
    status: () => (isBetween ? restarting(current.status()) : current.status()),
    remembered: () => current.remembered(),
    idle,
    async stop() {
      ending.abort();
      await current.stop();
      await finished.catch(() => undefined);
    },
  };
}

/** The engine before has failed, the sync has not. */
function restarting(last: SyncStatus): SyncStatus {
  return { ...last, state: 'running' };
}
