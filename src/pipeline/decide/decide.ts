import { conflictTypeOf } from '../../arbiter/custom.ts';
import type { Dispute } from '../../arbiter/dispute.ts';
import { addAmounts, groupsOf, increments, mergeGroups } from '../../arbiter/groups.ts';
import { settle, succeed } from '../../arbiter/policy.ts';
import { sameImage } from '../../arbiter/same.ts';
import { asTandemError } from '../../model/error.ts';
import { describePolicy, type Decision } from '../../model/policy.ts';
import { encodeRow, type Row } from '../../model/value.ts';
import { claimOf } from '../lane/claims.ts';
import { rowHash, rowKeyText } from '../lane/linked.ts';
import { HELD_CODES, storedKey, type Debt, type ParkedRow } from '../lane/parked.ts';
import type { Op } from '../map/ops.ts';
import { tellChildren } from '../write/children.ts';
import type { LedgerRow } from '../write/ledger.ts';
import { healRow, parkRow } from '../write/owed.ts';
import { inTargetKeys, replaceRow, restate, type CarefulPass } from '../write/pass.ts';
import { lockRow, pair } from '../write/write.ts';
import { noteDecided } from './decided.ts';
import { mayDelete } from './orphans.ts';
import { leaveStanding, standingRow, writeStanding } from './standing.ts';

/** Home rule: concurrent writes. Decided once, written here, and sent through the log to the other side. */
export async function dispute(pass: CarefulPass, op: Op, key: Row): Promise<void> {
  const { scope } = pass;
  const { link, verdict } = op;
  const current = standingRow(pass, op.hash) ?? (await lockRow(scope, link, key));
  const rival = verdict.kind === 'conflict' ? verdict.rival : null;
  const about = await aboutOf(pass, op, current, {
    currentAtUs: rival?.effectiveUs ?? 0,
    isMissing: rival?.gone !== true,
  });
  pass.tally.conflicts++;
  if (verdict.kind === 'succeed') await enact(pass, op, key, about, succeed(about));
  else await decideAndRecord(pass, op, key, about);
}

/**
 * What home had changed when the remote side put that off was never weighed against this change, because what came
 * before it was parked, or told again later. Home takes the row as the remote side has it; said again, that ends the
 * deferral.
 */
export async function supersede(pass: CarefulPass, op: Op, key: Row): Promise<void> {
  const current = standingRow(pass, op.hash) ?? (await lockRow(pass.scope, op.link, key));
  const about = await aboutOf(pass, op, current, { currentAtUs: 0 });
  await enact(pass, op, key, about, succeed(about));
}

/** Two rows made on both sides are one: pair them, let the policy choose the values, tell the other side. */
export async function merge(pass: CarefulPass, op: Op, twin: Row, twinKey: Row): Promise<void> {
  const { scope, arena } = pass;
  const { link } = op;
  const twinText = rowKeyText(link, scope.target, twinKey);
  pair(scope, link, op.newSourceKey, twinText);
  arena.lane.merges.note(claimOf(link.id, twinText), pass.seq);
  const rival = arena.lane.sides[scope.target].window.newest(rowHash(link, scope.target, twinKey), -1);
  const about = await aboutOf(pass, op, twin, { currentAtUs: rival?.effectiveUs ?? 0 });
  pass.tally.conflicts++;
  await decideAndRecord(pass, op, twinKey, {
    ...about,
    base: null,
    incomingOp: 'insert',
    // A refreshed row tells what it holds, not when it was written: it may not beat a value that is known to be newer.
    incomingAtUs: op.change.op === 'insert' ? op.item.effectiveUs : 0,
  });
}

async function aboutOf(
  pass: CarefulPass,
  op: Op,
  current: Row | null,
  more: Pick<Dispute, 'currentAtUs' | 'isMissing'>,
): Promise<Dispute> {
  const { link } = op;
  const incoming = await inTargetKeys(pass, op, op.after);
  // What an owed row lacks here, the arriving change need not say again: then its base tells nothing.
  const isOwed = pass.owedRows.get(link.id, op.sourceKey) !== null;
  const base = isOwed || op.op === 'insert' ? null : await inTargetKeys(pass, op, op.before);
  const amounts = await amountsOf(pass, op, current, incoming);
  const incomingAtUs = op.owedSinceUs ?? op.item.effectiveUs;
  return { link, home: pass.scope.target, base, current, incoming, incomingOp: op.op, incomingAtUs, amounts, ...more };
}

