import { settle, succeed } from '../arbiter/policy.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { Code } from '../model/codes.ts';
import type { Decision } from '../model/policy.ts';
import type { Row, Value } from '../model/value.ts';
import { claimOf } from './claims.ts';
import { orderedPair } from './keys.ts';
import { isDeferred, type Lane } from './lane.ts';
import { keyOf, rowHash, rowKeyText, type LinkedChange } from './linked.ts';
import type { Arena, Op } from './ops.ts';
import { sameImage } from './project.ts';
import {
  bare,
  believeAbsent,
  deleteRows,
  freshKey,
  insertRows,
  pair,
  updateRows,
  type Outgoing,
  type Scope,
} from './write.ts';

/** What the careful path did, for the status. */
export interface Tally {
  conflicts: number;
  deferred: number;
  reasserted: number;
}

/** A careful pass over one batch: one row at a time, in source order, looking before it writes. */
export interface CarefulPass {
  readonly scope: Scope;
  readonly arena: Arena;
  readonly tally: Tally;
  /** Makes ids of restatements unique: stream and the seq of this transaction. */
  readonly idPrefix: string;
  /** Changes that must come again as a state, with the code that says why. */
  readonly owed: { readonly change: LinkedChange; readonly code: Code }[];
  /** Rows of which this very batch has deferred a change, by hash. */
  readonly deferred: Set<number>;
  /** Who won rows that this very batch has already decided, by hash. */
  readonly decided: Map<number, Decision['winner']>;
  restated: number;
}

/** One change, by the rule of its verdict. Throws TandemError of class row where it cannot be applied as it is. */
export async function applyCarefully(pass: CarefulPass, op: Op): Promise<void> {
  const { verdict } = op;
  const key = op.targetKey ?? freshKey(pass.scope, op.link, op.sourceKey);
  if (verdict.kind === 'defer') defer(pass, op, key as Row);
  else if (verdict.kind === 'apply') await write(pass, op, key);
  else if (op.change.op === 'refresh') await answer(pass, op, key as Row);
  else await dispute(pass, op, key as Row);
}

/** Remote rule: stand aside, and remember that this side has not seen it (correctness 1.3). */
function defer(pass: CarefulPass, op: Op, key: Row): void {
  const rowKey = rowKeyText(op.link, pass.scope.target, key);
  pass.tally.deferred++;
  // The oldest one that is still open says it all: from there on this side has not seen home's changes of the row.
  const hash = rowHash(op.link, pass.scope.target, key);
  if (pass.deferred.has(hash) || isDeferred(pass.arena.lane, hash)) return;
  pass.deferred.add(hash);
  pass.scope.states.remove('deferred', [op.link.id, rowKey]);
  pass.scope.states.put('deferred', { link: op.link.id, row_key: rowKey, position: op.item.position });
}

