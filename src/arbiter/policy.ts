import { TandemError } from '../model/error.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import { otherSide, type Conflict, type Decision, type Policy, type Side, type Verdict } from '../model/policy.ts';
import type { Row, Value } from '../model/value.ts';

/** Everything a policy may look at. All images are the home side's; `incoming` is the remote change, mapped. */
export interface Dispute {
  readonly link: LinkPlan;
  readonly home: Side;
  readonly base: Row | null;
  readonly current: Row | null;
  readonly incoming: Row | null;
  /** `insert` where the remote side made the row, so that it is not taken for an update of a deleted one. */
  readonly incomingOp: 'insert' | 'update' | 'delete';
  readonly currentAtUs: number;
  readonly incomingAtUs: number;
}

/**
 * Decides one dispute, once. Any policy converges, because its result goes to both sides (correctness 1.5); it is only
 * asked for changes that truly did not see each other. Throws TandemError TD8002 where a custom function fails.
 */
export async function settle(dispute: Dispute): Promise<Decision> {
  const { policy } = dispute.link;
  return policy.kind === 'custom' ? custom(dispute, policy) : settleByRule(dispute, policy);
}

/** The policies that need nobody's answer. */
export function settleByRule(dispute: Dispute, policy: Exclude<Policy, { readonly kind: 'custom' }>): Decision {
  switch (policy.kind) {
    case 'side':
      return take(dispute, policy.side === dispute.home ? 'home' : 'remote');
    case 'newest':
      return take(dispute, newest(dispute, policy.column));
  }
}

/** The row if the remote change wins: its image, with what it leaves out kept as it is at home. */
export function succeed(current: Row | null, incoming: Row | null): Decision {
  return { winner: 'remote', row: overlay(current, incoming) };
}

function take(dispute: Dispute, winner: 'home' | 'remote'): Decision {
  if (winner === 'home') return { winner, row: dispute.current };
  return succeed(dispute.current, dispute.incoming);
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

function overlay(current: Row | null, incoming: Row | null): Row | null {
  if (incoming === null || current === null) return incoming;
  return incoming.map((value, at) => (value === undefined ? current[at] : value));
}

async function custom(
  dispute: Dispute,
  policy: { readonly name: string; readonly decide: (conflict: Conflict) => Verdict | Promise<Verdict> },
): Promise<Decision> {
  let verdict: Verdict;
  try {
    verdict = await policy.decide(describe(dispute));
  } catch (thrown) {
    throw new TandemError('TD8002', `the conflict function of link '${dispute.link.id}' threw an error`, {
      at: { link: dispute.link.id, policy: policy.name },
      cause: thrown,
    });
  }
  return accept(dispute, verdict);
}

/** What a custom function's answer makes of the dispute. Throws TD8002 where it names unknown columns. */
export function accept(dispute: Dispute, verdict: Verdict): Decision {
  if (verdict === 'left' || verdict === 'right') return take(dispute, verdict === dispute.home ? 'home' : 'remote');
  if (verdict === null) return { winner: 'merged', row: null };
  return { winner: 'merged', row: overlay(dispute.current, rowOf(dispute, verdict)) };
}

function describe(dispute: Dispute): Conflict {
  const { link, home } = dispute;
  const current = objectOf(link, home, dispute.current);
  const incoming = objectOf(link, home, dispute.incoming);
  const known = dispute.current ?? dispute.base ?? dispute.incoming ?? [];
  const whole = objectOf(link, home, known) ?? {};
  const key = Object.fromEntries(
    link.left.key.map((at) => nameOf(link, at)).map((name) => [name, whole[name] ?? null]),
  );
  return {
    link: link.id,
    key,
    base: objectOf(link, home, dispute.base),
    left: home === 'left' ? current : incoming,
    right: home === 'left' ? incoming : current,
    leftAtUs: home === 'left' ? dispute.currentAtUs : dispute.incomingAtUs,
    rightAtUs: home === 'left' ? dispute.incomingAtUs : dispute.currentAtUs,
  };
}

function nameOf(link: LinkPlan, at: number): string {
  return (link.pairs[at] as ColumnPair).left.name;
}

/** A home image as an object by left column names, in left's values. */
function objectOf(link: LinkPlan, home: Side, row: Row | null): Record<string, Value> | null {
  if (row === null) return null;
  const object: Record<string, Value> = {};
  link.pairs.forEach((pair, at) => {
    const value = row[at];
    if (value === undefined) return;
    object[pair.left.name] = home === 'left' ? value : convert(pair, 'left', value);
  });
  return object;
}

function rowOf(dispute: Dispute, object: Readonly<Record<string, Value>>): Row {
  const unknown = Object.keys(object).filter((name) => !dispute.link.pairs.some((pair) => pair.left.name === name));
  if (unknown.length > 0) {
    throw new TandemError('TD8002', `the conflict function of link '${dispute.link.id}' returned unknown columns`, {
      expected: `columns of the left side: ${dispute.link.pairs.map((pair) => pair.left.name).join(', ')}`,
      found: unknown.join(', '),
      at: { link: dispute.link.id },
    });
  }
  return dispute.link.pairs.map((pair) => {
    const value = object[pair.left.name];
    if (value === undefined || dispute.home === 'left') return value;
    return convert(pair, otherSide('left'), value);
  });
}

/**
 * One canonical value through a pair's codec. NULL goes through the codec too: `nullAs` has something to say about it.
 */
export function convert(pair: ColumnPair, to: Side, value: Value): Value {
  if (pair.codec === null) return value;
  return to === 'right' ? pair.codec.toRight(value) : pair.codec.toLeft(value);
}