/** What the change adds to the row's counters, with what they are owed from before. */
async function amountsOf(pass: CarefulPass, op: Op, current: Row | null, incoming: Row | null): Promise<Row | null> {
  const home = pass.scope.target;
  const { link } = op;
  const owed = pass.owedRows.get(link.id, op.sourceKey)?.amounts ?? null;
  const about = { link, home };
  if (incoming === null) return null;
  switch (op.change.op) {
    case 'insert':
      return addAmounts(about, owed, increments(about, null, incoming));
    case 'update':
      return addAmounts(about, owed, increments(about, await inTargetKeys(pass, op, op.before), incoming));
    case 'read':
      // What a trigger or cascade made of our own write is the row's state, not something that was added.
      return increments(about, current, incoming);
    default:
      return owed;
  }
}

/**
 * Links whose columns are decided about in groups are merged even where no concurrent change is known, because one may
 * be committed and not read yet: counters take what was added, and columns that the change did not touch stay.
 * Returns false where the row that stands here is what the change was made upon, so that it can be written as it is.
 */
export async function mergeUnderLock(pass: CarefulPass, op: Op, key: Row, current: Row): Promise<boolean> {
  const groups = groupsOf(op.link);
  if (groups === null || pass.scope.target !== pass.arena.lane.home || op.after === null) return false;
  const about = await aboutOf(pass, op, current, { currentAtUs: 0 });
  if (about.base !== null && sameImage(op.link, about.home, current, about.base)) return false;
  const decision = mergeGroups(about, groups, () => 'remote');
  await replaceIfChanged(pass, op, key, about, decision);
  if (sameImage(op.link, about.home, decision.row, about.incoming)) return true;
  announce(pass, op, key, about, decision);
  return true;
}

async function decideAndRecord(pass: CarefulPass, op: Op, key: Row, about: Dispute): Promise<void> {
  try {
    const decision = await settle(about, pass.timed);
    if (decision.winner === 'nobody') return holdRow(pass, op, key, about, 'TD8010');
    pass.ledger.record(entryOf(pass, op, key, about, { decision }));
    await enact(pass, op, key, about, decision);
  } catch (thrown) {
    const { code } = asTandemError(thrown);
    if (!HELD_CODES.has(code)) throw thrown;
    holdRow(pass, op, key, about, code);
  }
}

async function enact(pass: CarefulPass, op: Op, key: Row, about: Dispute, decision: Decision): Promise<void> {
  // A row that goes may take others along.
  if (decision.row === null) await writeStanding(pass);
  if (decision.row === null && about.current !== null && !(await mayDelete(pass, op, key))) {
    const hash = rowHash(op.link, pass.scope.target, key);
    noteDecided(pass, op, hash, { winner: 'home', effectiveUs: about.currentAtUs, gone: false });
    return;
  }
  await replaceIfChanged(pass, op, key, about, decision);
  announce(pass, op, key, about, decision);
  if (op.after === null && decision.row !== null) await tellChildren(pass, op.link, [key]);
}

async function replaceIfChanged(
  pass: CarefulPass,
  op: Op,
  key: Row,
  about: Dispute,
  decision: Decision,
): Promise<void> {
  const { link } = op;
  if (sameImage(link, about.home, about.current, decision.row)) return;
  if (decision.row !== null && op.hash !== null && leaveStanding(pass, op.hash, decision.row, op.change.hops)) return;
  const row = { link, sourceKey: op.sourceKey, key, hops: op.change.hops };
  await replaceRow(pass, row, about.current, decision.row);
}

