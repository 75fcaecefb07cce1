import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import type {
  Custom,
  Decision,
  Delta,
  GroupPolicy,
  Newest,
  Park,
  RowPolicy,
  Share,
  SideWins,
} from '../model/policy.ts';
import type { Row, Value } from '../model/value.ts';
import type { Dispute } from './dispute.ts';
import { sameIn } from './same.ts';
import { difference, isZero, sum } from './sums.ts';

/** Columns that one policy decides about as one thing, as indexes into the image. */
export interface Group {
  readonly columns: readonly number[];
  readonly policy: Newest | SideWins | Delta | Custom | Park;
  /** Whatever no declared group names: the row's own policy decides. */
  readonly isRest: boolean;
}

const NEWEST: Newest = { kind: 'newest' };
const known = new WeakMap<LinkPlan, readonly Group[] | null>();

/**
 * The groups into which a link's policy divides the columns, every column in exactly one; null where rows are decided
 * about whole.
 */
export function groupsOf(link: LinkPlan): readonly Group[] | null {
  let groups = known.get(link);
  if (groups === undefined) {
    groups = divide(link);
    known.set(link, groups);
  }
  return groups;
}

/** The policy that decides about rows: whether one is to be there, and about all columns in no group. */
export function rowPolicyOf({ policy }: LinkPlan): RowPolicy {
  return policy.kind === 'columns' ? policy.default : policy;
}

function divide(link: LinkPlan): readonly Group[] | null {
  const { policy } = link;
  if (policy.kind !== 'columns' && policy.kind !== 'perColumn') return null;
  const groups: Group[] = [{ columns: link.left.key, policy: NEWEST, isRest: false }];
  const grouped = new Set(link.left.key);
  for (const { columns, policy: own } of policy.kind === 'columns' ? policy.columns : []) {
    const indexes = columns.map((name) => link.pairs.findIndex((pair) => pair.left.name === name));
    for (const at of indexes) grouped.add(at);
    groups.push(...split(indexes, own, false));
  }
  const rest = link.pairs.flatMap((_pair, at) => (grouped.has(at) ? [] : [at]));
  if (rest.length > 0) groups.push(...split(rest, rowPolicyOf(link), true));
  return groups;
}

function split(columns: readonly number[], policy: GroupPolicy | RowPolicy, isRest: boolean): readonly Group[] {
  if (policy.kind === 'perColumn') return columns.map((at) => ({ columns: [at], policy: policy.overlap, isRest }));
  if (policy.kind === 'delta') return columns.map((at) => ({ columns: [at], policy, isRest }));
  return [{ columns, policy, isRest }];
}

/** Columns that are summed, as indexes into the image. */
export function summedColumns(link: LinkPlan): readonly number[] {
  return (groupsOf(link) ?? []).flatMap(({ columns, policy }) => (policy.kind === 'delta' ? columns : []));
}

/**
 * What a change added to each summed column; all other columns are undefined. A row that was not there had zero.
 * Both images are the home side's. Throws TD8012 where a counter holds no number.
 */
export function increments(dispute: Pick<Dispute, 'link' | 'home'>, before: Row | null, after: Row): Row {
  const { link, home } = dispute;
  const amounts: (Value | undefined)[] = Array.from({ length: link.pairs.length });
  for (const at of summedColumns(link)) {
    const [was, is] = [before === null ? null : before[at], after[at]];
    if (was === undefined || is === undefined) continue;
    amounts[at] = difference((link.pairs[at] as ColumnPair)[home].kind, is, was);
  }
  return amounts;
}

/** Two rows of amounts as one. */
export function addAmounts(dispute: Pick<Dispute, 'link' | 'home'>, a: Row | null, b: Row | null): Row | null {
  if (a === null || b === null) return a ?? b;
  const kindOf = (at: number) => (dispute.link.pairs[at] as ColumnPair)[dispute.home].kind;
  return a.map((amount, at) => {
    const other = b[at];
    if (amount === undefined || other === undefined) return amount ?? other;
    return sum(kindOf(at), amount, other);
  });
}

/** A row whose counters have got what they are owed. */
export function addToCounters({ link, home }: Pick<Dispute, 'link' | 'home'>, row: Row, amounts: Row): Row {
  return row.map((value, at) => {
    const amount = amounts[at];
    if (amount === undefined || value === undefined) return value;
    return sum((link.pairs[at] as ColumnPair)[home].kind, value, amount);
  });
}

/** Who gets a group that both sides changed. */
export type Contest = (dispute: Dispute, policy: Newest | SideWins | Park) => 'home' | 'remote' | 'nobody';

/**
 * Merges an arriving row into the present one, group by group: what one side alone changed since `base` is taken over,
 * what both changed is contested, and counters take what was added. Both rows are there. Without a base every group in
 * which the rows differ counts as changed on both sides. Columns of no given group are those of `onto`.
 */
export function mergeGroups(dispute: Dispute, groups: readonly Group[], contest: Contest, onto?: Row): Decision {
  const current = dispute.current as Row;
  const incoming = dispute.incoming as Row;
  const row: (Value | undefined)[] = [...(onto ?? current)];
  const shares: Share[] = [];
  for (const group of groups) {
    const { columns, policy } = group;
    for (const at of columns) row[at] = current[at];
    if (policy.kind === 'delta') {
      addTo(row, dispute, columns[0] as number, shares);
      continue;
    }
    const from = giver(dispute, group, contest);
    if (from === 'nobody') return { winner: 'nobody', row: current };
    if (from === 'neither') continue;
    shares.push({ columns, from });
    if (from === 'remote') for (const at of columns) row[at] = incoming[at] === undefined ? current[at] : incoming[at];
  }
  return { winner: winnerOf(shares), row, shares };
}

function giver(dispute: Dispute, group: Group, contest: Contest): 'home' | 'remote' | 'neither' | 'nobody' {
  const { link, home, base } = dispute;
  const [current, incoming] = [dispute.current as Row, dispute.incoming as Row];
  const { columns, policy } = group;
  if (sameIn(link, home, columns, current, incoming)) return 'neither';
  if (base !== null && sameIn(link, home, columns, base, incoming)) return 'home';
  if (base !== null && sameIn(link, home, columns, base, current)) return 'remote';
  return contest(dispute, policy.kind === 'delta' || policy.kind === 'custom' ? NEWEST : policy);
}

function addTo(row: (Value | undefined)[], dispute: Dispute, at: number, shares: Share[]): void {
  const { link, home, amounts } = dispute;
  const amount = amounts?.[at];
  const current = row[at];
  if (amount === undefined || current === undefined || isZero(amount)) return;
  const { kind } = (link.pairs[at] as ColumnPair)[home];
  row[at] = sum(kind, current, amount);
  const isTheirs = sameIn(link, home, [at], row, dispute.incoming as Row);
  shares.push({ columns: [at], from: isTheirs ? 'remote' : 'sum' });
}

function winnerOf(shares: readonly Share[]): Decision['winner'] {
  const givers = new Set(shares.map((share) => share.from));
  const [only] = givers;
  if (givers.size === 0) return 'home';
  return givers.size > 1 || only === 'sum' ? 'merged' : (only ?? 'merged');
}
