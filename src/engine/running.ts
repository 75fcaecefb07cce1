import { join } from 'node:path';
import type { Position, Positions, Transaction } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { LinkPlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { Row } from '../model/value.ts';
import type { Claims } from '../pipeline/lane/claims.ts';
import type { KeyMap } from '../pipeline/lane/keys.ts';
import type { Lane, Task } from '../pipeline/lane/lane.ts';
import { rowKeyText, type LaneItem } from '../pipeline/lane/linked.ts';
import { entityOf } from '../pipeline/lane/parked.ts';
import { Recogniser } from '../pipeline/recognise/recognise.ts';
import type { Recognised } from '../pipeline/recognise/recognised.ts';
import type { Applied } from '../pipeline/apply/apply.ts';
import { decodeResolution } from '../pipeline/decide/resolve.ts';
import type { Turn } from '../pipeline/apply/run.ts';
import { isPaused, isResolution, pauseName } from './control.ts';
import { type EngineLimits, retryDelays } from './limits.ts';
import type { Group } from './group.ts';
import { takeParked, wakeByChanges, wakeChildren } from './parked-wakes.ts';
import { ItemQueue } from './queue.ts';
import type { Meters } from './meters.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Reader } from './reader.ts';
import type { Recovery } from './recovery.ts';
import { timeLimit } from './time-limit.ts';
import { LaneRoute } from './route.ts';
import type { Spill } from './spill.ts';
import { streamFrom, type Station } from './stations.ts';
import type { Stream } from './sync-status.ts';

export interface Running {
  readonly endpoints: Readonly<Record<Side, Endpoint>>;
  readonly lanes: readonly Lane[];
  readonly recognisers: Readonly<Record<Side, Recogniser>>;
  readonly readers: Partial<Record<Side, Reader>>;
  readonly routes: readonly LaneRoute[];
  readonly recovery: Recovery;
  readonly dropped: Record<Stream, number>;
  readonly sideEffects: Record<Stream, number>;
  readonly context: Context;
  readonly keys: KeyMap;
  readonly limits: EngineLimits;
  readonly claims: Claims;
  readonly spill: Spill;
  readonly rates: Readonly<Record<Stream, RateLimit>>;
  /** Fires when readers are to end. */
  readonly stopping: AbortSignal;
  /** Readers that wait because what they read ahead has reached its limit. */
  readonly full: Record<Side, boolean>;
  readonly meters: Meters;
  /** Each server's clock minus ours, milliseconds, as last measured. */
  readonly skews: Record<Side, number>;
  /** Of each reader: time that it still has to let pass (pace.ts), and how many appliers wait for it to catch up. */
  readonly paces: Readonly<Record<Side, { owedMs: number; awaited: number }>>;
  readonly groups: ReadonlyMap<Lane, Group>;
  /** The ends of both logs when this engine had taken over. */
  readonly takenOverAt: Readonly<Record<Side, Position>>;
}

/** One route per lane and direction, over the stations that were taken over. */
export function makeRoutes(
  shared: Omit<Running, 'routes'>,
  stations: readonly Station[],
  onDone: (route: LaneRoute, turn: Turn, applied: Applied | null) => void,
): LaneRoute[] {
  const { endpoints, recognisers, context, keys, limits } = shared;
  const timelines = { left: recognisers.left.timeline, right: recognisers.right.timeline };
  const routes: LaneRoute[] = [];
  const find = (from: LaneRoute) => routes.find(({ lane, target }) => lane === from.lane && target !== from.target);
  for (const station of stations) {
    const { stream, lane, source, target, held, parked, book } = station;
    const name = `${source}-${lane.plan.id}`.replaceAll(/[^\w.-]/g, '_');
    const route: LaneRoute = new LaneRoute({
      stream,
      lane,
      context,
      batchMax: { rows: limits.batchRows, bytes: limits.batchBytes },
      retries: retryDelays(limits),
      meters: shared.meters,
      skewMs: () => shared.skews[source],
      rate: shared.rates[stream],
      queue: new ItemQueue({
        links: lane.plan.links,
        folder: () => join(context.spillFolder, name),
        spill: shared.spill,
        memoryMax: { rows: limits.lookAheadRows, bytes: limits.lookAheadBytes },
      }),
      positions: endpoints[source].positions,
      applier: {
        arena: {
          lane,
          target: otherSide(source),
          timelines,
          keys,
          claims: shared.claims,
          readToEnd: () => readToEnd(shared, otherSide(source), () => route.isEnding),
          timed: timeLimit(context, shared.limits.conflictFunctionMs),
          isNew: newSince(endpoints[source].positions, shared.takenOverAt[source]),
          hasTasks: () => route.tasks.length > 0,
          owes: (link, key) => isOwed(routes, lane, otherSide(source), link, key),
        },
        onMapped: () => route.noteMapped(),
        stream,
        target,
        shapes: endpoints[otherSide(source)].state,
        parked,
        book,
        looked: new WeakSet(),
        answered: new Set(),
        nowMs: context.nowMs,
        wary: 0,
        held,
        unanswered: null,
      },
      dirtyRows: shared.limits.dirtyRows,
      handOver: (from, tasks) => handOver(find(from), from, tasks),
      hasHandedOver: (from) => (find(from)?.owed.length ?? 0) > 0,
      isRecovered: () => shared.recovery.isOver(lane) && shared.recovery.mayArrive(lane, otherSide(source)),
      onDone,
    });
    routes.push(route);
  }
  return routes;
}

/** Is the row of `side` parked on its way to the other side? */
function isOwed(routes: readonly LaneRoute[], lane: Lane, side: Side, link: LinkPlan, key: Row): boolean {
  const leaving = routes.find((route) => route.lane === lane && route.target !== side);
  return leaving?.applier.parked.has(entityOf(link.id, rowKeyText(link, side, key))) ?? false;
}

/** What a route leaves undone at its side is noted as owed by the route that leaves that side. */
function handOver(leaving: LaneRoute | undefined, from: LaneRoute, tasks: readonly Task[]): void {
  for (const task of tasks) {
    if (task.kind === 'resolve') continue;
    leaving?.owed.push({ link: task.link, key: task.key });
    if (task.kind === 'audit') countAudit(leaving, task.at, -1);
  }
  leaving?.notice.ring();
  from.notice.ring();
}

/** Resolves when the log of a side is read as far as it went when this was called; at once where nobody reads it. */
async function readToEnd(
  { endpoints, readers, context, paces }: Omit<Running, 'routes'>,
  side: Side,
  isEnding: () => boolean,
): Promise<void> {
  const reader = readers[side];
  if (reader === undefined) return;
  const end = await endpoints[side].logEnd();
  paces[side].awaited += 1;
  try {
    while (!isEnding() && !endpoints[side].positions.covers(reader.position, end)) await context.sleep(READ_POLL_MS);
  } finally {
    paces[side].awaited -= 1;
  }
}

const READ_POLL_MS = 2;

/** Items come in the order of their log: once one is new, so are all that follow. */
function newSince(positions: Positions, end: Position): (item: LaneItem) => boolean {
  let firstNew = Infinity;
  return (item) => {
    if (item.ordinal < firstNew && !positions.covers(end, item.position)) firstNew = item.ordinal;
    return item.ordinal >= firstNew;
  };
}

/** Hands what a reader recognised to the routes. */
export function deliver(running: Running, side: Side, recognised: Recognised, transaction: Transaction): void {
  const { routes, dropped, sideEffects, keys } = running;
  const leaving = routes.filter((route) => route.target !== side);
  const { meters, context, skews } = running;
  meters.capture(side, recognised.items, transaction.bytes);
  meters.drop(streamFrom(side), { ...recognised.passed, echo: recognised.dropped });
  if (transaction.last && recognised.items.length > 0) {
    meters.stage(streamFrom(side), 'capture', context.nowMs() + skews[side] - transaction.committedAtUs / 1_000);
  }
  dropped[streamFrom(otherSide(side))] += recognised.dropped;
  sideEffects[streamFrom(otherSide(side))] += recognised.sideEffects;
  if (recognised.sideEffects > 0) {
    const fields = { side, rows: recognised.sideEffects, code: 'TD8001', transaction: transaction.id };
    running.context.log.warn(fields, 'a trigger or cascade changed what was written; the result is sent back once');
  }
  for (const pair of recognised.pairs) {
    keys.remember(pair.link, pair.leftKey, pair.rightKey);
    wakeChildren(routes, pair);
  }
  for (const row of recognised.parked) takeParked(routes, side, row);
  wakeByChanges(routes, keys, side, recognised);
  for (const control of recognised.controls) takeControl(running, side, control);
  for (const { lane, task } of recognised.tasks) addTask(running, lane, side, task);
  const given = new Set<Lane>();
  for (const { lane, item } of recognised.items) {
    given.add(lane);
    give(leaving, lane, item);
  }
  if (!recognised.bookkeeping && transaction.last) skip(leaving, given, transaction.position);
}

function give(leaving: readonly LaneRoute[], lane: Lane, item: LaneItem): void {
  const route = leaving.find((candidate) => candidate.lane === lane);
  if (route === undefined) return;
  route.skipped = null;
  route.push(item);
  route.notice.ring();
}

/** Read, but nothing to apply: remembered by timer, so that the log can be released. */
function skip(leaving: readonly LaneRoute[], given: ReadonlySet<Lane>, position: Position): void {
  for (const route of leaving) {
    if (given.has(route.lane)) continue;
    route.remember(position);
  }
}

export function addTask(running: Running, lane: Lane, side: Side, task: Task): void {
  const arriving = running.routes.find((route) => route.lane === lane && route.target === side);
  if (arriving === undefined) return;
  arriving.tasks.push(task);
  if (task.kind === 'audit') countAudit(leavingRoute(running, lane, side), task.at, 1);
  arriving.notice.ring();
}

/** Opens or closes an audit: what leaves home from there on waits until none is open. */
export function countAudit(route: LaneRoute | undefined, at: number, step: 1 | -1): void {
  if (route === undefined) return;
  const open = (route.auditsOpen.get(at) ?? 0) + step;
  if (open > 0) route.auditsOpen.set(at, open);
  else route.auditsOpen.delete(at);
  route.notice.ring();
}

export function leavingRoute(running: Running, lane: Lane, side: Side): LaneRoute | undefined {
  return running.routes.find((route) => route.lane === lane && route.target !== side);
}

/** What an operator asked for: a pause stands in the left database, a decision about a conflict at its home. */
export function takeControl(running: Running, side: Side, control: Recognised['controls'][number]): void {
  if (isResolution(control.name)) return takeResolution(running, side, control);
  if (side !== 'left') return;
  for (const route of running.routes) {
    if (control.name !== pauseName(route.stream)) continue;
    const paused = isPaused(control.value);
    if (paused !== route.paused) running.context.log.info({ stream: route.stream }, paused ? 'paused' : 'resumed');
    route.paused = paused;
    route.notice.ring();
  }
}

function takeResolution(running: Running, side: Side, { name, value }: Recognised['controls'][number]): void {
  if (value === null) {
    for (const route of running.routes) if (route.target === side) route.applier.answered.add(name);
    return;
  }
  const asked = decodeResolution(value);
  const lane = running.lanes.find((candidate) => candidate.plan.id === asked?.request.lane);
  if (asked === null || asked.refused !== null || lane?.home !== side) return;
  addTask(running, lane, side, { kind: 'resolve', name, request: asked.request });
}
