import type { Decision, Newest, Park, RowPolicy, SideWins } from '../model/policy.ts';
import type { Row } from '../model/value.ts';
import { type AskTimed, askCustom } from './custom.ts';
import { take, type Dispute } from './dispute.ts';
import { type Contest, groupsOf, mergeGroups, rowPolicyOf } from './groups.ts';
import { sameImage } from './same.ts';

/**
 * Decides one dispute, once. Any policy converges, because its result goes to both sides (correctness 1.5); it is only
 * asked for changes that truly did not see each other. Throws TandemError TD8002 or TD8011 where a custom function
 * fails or takes too long, TD8012 for a counter that is no number.
 */
export async function settle(dispute: Dispute, timed: AskTimed): Promise<Decision> {
  const policy = rowPolicyOf(dispute.link);
  if (policy.kind !== 'custom') return settleByRule(dispute, policy);
  const decision = await askCustom(dispute, policy, timed);
  const groups = groupsOf(dispute.link)?.filter((group) => !group.isRest) ?? [];
  if (groups.length === 0 || decision.row === null || dispute.current === null || dispute.incoming === null) {
    return decision;
  }
  const merged = mergeGroups(dispute, groups, contest, decision.row);
  return { ...merged, winner: 'merged' };
}

/** The policies that need nobody's answer. */
export function settleByRule(
  dispute: Dispute,
  policy: Exclude<RowPolicy, { readonly kind: 'custom' }> = rowPolicyOf(dispute.link) as Newest,
): Decision {
  const groups = groupsOf(dispute.link);
  if (groups !== null && dispute.current !== null && dispute.incoming !== null) {
    return mergeGroups(dispute, groups, contest);
  }
  if (policy.kind === 'park') return parkUnlessEqual(dispute);
  return take(dispute, winnerBy(dispute, policy.kind === 'perColumn' ? policy.overlap : policy));
}

/**
 * The row if the remote change wins: its image, with what it leaves out kept as it is at home. Where groups of columns
 * have policies of their own, only what the change changed counts, and counters take what it added.
 */
export function succeed(dispute: Dispute): Decision {
  const groups = groupsOf(dispute.link);
  if (groups === null || dispute.current === null || dispute.incoming === null) return take(dispute, 'remote');
  return mergeGroups(dispute, groups, () => 'remote');
}

/** What both sides hold alike needs nobody's decision. */
function parkUnlessEqual({ link, home, current, incoming }: Dispute): Decision {
  return { winner: sameImage(link, home, current, incoming) ? 'home' : 'nobody', row: current };
}

const contest: Contest = (dispute, policy: Newest | SideWins | Park) =>
  policy.kind === 'park' ? 'nobody' : winnerBy(dispute, policy);

function winnerBy(dispute: Dispute, policy: Newest | SideWins): 'home' | 'remote' {
  if (policy.kind === 'newest') return newest(dispute, policy.column);
  return policy.side === dispute.home ? 'home' : 'remote';
}

function newest(dispute: Dispute, column: string | undefined): 'home' | 'remote' {
  const { current, incoming } = dispute;
  // A delete beats an update whatever the clocks say: the row's owner decided that it ends (as EDB PGD does).
  if (incoming === null) return 'remote';
  if (current === null && dispute.incomingOp === 'update') return 'home';
  if (column !== undefined && current !== null) {
    const byColumn = compareColumn(dispute, column, current, incoming);
    if (byColumn !== 0) return byColumn > 0 ? 'home' : 'remote';
  }
  return dispute.currentAtUs >= dispute.incomingAtUs ? 'home' : 'remote';
}

function compareColumn(dispute: Dispute, column: string, current: Row, incoming: Row): number {
  const at = dispute.link.left.columns.findIndex((candidate) => candidate.name === column);
  const [a, b] = [current[at], incoming[at]];
  if (a === b || a === null || b === null || a === undefined || b === undefined) return 0;
  return a > b ? 1 : a < b ? -1 : 0;
}
