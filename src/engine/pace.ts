import type { Side } from '../model/policy.ts';
import type { LaneRoute } from './route.ts';
import type { Running } from './running.ts';

const POLL_MS = 50;

/** How far a reader may be ahead of its applier before it slows down: the next batch, and the start of another. */
const AHEAD_BATCHES = 1.25;
/** The slowest it gets. */
const SLOWEST_ROWS_PER_MS = 2;
/** How soon it is back to full speed once the applier has taken what there was. */
const STEP_MS = 5;

/**
 * Slows the reader of `side` down, or stops it for a while. It runs at full speed wherever somebody waits for what this
 * log will show: an applier that waited for a reader that waited for an applier would never end.
 */
export async function holdBack(running: Running, side: Side, rows: number): Promise<void> {
  const leaving = running.routes.filter((route) => route.target !== side);
  await waitForRoom(running, side, leaving);
  await keepPace(running, side, leaving, rows);
}

function isNeeded({ lanes, routes, recovery, stopping, paces }: Running, side: Side): boolean {
  if (stopping.aborted || paces[side].awaited > 0) return true;
  if (lanes.some((lane) => lane.sides[side].echoes.isAwaited || !recovery.hasReread(lane, side))) return true;
  return routes.some(
    ({ target, lane, hasWork, retrying }) =>
      target === side && (retrying || (hasWork && !recovery.mayArrive(lane, side))),
  );
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

/**
 * A reader far ahead only fills the disk, takes the processor from the applier and makes rows so old that they have to
 * be collected at great cost: it slows down, never to nothing.
 */
async function keepPace(running: Running, side: Side, leaving: readonly LaneRoute[], rows: number): Promise<void> {
  const pace = running.paces[side];
  pace.owedMs += rows / SLOWEST_ROWS_PER_MS;
  while (pace.owedMs >= STEP_MS) {
    if (!isFarAhead(running, leaving) || isNeeded(running, side)) {
      pace.owedMs = 0;
      return;
    }
    pace.owedMs -= STEP_MS;
    await running.context.sleep(STEP_MS);
  }
}

function isFarAhead({ limits }: Running, leaving: readonly LaneRoute[]): boolean {
  const [rowsMax, bytesMax] = [limits.batchRows * AHEAD_BATCHES, limits.batchBytes * AHEAD_BATCHES];
  return leaving.some(
    ({ queue, paused, stopped }) => !paused && !stopped && (queue.rows > rowsMax || queue.bytes > bytesMax),
  );
}