async function write(pass: CarefulPass, op: Op, key: Row | null): Promise<void> {
  const { scope } = pass;
  const { link } = op;
  if (key === null) {
    if (op.after !== null) await create(pass, op, op.after);
    return;
  }
  const [current] = await scope.transaction.lock(bare(link[scope.target]), [key]);
  const { before, after: image } = op;
  const outgoing: Outgoing = { link, sourceKey: op.sourceKey, key, image, before, hops: op.change.hops };
  if (op.after === null) await deleteRows(scope, link, [outgoing]);
  else if (current === null || current === undefined) await insertRows(scope, link, [outgoing]);
  else if (!(await holdsAlready(pass, op, current))) await updateRows(scope, link, [outgoing]);
  if (op.keyChanged && link.keys === 'mapped') rekey(pass, op, key);
  const hash = rowHash(link, scope.target, key);
  if (pass.deferred.delete(hash) || isDeferred(pass.arena.lane, hash)) {
    scope.states.remove('deferred', [link.id, rowKeyText(link, scope.target, key)]);
  }
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
  const [current = null] = await scope.transaction.lock(bare(link[scope.target]), [key]);
  if (current === null) believeAbsent(scope, link, key);
  scope.intend(link, rowHash(link, scope.target, key), current, op.change.hops);
  const effectiveUs = verdict.kind === 'conflict' ? verdict.rival.effectiveUs : 0;
  restate(pass, op, { purpose: 'reassert', key, image: current, provenance: null, effectiveUs });
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
  restate(pass, op, { purpose: 'refresh', key: twinKey, image: twin, provenance: null, effectiveUs: 0 });
  pass.owed.push({ change: op.change, code: 'TD8005' });
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
async function naturalTuple(pass: CarefulPass, op: Op, image: Row, natural: readonly number[]): Promise<Row | null> {
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

async function parentValue(pass: CarefulPass, parentId: string, value: Value): Promise<Value | null> {
  const parent = pass.scope.links.get(parentId);
  if (parent === undefined) return null;
  const source = pass.scope.target === 'left' ? 'right' : 'left';
  const text = rowKeyText(parent, source, [value]);
  const key = freshKey(pass.scope, parent, text);
  if (key !== null) return key[0] ?? null;
  const known = (await pass.arena.keys.resolve(parent, source, [text])).get(text);
  if (known === undefined) return null;
  const at = parent[pass.scope.target].columns[parent.left.key[0] as number];
  return at?.kind === 'int' ? Number(known) : at?.kind === 'bigint' ? BigInt(known) : known;
}

/** Two rows made on both sides are one: pair them, let the policy choose the values, tell the other side. */
async function merge(pass: CarefulPass, op: Op, twin: Row, twinKey: Row): Promise<void> {
  const { scope, arena } = pass;
  const { link } = op;
  const twinText = rowKeyText(link, scope.target, twinKey);
  pair(scope, link, op.newSourceKey, twinText);
  arena.claims.noteMerge(claimOf(link.id, twinText));
  const hash = rowHash(link, scope.target, twinKey);
  const rival = arena.lane.sides[scope.target].window.newest(hash, -1);
  const incoming = await inTargetKeys(pass, op, op.after);
  const decision = await settle({
    link,
    home: scope.target,
    base: null,
    current: twin,
    incoming,
    incomingOp: 'insert',
    currentAtUs: rival?.effectiveUs ?? 0,
    // A refreshed row tells what it holds, not when it was written: it may not beat a value that is known to be newer.
    incomingAtUs: op.change.op === 'insert' ? op.item.effectiveUs : 0,
  });
  pass.tally.conflicts++;
  await enact(pass, op, twinKey, twin, decision, rival?.effectiveUs ?? 0);
}

/** Home rule: concurrent writes. Decided once, written here, and sent through the log to the other side. */
async function dispute(pass: CarefulPass, op: Op, key: Row): Promise<void> {
  const { scope } = pass;
  const { link, verdict } = op;
  const [current = null] = await scope.transaction.lock(bare(link[scope.target]), [key]);
  if (current === null) believeAbsent(scope, link, key);
  const hash = rowHash(link, scope.target, key);
  const incoming = await inTargetKeys(pass, op, op.after);
  const own = pass.decided.get(hash);
  const rivalUs = verdict.kind === 'conflict' ? verdict.rival.effectiveUs : 0;
  const decision =
    own === 'remote' || (own === undefined && verdict.kind === 'succeed')
      ? succeed(current, incoming)
      : await settle({
          link,
          home: scope.target,
          base: await inTargetKeys(pass, op, op.before),
          current,
          incoming,
          incomingOp: op.op,
          currentAtUs: rivalUs,
          incomingAtUs: op.item.effectiveUs,
        });
  pass.tally.conflicts++;
  await enact(pass, op, key, current, decision, rivalUs);
}

async function enact(
  pass: CarefulPass,
  op: Op,
  key: Row,
  current: Row | null,
  decision: Decision,
  rivalUs: number,
): Promise<void> {
  const { scope, arena } = pass;
  const { link } = op;
  if (!sameImage(link, scope.target, current, decision.row)) await replace(pass, op, key, current, decision.row);
  const hash = rowHash(link, scope.target, key);
  // Also where nothing is written: the next change of this row must meet the decision in the window.
  scope.intend(link, hash, decision.row, op.change.hops);
  pass.decided.set(hash, decision.winner);
  const home = arena.timelines[scope.target].lastPosition;
  const provenance = {
    home: decision.winner === 'remote' ? null : home,
    remote: decision.winner === 'home' ? null : op.item.position,
  };
  const effectiveUs = decision.winner === 'home' ? rivalUs : Math.max(rivalUs, op.item.effectiveUs);
  restate(pass, op, { purpose: 'reassert', key, image: decision.row, provenance, effectiveUs });
}

/** Writes a decided image, whose foreign keys are this side's own already. */
async function replace(pass: CarefulPass, op: Op, key: Row, current: Row | null, row: Row | null): Promise<void> {
  const { scope } = pass;
  const { link } = op;
  const outgoing: Outgoing = { link, sourceKey: op.sourceKey, key, image: row, hops: op.change.hops };
  if (row === null) await deleteRows(scope, link, [outgoing]);
  else if (current === null) await insertRows(scope, link, [outgoing], 'own');
  else await updateRows(scope, link, [outgoing], 'own');
}

function restate(
  pass: CarefulPass,
  op: Op,
  what: {
    readonly purpose: 'reassert' | 'refresh';
    readonly key: Row;
    readonly image: Row | null;
    readonly provenance: { readonly home: string | null; readonly remote: string | null } | null;
    readonly effectiveUs: number;
  },
): void {
  pass.scope.states.restate({
    id: `${pass.idPrefix}:${pass.restated++}`,
    lane: pass.arena.lane.plan.id,
    link: op.link.id,
    ...what,
  });
  if (what.purpose === 'reassert') pass.tally.reasserted++;
}

/** A mapped image with keys and foreign keys of the target, so that it can be compared with a row that stands there. */
async function inTargetKeys(pass: CarefulPass, op: Op, image: Row | null): Promise<Row | null> {
  if (image === null) return null;
  const out = [...image];
  if (op.link.keys === 'mapped') {
    const key = op.targetKey ?? freshKey(pass.scope, op.link, op.newSourceKey);
    op.link.left.key.forEach((at, index) => {
      out[at] = key?.[index];
    });
  }
  for (const parent of op.link.parents) {
    const value = image[parent.column];
    if (value === null || value === undefined) continue;
    const translated = await parentValue(pass, parent.link, value);
    if (translated === null) throw unknownParent(op, parent.link);
    out[parent.column] = translated;
  }
  return out;
}

function unknownParent(op: Op, parent: string): TandemError {
  return new TandemError('TD7013', `a row of link '${op.link.id}' refers to a row of '${parent}' without counterpart`, {
    at: { link: op.link.id, parent },
  });
}

/** Names the change that an error belongs to; the row itself stays unnamed. */
export function placeError(thrown: unknown, op: Op, lane: Lane): TandemError {
  const error = asTandemError(thrown);
  const at = { ...error.details.at, lane: lane.plan.id, link: op.link.id, op: op.change.op, transaction: op.item.id };
  return new TandemError(error.code as 'TD9002', error.message, { ...error.details, at });
}
