import { lower, type Position } from '../model/change.ts';
import type { Source } from '../model/endpoint.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import type { LaneRoute } from './route.ts';
import type { Running } from './running.ts';

/**
 * Lets go of what nobody needs any more: window entries that every change still to come has seen and no audit of our
 * own transactions can ask for, and the source's log up to the place where a restart would begin.
 */
export function release(running: Running, sources: Partial<Record<Side, Source>>): void {
  for (const side of ['left', 'right'] as const) {
    forget(running, side);
    const floor = durableFloor(running, side);
    if (floor !== null) sources[side]?.ack(floor);
  }
}

/**
 * Windows of `side` are consulted for changes that arrive there: entries that even the oldest of them has seen may go.
 */
function forget(running: Running, side: Side): void {
  const { timeline } = running.recognisers[side];
  let lowest = Infinity;
  for (const route of running.routes) {
    if (route.target !== side) continue;
    const opposite = route.lane.sides[otherSide(side)];
    const oldest = route.oldest;
    const state = route.lane.sides[side];
    const seenByOldest = timeline.ordinalOf(oldest === null ? opposite.seen : oldest.seen);
    const seen = Math.min(seenByOldest, state.echoes.auditedFrom);
    state.window.dropThrough(seen);
    state.floor = seen;
    for (const id of state.provenance.keys()) {
      if (Number(id.slice(0, id.indexOf(':'))) <= seen) state.provenance.delete(id);
      else break;
    }
    for (const [hash, ordinal] of state.removed) if (ordinal <= seen) state.removed.delete(hash);
    lowest = Math.min(lowest, seen);
    forgetDeferrals(running, route.lane);
    if (route.target !== route.lane.home) {
      forgetHeld(route);
      forgetMerges(route);
    }
  }
  if (Number.isFinite(lowest)) timeline.dropThrough(lowest);
}

/** What home's application did before two rows were recognised as one has been applied, or is still on the way. */
function forgetMerges({ lane, oldest, queue }: LaneRoute): void {
  if (lane.merges.size > 0) lane.merges.forget(oldest?.ordinal ?? (queue.isEmpty ? Infinity : 0));
}

/** A closed deferral matters only to changes of the remote side that were made while it was open. */
function forgetDeferrals(running: Running, lane: Lane): void {
  const { deferrals } = lane.sides[lane.remote];
  if (deferrals.size === 0) return;
  const leaving = running.routes.find((route) => route.lane === lane && route.target === lane.home);
  const next = leaving?.oldest?.ordinal ?? Infinity;
  for (const [hash, list] of deferrals) {
    const open = list.filter((deferral) => deferral.until === Infinity || deferral.until >= next);
    if (open.length === 0) deferrals.delete(hash);
    else if (open.length < list.length) deferrals.set(hash, open);
  }
}

/** Only changes that are still to be applied at the other side ask what is held. */
function forgetHeld({ lane, oldest, queue }: LaneRoute): void {
  if (oldest !== null) lane.held.forget(oldest.ordinal);
  else if (queue.isEmpty) lane.held.forget(Infinity);
}

/** Where a restart would begin to read: nothing beyond it may be let go. Null where nobody reads that log. */
export function durableFloor(running: Running, side: Side): Position | null {
  const { positions } = running.endpoints[side];
  let floor: Position | null = null;
  const take = (position: Position | null) => {
    if (position === null) return;
    floor = floor === null ? position : lower(positions, floor, position);
  };
  for (const route of running.routes) floorsOf(route, side, take);
  return floor;
}

function floorsOf(route: LaneRoute, side: Side, take: (position: Position | null) => void): void {
  const { held } = route.applier;
  if (route.target !== side) return take(held.position);
  take(held.floor);
  take(held.known);
}
