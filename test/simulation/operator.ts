import { decodeResolution, encodeResolution } from '../../src/pipeline/decide/resolve.ts';
import { textOf } from './family.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** Conflicts that wait for somebody's decision. */
export function openConflicts(world: World): string[] {
  const { home } = world.plan.lanes[0] ?? { home: 'left' };
  const rows = world.databases[home]
    .rows('tandem.conflict')
    .filter((row) => row['state'] === 'open' && row['code'] === 'TD8010');
  return rows.map((row) => textOf(row['id']));
}

/** Asks for a decision about each, as `tandem conflicts resolve --force` does. */
export async function decideConflicts(world: World, random: Random, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const lane = world.plan.lanes.find((each) => id.startsWith(`${each.id}-`));
    if (lane === undefined) continue;
    const want = random.chance(0.2) ? 'delete' : { take: random.pick(['left', 'right'] as const) };
    const value = encodeResolution({ lane: lane.id, id, want, force: true });
    const name = `resolve:${id}`;
    const write = world.databases[lane.home].transact(async (tx) => {
      const asked = await tx.get('tandem.control', { name });
      if (asked === null) await tx.insert('tandem.control', { name, value });
      // What was refused (a unique value is taken by now) is asked for in another way.
      else if (decodeResolution(asked['value'])?.refused !== null)
        await tx.update('tandem.control', { name }, { value });
    });
    await write.catch(() => undefined);
  }
}
