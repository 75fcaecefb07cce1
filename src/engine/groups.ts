import type { Position } from '../model/change.ts';
import { CODES, type Code } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import { SIDES, type Side } from '../model/policy.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import type { GroupNote } from '../pipeline/write/owe.ts';
import type { Group } from './group.ts';
import type { LaneRoute } from './route.ts';
import type { Running } from './running.ts';

/** Both directions of the group stop applying and begin to note what changes. All other groups go on. */
export function stopGroup(running: Running, lane: Lane, error: TandemError): void {
  const group = groupOf(running, lane);
  group.releaseAt = null;
  // What was said first stands: the log and the catalogues show the same change one after the other.
  if (group.isTold) return;
  if (group.state !== 'stopped') group.sinceUs = running.context.nowMs() * 1_000;
  group.state = 'stopped';
  group.error = error;
  group.isTold = true;
  for (const route of routesOf(running, lane)) {
    route.stopped = true;
    route.lastError = error;
    running.meters.halts.add([route.stream, lane.plan.id, error.code]);
  }
  noteGroup(running, lane);
  const { expected, found, fix, at } = error.details;
  const fields = { lane: lane.plan.id, code: error.code, expected, found, fix, at };
  running.context.log.error(fields, `${error.message}; this table group stops`);
}

/**
 * The log shows a version of a table that the plan does not fit. What was noted by an earlier engine, or lies before
 * the place at which the group is released, is no news.
 */
export function misfitRead(running: Running, lane: Lane, side: Side, at: Position, error: TandemError): void {
  const { positions } = running.endpoints[side];
  const route = routesOf(running, lane).find(({ target }) => target !== side);
  const { releaseAt } = groupOf(running, lane);
  if (route !== undefined && positions.covers(route.applier.held.position, at)) return;
  if (releaseAt !== null && positions.covers(releaseAt[side], at)) return;
  stopGroup(running, lane, error);
}

/** The schemas fit: go on as soon as everything up to these ends of the logs is noted. */
export function planRelease(running: Running, lane: Lane, ends: Readonly<Record<Side, Position>>): void {
  const group = groupOf(running, lane);
  if (group.state === 'stopped' && group.releaseAt === null) group.releaseAt = ends;
}

/** Lets a group go on that has noted everything up to its place of release; true where it does. */
export function tryRelease(running: Running, lane: Lane): boolean {
  const group = groupOf(running, lane);
  const { releaseAt, state } = group;
  if (state !== 'stopped' || releaseAt === null) return false;
  for (const side of SIDES) {
    const reader = running.readers[side];
    if (reader !== undefined && !running.endpoints[side].positions.covers(reader.position, releaseAt[side]))
      return false;
  }
  const routes = routesOf(running, lane);
  if (!routes.every((route) => route.isIdle && route.state === 'stopped')) return false;
  group.state = 'healing';
  group.isTold = false;
  group.error = null;
  group.releaseAt = null;
  for (const route of routes) {
    route.stopped = false;
    route.tasks.push(...route.postponed.splice(0));
    route.lastError = null;
  }
  noteGroup(running, lane);
  running.context.log.info({ lane: lane.plan.id, ...owedBy(lane) }, 'the table group goes on; what changed is told');
  return true;
}

export function groupHealed(running: Running, lane: Lane): void {
  const group = groupOf(running, lane);
  group.state = 'running';
  noteGroup(running, lane);
  running.context.log.info({ lane: lane.plan.id }, 'the table group is in step again');
}

/** Has the user not said yet what a TRUNCATE means? Or is a text to be mended first, before the engine starts again? */
export function awaitsDecision(running: Running, lane: Lane): boolean {
  const { error, isTold } = groupOf(running, lane);
  if (error?.code === 'TD3006') return isTold;
  if (error?.code !== 'TD7011') return false;
  return lane.plan.links.some(
    (link) => link.truncate === 'stop' && SIDES.some((side) => lane.sides[side].dirty.isWhole(link.id)),
  );
}

/** To be written with the next transaction of each route. */
export function noteGroup(running: Running, lane: Lane): void {
  const { state, error, sinceUs, tables } = groupOf(running, lane);
  const text = error === null ? null : JSON.stringify({ message: error.message, ...publicDetails(error) });
  for (const route of routesOf(running, lane)) {
    route.groupNote = { state, code: error?.code ?? null, error: text, sinceUs, tables };
    route.notice.ring();
  }
}

function publicDetails({ details }: TandemError) {
  const { expected, found, fix, at } = details;
  return { expected, found, fix, at };
}

/** The error as a table_group row holds it. */
export function errorOf(note: Pick<GroupNote, 'code' | 'error'>): TandemError | null {
  if (note.code === null || !(note.code in CODES)) return null;
  const { message, ...details } = JSON.parse(note.error ?? '{}') as { message?: string };
  return new TandemError(note.code as Code, message ?? '', details);
}

/** How many rows each side is owed; a whole table counts as one. */
export function owedBy(lane: Lane): Record<Side, number> {
  const count = (side: Side) => lane.sides[side].dirty.size + lane.sides[side].dirty.wholes.length;
  return { left: count('left'), right: count('right') };
}

export function groupOf(running: Running, lane: Lane): Group {
  const group = running.groups.get(lane);
  if (group === undefined) throw new TandemError('TD9002', `the table group ${lane.plan.id} is not known`);
  return group;
}

export function routesOf(running: Running, lane: Lane): readonly LaneRoute[] {
  return running.routes.filter((route) => route.lane === lane);
}

export function routeTo(running: Running, lane: Lane, target: Side): LaneRoute | undefined {
  return running.routes.find((route) => route.lane === lane && route.target === target);
}
