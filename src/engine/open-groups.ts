import type { TandemError } from '../model/error.ts';
import { SIDES, type Side } from '../model/policy.ts';
import { sameTable, type TableSchema } from '../model/schema.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import { awaitsDecision, errorOf, noteGroup, planRelease, routesOf, stopGroup } from './groups.ts';
import type { Group } from './group.ts';
import type { Running } from './running.ts';
import type { Station } from './stations.ts';

/** The tables of one lane as the table_group table holds them. */
export type LaneTables = Readonly<Record<Side, readonly TableSchema[]>> & { readonly links: readonly string[] };

/** What stands about every table group when an engine takes over. */
export function makeGroups(
  lanes: readonly Lane[],
  stations: readonly Station[],
  schemas: Readonly<Record<Side, readonly TableSchema[]>>,
): ReadonlyMap<Lane, Group> {
  const groups = new Map<Lane, Group>();
  for (const lane of lanes) {
    const notes = stations.flatMap((station) => (station.lane === lane && station.group ? [station.group] : []));
    const worst = notes.find(({ state }) => state === 'stopped') ?? notes.find(({ state }) => state === 'healing');
    const isOwed = SIDES.some((side) => !lane.sides[side].dirty.isEmpty);
    groups.set(lane, {
      state: worst !== undefined || isOwed ? 'stopped' : 'running',
      error: worst === undefined ? null : errorOf(worst),
      sinceUs: worst?.sinceUs ?? 0,
      releaseAt: null,
      isTold: false,
      tables: JSON.stringify(tablesOf(lane, schemas)),
    });
  }
  return groups;
}

function tablesOf(lane: Lane, schemas: Readonly<Record<Side, readonly TableSchema[]>>): LaneTables {
  const of = (side: Side) =>
    schemas[side].filter(({ ref }) => lane.plan.links.some((link) => sameTable(link[side].ref, ref)));
  return { links: lane.plan.links.map(({ id }) => id), left: of('left'), right: of('right') };
}

/**
 * Groups that were stopped stay so until everything is noted that the logs hold now; those whose tables do not fit stay
 * so for longer.
 */
export function openGroups(
  running: Running,
  stations: readonly Station[],
  misfits: ReadonlyMap<string, TandemError>,
  followsSchemas: boolean,
): void {
  for (const [lane, group] of running.groups) {
    const misfit = misfits.get(lane.plan.id);
    if (misfit !== undefined) {
      stopGroup(running, lane, misfit);
    } else if (group.state === 'running') {
      const isNews =
        followsSchemas && stations.some((each) => each.lane === lane && each.group?.tables !== group.tables);
      if (isNews) noteGroup(running, lane);
    } else {
      for (const route of routesOf(running, lane)) {
        route.stopped = true;
        route.lastError = group.error;
      }
      if (!awaitsDecision(running, lane)) planRelease(running, lane, running.takenOverAt);
    }
  }
}
