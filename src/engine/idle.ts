import type { Position } from '../model/change.ts';
import { asTandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import { isWorthRetrying } from './backoff.ts';
import type { Running } from './running.ts';

const POLL_MS = 5;
const RETRY_MS = 100;

/** Nothing read that is not applied, nothing applied that is not read back, no work of the protocol's own. */
export function isIdle(running: Running): boolean {
  const quiet = running.routes.every((route) => route.isIdle && route.auditsOpen.size === 0);
  return quiet && running.lanes.every((lane) => lane.sides.left.echoes.size + lane.sides.right.echoes.size === 0);
}

/**
 * Resolves when both logs are read to their ends and everything in them is applied, including what that caused. Polls,
 * because a reader passes silent stretches of its log without telling anybody. Rejects when the signal fires; throws
 * TandemError where the end of a log cannot be asked for, and that does not pass by itself.
 */
export async function waitIdle(running: Running, signal: AbortSignal): Promise<void> {
  for (;;) {
    const before = progress(running);
    await bothReadToTheEnd(running, signal);
    while (!isIdle(running)) await running.context.sleep(POLL_MS, signal);
    // Applying writes to the other log, where it may cause more: idle is when a whole round changed nothing.
    if (progress(running) === before) return;
  }
}

async function bothReadToTheEnd(running: Running, signal: AbortSignal): Promise<void> {
  for (const side of ['left', 'right'] as const satisfies readonly Side[]) {
    const reader = running.readers[side];
    if (reader === undefined) continue;
    const { positions } = running.endpoints[side];
    const end = await logEndOf(running, side, signal);
    while (!positions.covers(reader.position, end)) await running.context.sleep(POLL_MS, signal);
  }
}

/** The question has a connection of its own, which breaks as any other does. */
async function logEndOf({ endpoints, context }: Running, side: Side, signal: AbortSignal): Promise<Position> {
  for (;;) {
    try {
      return await endpoints[side].logEnd();
    } catch (thrown) {
      if (!isWorthRetrying(asTandemError(thrown))) throw thrown;
    }
    await context.sleep(RETRY_MS, signal);
  }
}

function progress(running: Running): number {
  const applied = running.routes.reduce((sum, route) => sum + route.applier.held.seq + route.counters.rows, 0);
  return applied + running.recognisers.left.timeline.last + running.recognisers.right.timeline.last;
}
