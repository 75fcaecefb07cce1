import type { Side } from '../model/policy.ts';
import type { LaneRoute } from './route.ts';
import type { Running } from './running.ts';

const POLL_MS = 50;

/** Row changes ahead of the applier from which on a reader slows down, and the slowest it gets. */
const AHEAD_ROWS = 6_000;
const SLOWEST_ROWS_PER_MS = 10;

/**
 * Slows the reader of `side` down, or stops it for a while. It runs at full speed wherever somebody waits for what this
 * log will show: an applier that waited for a reader that waited for an applier would never end.
 */
export async function holdBack(running: Running, side: Side, rows: number): Promise<void> {
  const leaving = running.routes.filter((route) => route.target !== side);
  await waitForRoom(running, side, leaving);
  await keepPace(running, side, leaving, rows);
}

function isNeeded(running: Running, side: Side): boolean {
  const { lanes, routes, stopping } = running;
  if (stopping.aborted || lanes.some((lane) => lane.sides[side].echoes.isAwaited)) return true;
  return routes.some((route) => !route.isRecovered || (route.target === side && route.retrying));
}

/** Waits while the disk is behind with what was read ahead, or holds as much of it as it may. */
async function waitForRoom(running: Running, side: Side, leaving: readonly LaneRoute[]): Promise<void> {
  const { spill, limits, context, full } = running;
  for (;;) {
    const backlog = leaving.find(({ queue }) => queue.backlog !== null)?.queue.backlog ?? null;
    const isFull = spill.bytes >= limits.spillBytes && leaving.some(({ queue }) => queue.isSpilled);
    if (isFull !== full[side]) noteFull(running, side, isFull);
    if ((backlog === null && !isFull) || isNeeded(running, side)) return;
    await Promise.race([...(backlog === null ? [] : [backlog]), context.sleep(POLL_MS)]);
  }
}

function noteFull(running: Running, side: Side, isFull: boolean): void {
  const { context, limits, full } = running;
  full[side] = isFull;
  if (!isFull) return context.log.info({ side }, 'there is room again for what is read ahead; reading goes on');
  const fields = { code: 'TD6051', side, spillBytes: limits.spillBytes };
  context.log.warn(fields, 'what is read ahead has reached its limit on disk; the log waits at its source');
}

/** A reader far ahead only fills the disk and takes the processor from the applier: it slows down, never to nothing. */
async function keepPace(running: Running, side: Side, leaving: readonly LaneRoute[], rows: number): Promise<void> {
  if (!leaving.some((route) => route.queue.rows > AHEAD_ROWS && !route.paused)) return;
  if (running.lanes.some((lane) => lane.sides[side].echoes.isAwaited)) return;
  const pace = running.paces[side];
  pace.owedMs += rows / SLOWEST_ROWS_PER_MS;
  if (pace.owedMs < 5) return;
  const { owedMs } = pace;
  pace.owedMs = 0;
  await running.context.sleep(owedMs);
}