/** Tells the other side, and the next change of this row what it meets. */
function announce(pass: CarefulPass, op: Op, key: Row, about: Dispute, decision: Decision): void {
  const { scope } = pass;
  const { link } = op;
  const { winner, row } = decision;
  const hash = rowHash(link, scope.target, key);
  scope.intend(link, hash, row, op.change.hops);
  const effectiveUs = winner === 'home' ? about.currentAtUs : Math.max(about.currentAtUs, about.incomingAtUs);
  const provenance = noteDecided(pass, op, hash, { winner, effectiveUs, gone: row === null });
  restate(pass, { link, purpose: 'reassert', key, image: row, provenance, effectiveUs });
}

/** Nobody decides yet: both sides keep what they have, and what comes after waits (see {@link holdOn}). */
function holdRow(pass: CarefulPass, op: Op, key: Row, about: Dispute, code: string): void {
  const { link } = op;
  const held: Debt = {
    link: link.id,
    sourceKey: op.sourceKey,
    code,
    blockedBy: null,
    targetKey: rowKeyText(link, pass.scope.target, key),
    amounts: about.amounts ?? null,
  };
  parkRow(pass, held, op.item.position);
  pass.ledger.record(entryOf(pass, op, key, about, { code }));
}

/** A later change of a row about which a person is still to decide: noted, so that it is seen as it is now. */
export async function holdOn(pass: CarefulPass, op: Op, held: ParkedRow): Promise<void> {
  const { link } = op;
  const open = pass.ledger.open(link.id, op.sourceKey);
  const incoming = await inTargetKeys(pass, op, op.after);
  const isState = incoming === null || op.change.op === 'read';
  const amounts = isState ? held.amounts : await amountsOf(pass, op, null, incoming);
  parkRow(pass, { ...held, sourceKey: op.newSourceKey, amounts }, op.item.position);
  if (op.newSourceKey !== op.sourceKey) healRow(pass, held);
  if (open === null) return;
  pass.ledger.change({
    ...open,
    remote_key: storedKey(op.newSourceKey),
    remote_image: imageText(incoming),
    remote_us: BigInt(op.item.effectiveUs),
    remote_position: op.item.position,
    remote_transaction: op.item.id,
  });
}

/** An entry of the ledger about one dispute. */
export function entryOf(
  pass: CarefulPass,
  op: Pick<Op, 'link' | 'sourceKey'> & { readonly item: Pick<Op['item'], 'position' | 'id'> | null },
  key: Row,
  about: Dispute,
  outcome: { readonly decision?: Decision; readonly code?: string; readonly refers?: string | null },
): LedgerRow {
  const { link } = op;
  const { arena } = pass;
  const { decision } = outcome;
  const { home } = about;
  const winner = decision?.winner ?? 'nobody';
  return {
    lane: arena.lane.plan.id,
    link: link.id,
    home,
    row_key: encodeRow(key),
    home_key: storedKey(rowKeyText(link, home, key)),
    remote_key: storedKey(op.sourceKey),
    type: conflictTypeOf(about),
    policy: describePolicy(link.policy),
    state: decision === undefined ? 'open' : 'decided',
    winner: winner === 'home' ? home : winner === 'remote' ? arena.lane.remote : winner,
    code: outcome.code ?? null,
    base: imageText(about.base),
    home_image: imageText(about.current),
    remote_image: imageText(about.incoming),
    result: decision === undefined ? null : imageText(decision.row),
    shares: decision?.shares === undefined ? null : sharesText(pass, link, decision),
    home_us: BigInt(about.currentAtUs),
    remote_us: BigInt(about.incomingAtUs),
    decided_us: BigInt(Math.max(pass.effectiveUs, about.currentAtUs, about.incomingAtUs)),
    home_position: arena.timelines[home].lastPosition,
    remote_position: op.item?.position ?? null,
    remote_transaction: op.item?.id ?? null,
    refers: outcome.refers ?? null,
  };
}

function imageText(row: Row | null): string | null {
  return row === null ? null : encodeRow(row);
}

function sharesText(pass: CarefulPass, link: Op['link'], { shares = [] }: Decision): string {
  const { home, remote } = pass.arena.lane;
  const named = shares.flatMap(({ columns, from }) =>
    columns.map(
      (at) => [link.pairs[at]?.left.name, from === 'home' ? home : from === 'remote' ? remote : from] as const,
    ),
  );
  return JSON.stringify(Object.fromEntries(named));
}
