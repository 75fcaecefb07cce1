import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import type { Row } from '../../model/value.ts';
import type { Lane } from '../lane/lane.ts';
import { keyOf, rowHash } from '../lane/linked.ts';
import { LogFirst, type Op } from '../map/ops.ts';
import { tell, tellChildren } from '../write/children.ts';
import type { CarefulPass } from '../write/pass.ts';
import { bare } from '../write/write.ts';

interface Child {
  readonly link: LinkPlan;
  readonly key: Row;
  readonly hash: number;
  readonly image: Row;
}

/** Children of a parent that the other side deletes, as far as they were made or changed beside that delete. */
interface Met {
  /** For these the parent stays; those in between come with them, parents first. */
  readonly kept: Child[];
  /** These go first, children before parents. */
  readonly doomed: Child[];
  /** Are there others, which may be older than the delete or may not be in the log yet? */
  hasOthers: boolean;
}

const guarded = new WeakMap<LinkPlan, Partial<Record<Side, boolean>>>();

/** Do rows that hang on this link, however far down, have a policy of their own for a parent that is deleted? */
export function isGuarded(lane: Lane, side: Side, link: LinkPlan): boolean {
  const known = guarded.get(link) ?? {};
  guarded.set(link, known);
  return (known[side] ??= hasPolicyBelow(lane, side, link, []));
}

function hasPolicyBelow(lane: Lane, side: Side, link: LinkPlan, seen: readonly LinkPlan[]): boolean {
  for (const { child } of childrenOf(lane, side, link)) {
    if (child.foreignKey !== 'park') return true;
    if (!seen.includes(child) && hasPolicyBelow(lane, side, child, [...seen, child])) return true;
  }
  return false;
}

function* childrenOf(lane: Lane, side: Side, parent: LinkPlan) {
  for (const child of lane.plan.links) {
    for (const { link, byKey } of child[side].foreignKeys) {
      if (link === parent.id && byKey !== null) yield { child, byKey };
    }
  }
}

/**
 * The other side deletes a row to which this side, without knowing, has given children. False where the row stays: then
 * its state is told to the other side, and with it what hangs on it. Otherwise what has to go with it is gone.
 * Throws LogFirst.
 */
export async function mayDelete(pass: CarefulPass, op: Op, key: Row): Promise<boolean> {
  const { scope, arena } = pass;
  const { link } = op;
  if (!isGuarded(arena.lane, scope.target, link)) return true;
  // The lock holds off children that somebody is about to add.
  const [current = null] = await scope.transaction.lock(bare(link[scope.target]), [key]);
  if (current === null) return true;
  const seen = arena.timelines[scope.target].ordinalOf(op.item.seen);
  const met: Met = { kept: [], doomed: [], hasOthers: false };
  await meet(pass, seen, link, [key], met);
  if (met.hasOthers && !pass.looked.has(op.change)) throw new LogFirst(op.change);
  if (met.kept.length === 0) {
    await remove(pass, met.doomed);
    return true;
  }
  tell(pass, link, key, rowHash(link, scope.target, key), current);
  for (const child of met.kept) tell(pass, child.link, child.key, child.hash, child.image);
  await tellChildren(pass, link, [key]);
  return false;
}

/** Not announced as meant: so it reaches the other side as the result of a cascade would. */
async function remove({ scope }: CarefulPass, doomed: readonly Child[]): Promise<void> {
  for (const child of doomed) {
    await scope.transaction.write({ op: 'delete', shape: bare(child.link[scope.target]), keys: [child.key] });
    scope.emptied.add(child.link.id);
  }
}

async function meet(
  pass: CarefulPass,
  seen: number,
  parent: LinkPlan,
  parents: readonly Row[],
  met: Met,
  passed = new Set<number>(),
): Promise<boolean> {
  const { scope, arena } = pass;
  const { window } = arena.lane.sides[scope.target];
  let isKept = false;
  for (const { child, byKey } of childrenOf(arena.lane, scope.target, parent)) {
    if (child.foreignKey === 'park' && !isGuarded(arena.lane, scope.target, child)) continue;
    for (const image of await scope.transaction.find(bare(child[scope.target]), byKey, parents)) {
      const key = keyOf(child, image);
      const hash = rowHash(child, scope.target, key);
      if (passed.has(hash)) continue;
      passed.add(hash);
      const own = { link: child, key, hash, image };
      const place = met.kept.length;
      const isBelowKept = await meet(pass, seen, child, [key], met, passed);
      const isBeside = window.newest(hash, seen) !== null || arena.owes(child, key);
      if (!isBeside) met.hasOthers = true;
      if (isBelowKept || (isBeside && child.foreignKey === 'restoreParent')) {
        met.kept.splice(place, 0, own);
        isKept = true;
      } else if (isBeside && child.foreignKey === 'deleteChild') met.doomed.push(own);
    }
  }
  return isKept;
}
