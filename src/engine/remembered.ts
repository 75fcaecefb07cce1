import type { LaneSide } from '../pipeline/lane/lane.ts';
import type { Running } from './running.ts';
import type { Remembered } from './sync-status.ts';

export function remembered({ lanes, routes, claims }: Running): Remembered {
  const sides = lanes.flatMap(({ sides: { left, right } }) => [left, right]);
  const sum = (of: (side: LaneSide) => number) => sides.reduce((total, side) => total + of(side), 0);
  return {
    queued: routes.reduce((total, { queue }) => total + queue.rows, 0),
    tasks: routes.reduce((total, { tasks, auditsOpen }) => total + tasks.length + auditsOpen.size, 0),
    windows: sum(({ window }) => window.size),
    decisions: sum(({ provenance }) => provenance.size),
    deferrals: lanes.reduce((total, { deferring }) => total + deferring.size, 0) + sum((side) => side.deferrals.size),
    removals: sum(({ removed }) => removed.size),
    echoes: sum(({ echoes }) => echoes.size),
    overlaps: sum(({ echoes }) => echoes.overlaps),
    held: lanes.reduce((total, { held }) => total + held.size, 0),
    merges: lanes.reduce((total, { merges }) => total + merges.size, 0),
    claims: claims.size,
  };
}
