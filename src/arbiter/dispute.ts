import type { LinkPlan } from '../model/plan.ts';
import type { Decision, RowOperation, Side } from '../model/policy.ts';
import type { Row } from '../model/value.ts';

/** Everything a policy may look at. All images are the home side's; `incoming` is the remote change, mapped. */
export interface Dispute {
  readonly link: LinkPlan;
  readonly home: Side;
  /** The row that the remote change was made upon; null where there was none, or it is not known. */
  readonly base: Row | null;
  readonly current: Row | null;
  readonly incoming: Row | null;
  /** `insert` where the remote side made the row, so that it is not taken for an update of a deleted one. */
  readonly incomingOp: RowOperation;
  readonly currentAtUs: number;
  readonly incomingAtUs: number;
  /** What the remote change adds to counters, by image index; see `increments`. */
  readonly amounts?: Row | null;
  /** The row is absent, and no delete of it is known. */
  readonly isMissing?: boolean;
}

/** The decision that gives one side everything that the change says. */
export function take(dispute: Dispute, winner: 'home' | 'remote'): Decision {
  return { winner, row: winner === 'home' ? dispute.current : overlay(dispute.current, dispute.incoming) };
}

/** The later image, with the earlier one's values where it leaves a column untouched. */
export function overlay(current: Row | null, incoming: Row | null): Row | null {
  if (incoming === null || current === null) return incoming;
  return incoming.map((value, at) => (value === undefined ? current[at] : value));
}
