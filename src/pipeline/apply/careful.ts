import { addToCounters, rowPolicyOf } from '../../arbiter/groups.ts';
import { sameImage } from '../../arbiter/same.ts';
import { TandemError } from '../../model/error.ts';
import type { Row, Value } from '../../model/value.ts';
import { dispute, holdOn, merge, mergeUnderLock, supersede } from '../decide/decide.ts';
import { meetDecided, noteDecided } from '../decide/decided.ts';
import { mayDelete } from '../decide/orphans.ts';
import { standingRow, leaveStanding } from '../decide/standing.ts';
import { claimOf } from '../lane/claims.ts';
import { orderedPair } from '../lane/keys.ts';
import { isDeferred } from '../lane/lane.ts';
import { keyOf, rowHash, rowKeyText } from '../lane/linked.ts';
import { isHeld } from '../lane/parked.ts';
import { LogFirst, type Op } from '../map/ops.ts';
import { tellChildren } from '../write/children.ts';
import { inTargetKeys, parentValue, replaceRow, restate, type CarefulPass } from '../write/pass.ts';
import {
  bare,
  deleteRows,
  freshKey,
  insertRows,
  lockRow,
  pair,
  updateRows,
  type Outgoing,
  type Scope,
} from '../write/write.ts';

/** One change, by the rule of its verdict. Throws TandemError of class row where it cannot be applied as it is. */
export async function applyCarefully(pass: CarefulPass, given: Op): Promise<void> {
  const op = meetDecided(pass, given);
  const { verdict } = op;
  const key = op.targetKey ?? freshKey(pass.scope, op.link, op.sourceKey);
  const owed = pass.owedRows.get(op.link.id, op.sourceKey);
  if (verdict.kind === 'hold') return;
  if (op.change.op === 'recall') await recall(pass, op, key);
  else if (isHeld(owed)) await holdOn(pass, op, owed);
  else if (verdict.kind === 'defer') await defer(pass, op, key as Row);
  else if (op.isBehind && verdict.kind === 'apply') await supersede(pass, op, key as Row);
  else if (verdict.kind === 'apply') await write(pass, op, key);
  else if (op.change.op === 'refresh' && op.owedSinceUs === null) await answer(pass, op, key as Row);
  else await dispute(pass, op, key as Row);
  if (op.mayHaveVanished && key !== null) pass.scope.recall(op.link, key);
}

/** The other side made this row again where it was absent: its children there may be gone. */
async function recall(pass: CarefulPass, { link }: Op, key: Row | null): Promise<void> {
  if (key !== null) await tellChildren(pass, link, [key]);
}

/** Remote rule: stand aside, and remember that this side has not seen it (correctness 1.3). */
async function defer(pass: CarefulPass, op: Op, key: Row): Promise<void> {
  const rowKey = rowKeyText(op.link, pass.scope.target, key);
  pass.tally.deferred++;
  // Home's row has gone, or had gone before it was made anew: what its server did to the children it did not log.
  if (op.after === null || op.change.op === 'insert') await tellChildren(pass, op.link, [key]);
  // The oldest one that is still open says it all: from there on this side has not seen home's changes of the row.
  const hash = rowHash(op.link, pass.scope.target, key);
  if (hasOpenDeferral(pass, hash)) return;
  pass.deferred.set(hash, true);
  pass.scope.states.remove('deferred', [op.link.id, rowKey]);
  pass.scope.states.put('deferred', { link: op.link.id, row_key: rowKey, position: op.item.position });
}

function hasOpenDeferral({ deferred, arena }: CarefulPass, hash: number): boolean {
  return deferred.get(hash) ?? (arena.target === arena.lane.remote && isDeferred(arena.lane, hash));
}

async function write(pass: CarefulPass, op: Op, key: Row | null): Promise<void> {
  const { scope } = pass;
  const { link } = op;
  if (key === null) {
    if (op.after !== null) await create(pass, op, op.after);
    return;
  }
  const known = standingRow(pass, op.hash);
  const [current] = known === null ? await scope.transaction.lock(bare(link[scope.target]), [key]) : [known];
  if (await mayOverwrite(pass, op, current ?? null)) throw new LogFirst(op.change);
  const { before, after: image } = op;
  const outgoing: Outgoing = { link, sourceKey: op.sourceKey, key, image, before, hops: op.change.hops };
  if (op.after === null) {
    if (await mayDelete(pass, op, key)) await deleteRows(scope, link, [outgoing]);
  } else if (current === null || current === undefined) {
    await insertRows(scope, link, [outgoing]);
    if (op.op === 'update') scope.recall(link, key);
  } else if (!(await mergeUnderLock(pass, op, key, current)) && !(await holdsAlready(pass, op, current))) {
    const own = known === null ? null : await inTargetKeys(pass, op, op.after);
    if (own === null || !leaveStanding(pass, op.hash as number, own, op.change.hops))
      await updateRows(scope, link, [outgoing]);
  }
  if (op.keyChanged && link.keys === 'mapped') rekey(pass, op, key);
  const hash = rowHash(link, scope.target, key);
  if (hasOpenDeferral(pass, hash)) {
    pass.deferred.set(hash, false);
    scope.states.remove('deferred', [link.id, rowKeyText(link, scope.target, key)]);
  }
}

/**
 * Where a person is to decide, what the other side's application wrote must still be there when it is asked. A row that
 * is not what home's change was made upon may hold a write that this log has not shown yet.
 */
