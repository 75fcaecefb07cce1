import type { Endpoint } from '../model/endpoint.ts';
import type { TandemError } from '../model/error.ts';
import type { LanePlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import { tableName } from '../model/schema.ts';
import type { GroupNote } from '../pipeline/write/owe.ts';
import { errorOf } from './groups.ts';
import type { Runnable } from './prepare-run.ts';
import { stateOrNull } from './state-or-null.ts';
import { columnOf, readGroup, streamFrom } from './stations.ts';

/** What the databases tell about one table group. */
export interface StoredGroup {
  readonly lane: string;
  readonly tables: Readonly<Record<Side, readonly string[]>>;
  /** As the last engine left it; `healing`: what changed meanwhile is being brought into step. */
  readonly state: GroupNote['state'];
  /** Since when it is stopped or healing, microseconds since 1970; null while it runs. */
  readonly sinceUs: number | null;
  /** Why it has stopped. */
  readonly reason: GroupReason | null;
  /** How the tables do not fit the mapping at this moment, whether an engine has seen it or not. */
  readonly misfit: GroupReason | null;
  /** Rows that each side is owed; a table that counts as changed whole is one. */
  readonly owed: Readonly<Record<Side, number>>;
}

/** An error in plain fields, without row values. */
export interface GroupReason {
  readonly code: string;
  readonly message: string;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  readonly fix?: string | undefined;
  /** Such as the link, the table and the column. */
  readonly at?: Readonly<Record<string, string | number>> | undefined;
}

/** Does anything keep the group from being in step, now or as soon as an engine runs? */
export function needsAttention({ state, misfit }: StoredGroup): boolean {
  return state === 'stopped' || misfit !== null;
}

export async function readGroups(
  lanes: readonly LanePlan[],
  { left, right }: Sides,
  misfits: Runnable['misfits'],
): Promise<readonly StoredGroup[]> {
  const sides = { left, right };
  const groups: StoredGroup[] = [];
  for (const lane of lanes) {
    const notes = [await readNote(sides, 'left', lane), await readNote(sides, 'right', lane)];
    const worst =
      notes.find((note) => note?.state === 'stopped') ?? notes.find((note) => note?.state === 'healing') ?? null;
    const error = worst === null ? null : errorOf(worst);
    const misfit = misfits.get(lane.id);
    groups.push({
      lane: lane.id,
      tables: { left: tablesOf(lane, 'left'), right: tablesOf(lane, 'right') },
      state: worst?.state ?? 'running',
      sinceUs: worst?.sinceUs ?? null,
      reason: error && reasonOf(error),
      misfit: misfit === undefined ? null : reasonOf(misfit),
      owed: { left: await countOwed(left, 'left', lane), right: await countOwed(right, 'right', lane) },
    });
  }
  return groups;
}

type Sides = Readonly<Record<Side, Endpoint>>;

function tablesOf({ links }: LanePlan, side: Side): readonly string[] {
  return links.map((link) => tableName(link[side].ref));
}

/** Each direction notes the same of a group, in its own target; one may not have got to it yet. */
async function readNote(sides: Sides, side: Side, lane: LanePlan): Promise<GroupNote | null> {
  await using target = await sides[side].target();
  const { table_group: shape } = sides[side].state;
  return await stateOrNull(readGroup(target, shape, streamFrom(otherSide(side)), lane.id));
}

async function countOwed(endpoint: Endpoint, side: Side, { links }: LanePlan): Promise<number> {
  const { dirty: shape } = endpoint.state;
  const by = [columnOf(shape, 'stream'), columnOf(shape, 'link')];
  const keys = links.map(({ id }) => [streamFrom(otherSide(side)), id]);
  await using target = await endpoint.target();
  return (await stateOrNull(target.find(shape, by, keys)))?.length ?? 0;
}

function reasonOf({ code, message, details: { expected, found, fix, at } }: TandemError): GroupReason {
  return { code, message, expected, found, fix, at };
}
