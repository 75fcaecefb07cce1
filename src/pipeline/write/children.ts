import { otherSide } from '../../model/policy.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Row } from '../../model/value.ts';
import { keyOf, rowHash } from '../lane/linked.ts';
import { EchoFirst, TasksFirst } from '../map/ops.ts';
import { restate, type CarefulPass } from './pass.ts';
import { bare } from './write.ts';

/**
 * A parent stays here although the other side has deleted it. If that side's server took the children along without a
 * word in its log, nothing will ever tell it to make them again: so their state here is told, parents before children.
 * They are locked, so what is told is what they hold at this place of the log.
 */
export async function tellChildren(
  pass: CarefulPass,
  link: LinkPlan,
  keys: readonly Row[],
  told = new Set<number>(),
): Promise<void> {
  const { scope } = pass;
  for (const { from, childLink, columns, action } of link.cascades) {
    const child = scope.links.get(childLink);
    if (from !== otherSide(scope.target) || child === undefined || keys.length === 0) continue;
    const further: Row[] = [];
    for (const image of await scope.transaction.find(bare(child[scope.target]), columns, keys)) {
      const key = keyOf(child, image);
      const hash = rowHash(child, scope.target, key);
      if (told.has(hash)) continue;
      told.add(hash);
      tell(pass, child, key, hash, image);
      further.push(key);
    }
    if (action === 'delete') await tellChildren(pass, child, further, told);
  }
}

/** Sends the state of a locked row through this side's log. Throws EchoFirst and TasksFirst. */
export function tell(pass: CarefulPass, link: LinkPlan, key: Row, hash: number, image: Row): void {
  const { scope, arena } = pass;
  requireAudited(pass, hash);
  scope.intend(link, hash, image, 0);
  const purpose = scope.target === arena.lane.home ? 'reassert' : 'refresh';
  const effectiveUs = arena.lane.sides[scope.target].window.newest(hash, -1)?.effectiveUs ?? 0;
  restate(pass, { link, purpose, key, image, provenance: null, effectiveUs });
}

/** At home, what we wrote is no decision until it is known whether that passed over a change. */
function requireAudited({ arena, seq }: CarefulPass, hash: number): void {
  const { lane, target, hasTasks } = arena;
  if (target !== lane.home || !lane.plan.strict) return;
  if (lane.sides[target].echoes.isUnread(hash, seq)) throw new EchoFirst(hash);
  if (hasTasks()) throw new TasksFirst();
}