async function mayOverwrite(pass: CarefulPass, op: Op, current: Row | null): Promise<boolean> {
  const { scope, arena } = pass;
  if (scope.target === arena.lane.home || rowPolicyOf(op.link).kind !== 'park' || pass.looked.has(op.change))
    return false;
  if (op.change.op === 'reassert' || op.change.op === 'refresh' || op.change.op === 'read') return false;
  if (pass.owedRows.get(op.link.id, op.sourceKey) !== null) return false;
  return !sameImage(op.link, scope.target, current, await inTargetKeys(pass, op, op.before));
}

/** A decision that this side's own write won needs no second write: it would only look like one that came back. */
async function holdsAlready(pass: CarefulPass, op: Op, current: Row): Promise<boolean> {
  if (op.change.op !== 'reassert' && op.change.op !== 'refresh') return false;
  return sameImage(op.link, pass.scope.target, current, await inTargetKeys(pass, op, op.after));
}

/** The source gave the row another key: its pair follows. */
function rekey(pass: CarefulPass, op: Op, key: Row): void {
  const { scope } = pass;
  const targetKey = rowKeyText(op.link, scope.target, key);
  const [left] = orderedPair(scope.target, op.sourceKey, targetKey);
  scope.states.remove('key_map', [op.link.id, left]);
  pair(scope, op.link, op.newSourceKey, targetKey);
}

/**
 * The remote side tells what a row holds, but home has changed the row meanwhile: that stands, and is said again,
 * because the remote side may have kept back home's change while its own state was on the way.
 */
async function answer(pass: CarefulPass, op: Op, key: Row): Promise<void> {
  const { scope } = pass;
  const { link, verdict } = op;
  const found = await lockRow(scope, link, key);
  const owed = pass.owedRows.get(link.id, op.sourceKey)?.amounts ?? null;
  const image = owed === null || found === null ? found : addToCounters({ link, home: scope.target }, found, owed);
  if (image !== found)
    await replaceRow(pass, { link, sourceKey: op.sourceKey, key, hops: op.change.hops }, found, image);
  const hash = rowHash(link, scope.target, key);
  scope.intend(link, hash, image, op.change.hops);
  const effectiveUs = verdict.kind === 'conflict' ? verdict.rival.effectiveUs : 0;
  const provenance = noteDecided(pass, op, hash, { winner: 'home', effectiveUs, gone: image === null });
  restate(pass, { link, purpose: 'reassert', key, image, provenance, effectiveUs });
  if (op.after === null && image !== null) await tellChildren(pass, link, [key]);
}

/** A row without a counterpart: either it gets one, or a row that stands here already is recognised as the same. */
async function create(pass: CarefulPass, op: Op, image: Row): Promise<void> {
  const { scope, arena } = pass;
  const { link } = op;
  const twin = await findTwin(pass, op, image);
  const outgoing: Outgoing = { link, sourceKey: op.newSourceKey, key: null, image, hops: op.change.hops };
  if (twin === null) return insertRows(scope, link, [outgoing]);
  const twinKey = keyOf(link, twin);
  const twinText = rowKeyText(link, scope.target, twinKey);
  if (scope.target === arena.lane.home) await arena.claims.claim(arena, [claimOf(link.id, twinText)]);
  const taken = await arena.keys.resolve(link, scope.target, [twinText]);
  if (taken.has(twinText) || isPairedHere(scope, op, twinText)) throw clash(op);
  if (scope.target === arena.lane.home) return merge(pass, op, twin, twinKey);
  // Only home merges two rows, so that no two deciders can pair them differently: ask it to look at this one.
  // Until it answers, this row is owed, because the one that stands here may turn out to be another's counterpart.
  restate(pass, { link, purpose: 'refresh', key: twinKey, image: twin, provenance: null, effectiveUs: 0 });
  pass.owed.push('TD8005');
  pass.tally.deferred++;
}

/** Has this very transaction made the row somebody's counterpart? Then the key map does not say so yet. */
function isPairedHere({ fresh }: Scope, { link }: Op, targetKey: string): boolean {
  for (const [id, key] of fresh) if (key === targetKey && id.startsWith(`${link.id}\u0000`)) return true;
  return false;
}

function clash(op: Op): TandemError {
  return new TandemError('TD7001', `a natural key of link '${op.link.id}' is held by a row with another counterpart`, {
    at: { link: op.link.id, transaction: op.item.id },
  });
}

/** The one row that shares a natural key. NULLs never match. Throws TD8003 where two keys name two rows. */
async function findTwin(pass: CarefulPass, op: Op, image: Row): Promise<Row | null> {
  const { link } = op;
  const side = link[pass.scope.target];
  const found = new Map<string, Row>();
  for (const natural of link.naturalKeys) {
    const tuple = await naturalTuple(pass, op, image, natural);
    if (tuple === null) continue;
    for (const row of await pass.scope.transaction.find(bare(side), natural, [tuple])) {
      found.set(rowKeyText(link, pass.scope.target, keyOf(link, row)), row);
    }
  }
  if (found.size > 1) {
    throw new TandemError('TD8003', `natural keys of link '${link.id}' match ${found.size} rows`, {
      at: { link: link.id, transaction: op.item.id },
    });
  }
  return found.values().next().value ?? null;
}

/** A natural key may hold foreign keys, which differ on both sides; an unknown parent means there is no twin either. */
export async function naturalTuple(
  pass: CarefulPass,
  op: Op,
  image: Row,
  natural: readonly number[],
): Promise<Row | null> {
  const tuple: Value[] = [];
  for (const at of natural) {
    const value = image[at];
    if (value === null || value === undefined) return null;
    const parent = op.link.parents.find((each) => each.column === at);
    const translated = parent === undefined ? value : await parentValue(pass, parent.link, value);
    if (translated === null) return null;
    tuple.push(translated);
  }
  return tuple;
}
