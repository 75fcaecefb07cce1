import { TandemError } from '../model/error.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import {
  otherSide,
  type Conflict,
  type ConflictType,
  type Custom,
  type Decision,
  type NamedRow,
  type RowOperation,
  type Side,
  type Verdict,
} from '../model/policy.ts';
import type { Row, Value } from '../model/value.ts';
import { overlay, take, type Dispute } from './dispute.ts';

/** Waits for an answer as long as is allowed; rejects with TD8011 where it does not come in time. */
export type AskTimed = <T>(answer: Promise<T>) => Promise<T>;

/** Puts the dispute to the user's function. Throws TD8002 where it throws or answers nonsense, TD8011 by `timed`. */
export async function askCustom(dispute: Dispute, policy: Custom, timed: AskTimed): Promise<Decision> {
  let verdict: Verdict;
  try {
    const answer = policy.decide(describe(dispute));
    verdict = answer instanceof Promise ? await timed(answer) : answer;
  } catch (thrown) {
    if (thrown instanceof TandemError && thrown.code === 'TD8011') throw thrown;
    throw new TandemError('TD8002', `the conflict function of link '${dispute.link.id}' threw an error`, {
      at: { link: dispute.link.id, policy: policy.name },
      cause: thrown,
    });
  }
  return accept(dispute, verdict);
}

/** What a custom function's answer makes of the dispute. Throws TD8002 where it is no row or names unknown columns. */
export function accept(dispute: Dispute, verdict: Verdict): Decision {
  if (verdict === 'left' || verdict === 'right') return take(dispute, verdict === dispute.home ? 'home' : 'remote');
  if (verdict === null) return { winner: 'merged', row: null };
  if (typeof verdict !== 'object') {
    throw new TandemError('TD8002', `the conflict function of link '${dispute.link.id}' returned no row`, {
      expected: "'left', 'right', a row by left column names, or null for deleted",
      found: typeof verdict,
      at: { link: dispute.link.id },
    });
  }
  return { winner: 'merged', row: overlay(dispute.current ?? dispute.incoming, rowOf(dispute, verdict)) };
}

/** What met, in PostgreSQL's words. */
export function conflictTypeOf(dispute: Pick<Dispute, 'current' | 'incomingOp' | 'isMissing'>): ConflictType {
  const { current, incomingOp, isMissing } = dispute;
  if (incomingOp === 'delete') return current === null ? 'delete_missing' : 'delete_origin_differs';
  if (current === null) return isMissing === true ? 'update_missing' : 'update_deleted';
  return incomingOp === 'insert' ? 'insert_exists' : 'update_origin_differs';
}

function describe(dispute: Dispute): Conflict {
  const { link, home } = dispute;
  const current = namedRow(link, home, dispute.current);
  const incoming = namedRow(link, home, dispute.incoming);
  const whole = namedRow(link, home, dispute.current ?? dispute.base ?? dispute.incoming ?? []) ?? {};
  const keys = link.left.key.map((at) => (link.pairs[at] as ColumnPair).left.name);
  const key = Object.fromEntries(keys.map((name) => [name, whole[name] ?? null]));
  const ofHome = { row: current, operation: homeOperation(dispute), atUs: dispute.currentAtUs };
  const ofRemote = { row: incoming, operation: dispute.incomingOp, atUs: dispute.incomingAtUs };
  const [left, right] = home === 'left' ? [ofHome, ofRemote] : [ofRemote, ofHome];
  return {
    link: link.id,
    type: conflictTypeOf(dispute),
    home,
    key,
    base: namedRow(link, home, dispute.base),
    left: left.row,
    right: right.row,
    leftOperation: left.operation,
    rightOperation: right.operation,
    leftAtUs: left.atUs,
    rightAtUs: right.atUs,
  };
}

function homeOperation({ current, incomingOp }: Dispute): RowOperation {
  if (current === null) return 'delete';
  return incomingOp === 'insert' ? 'insert' : 'update';
}

/** A home image as an object by left column names, in left's values. */
export function namedRow(link: LinkPlan, home: Side, row: Row | null): NamedRow | null {
  if (row === null) return null;
  const object: Record<string, Value> = {};
  link.pairs.forEach((pair, at) => {
    const value = row[at];
    if (value === undefined) return;
    object[pair.left.name] = home === 'left' ? value : convert(pair, 'left', value);
  });
  return object;
}

/**
 * A row by left column names as a home image; columns that it leaves out are undefined. Throws TD8002 where it names
 * columns that are not linked.
 */
function rowOf(dispute: Dispute, object: NamedRow): Row {
  const unknown = Object.keys(object).filter((name) => !dispute.link.pairs.some((pair) => pair.left.name === name));
  if (unknown.length > 0) {
    throw new TandemError('TD8002', `the conflict function of link '${dispute.link.id}' returned unknown columns`, {
      expected: `columns of the left side: ${dispute.link.pairs.map((pair) => pair.left.name).join(', ')}`,
      found: unknown.join(', '),
      at: { link: dispute.link.id },
    });
  }
  return imageOfNamed(dispute.link, dispute.home, object);
}

export function imageOfNamed(link: LinkPlan, home: Side, object: NamedRow): Row {
  return link.pairs.map((pair) => {
    const value = object[pair.left.name];
    if (value === undefined || home === 'left') return value;
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
