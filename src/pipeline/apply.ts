import { groupsOf, rowPolicyOf } from '../arbiter/groups.ts';
import type { Position } from '../model/change.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import { otherSide } from '../model/policy.ts';
import { attempt } from './attempt.ts';
import { applyFitting, applyRuns } from './bulk.ts';
import { applyCarefully } from './careful.ts';
import { tellChildren } from './children.ts';
import { isDeferred } from './lane.ts';
import { keyOf, rowKeyText, type LaneItem, type LinkedChange } from './linked.ts';
import { LogFirst, prepare, refusedKeys, TasksFirst, type Op } from './ops.ts';
import { isGuarded } from './orphans.ts';
import type { CarefulPass, Tally } from './pass.ts';
import { blockerOf, heal, park, type Refusal } from './park.ts';
import { entityOf, type ParkedRow } from './parked.ts';
import { moveFor, transact, type Applier } from './transact.ts';
import { freshKey } from './write.ts';

/** Changes that one transaction of disputed rows holds at most, so that it holds its locks for a short time. */
const DISPUTED_CHANGES_MAX = 50;

/** So many batches are taken apart from the start after one in which the target refused something. */
const WARY_BATCHES = 8;

export interface Applied extends Tally {
  readonly rows: number;
  readonly transactions: number;
  /** Rows parked in this call, for the log. */
  readonly parked: readonly ParkedRow[];
}

/**
 * Applies items of the lane in target transactions that each begin by moving the checkpoint. All at once, in as few
 * statements as possible and without looking. A row that does not fit is looked at alone after the others, which
 * stay in bulk; items with a row that is disputed between the sides get transactions of their own.
 *
 * Throws TandemError: transient (nothing of the failed transaction happened; `held` tells how far it got), fenced,
 * schema. A row that cannot be applied as it is gets parked and holds up nobody.
 */
export async function applyItems(applier: Applier, items: readonly LaneItem[]): Promise<Applied> {
  const { arena } = applier;
  const total: Total = { conflicts: 0, deferred: 0, reasserted: 0, refused: 0, parked: new Map() };
  try {
    await applyAll(applier, items, total);
  } finally {
    arena.claims.release(arena);
  }
  const { refused, parked, ...tally } = total;
  const changes = items.reduce((sum, item) => sum + item.changes.length, 0);
  const transactions = items.filter((item) => item.last).length;
  return { ...tally, rows: changes - refused, transactions, parked: [...parked.values()] };
}

interface Total extends Tally {
  /** Changes that were not applied. */
  refused: number;
  readonly parked: Map<string, ParkedRow>;
}

/** Items, mapped and decided. */
interface Batch {
  readonly items: readonly LaneItem[];
  /** How far the target's own log was read before anything was decided. */
  readonly known: Position | null;
  readonly ops: readonly Op[];
  /** Changes whose values cannot cross. */
  readonly refused: readonly Refusal[];
  /** Operations on rows that are owed, or of which an earlier change is refused here. */
  readonly suspects: ReadonlySet<Op>;
}

async function look(applier: Applier, items: readonly LaneItem[], assumeNew: boolean): Promise<Batch> {
  const refused: Refusal[] = [];
  const refuse = (item: LaneItem, change: LinkedChange, error: TandemError) =>
    void refused.push({ item, change, error, blockedBy: null });
  const { lane, target } = applier.arena;
  // What was announced for a look that came to nothing is not waited for.
  lane.sides[target].echoes.withdraw(applier.held.seq + 1);
  const announce = (decided: readonly Op[]) => announceEarly(applier, decided);
  const { ops, known } = await prepare(items, applier.arena, assumeNew, announce, refuse);
  applier.onMapped();
  return { items, known: known ?? applier.held.known, ops, refused, suspects: suspectsIn(applier, ops, refused) };
}

function suspectsIn(applier: Applier, ops: readonly Op[], refused: readonly Refusal[]): ReadonlySet<Op> {
  const { parked, arena } = applier;
  if (!parked.isKnown && refused.length === 0) return new Set();
  const entities = new Set(refused.flatMap(({ change }) => refusedKeys(change, arena.target)));
  return touching(ops, entities, (entity) => parked.has(entity));
}

/** Operations on these rows, under any key that a row has had or gets on the way. */
function touching(ops: readonly Op[], entities: Set<string>, isOne = (_entity: string) => false): Set<Op> {
  const found = new Set<Op>();
  if (entities.size === 0 && !ops.some((op) => isOne(oldEntity(op)) || isOne(newEntity(op)))) return found;
  for (let before = -1; before < entities.size; ) {
    before = entities.size;
    for (const op of ops) {
      const [old, next] = [oldEntity(op), newEntity(op)];
      if (!entities.has(old) && !entities.has(next) && !isOne(old) && !isOne(next)) continue;
      found.add(op);
      entities.add(old).add(next);
    }
  }
  return found;
}

function oldEntity({ link, sourceKey }: Op): string {
  return entityOf(link.id, sourceKey);
}

function newEntity({ link, newSourceKey }: Op): string {
  return entityOf(link.id, newSourceKey);
}

async function applyAll(applier: Applier, items: readonly LaneItem[], total: Total): Promise<void> {
  if (applier.wary === 0) {
    const batch = await look(applier, items, true);
    const isPlain = batch.suspects.size === 0 && batch.ops.every((op) => !isDisputed(applier, op));
    if (isPlain && (await fits(() => applyBatch(applier, batch, 'bulk', total)))) return;
    if (isPlain) applier.wary = WARY_BATCHES;
  } else applier.wary--;
  await applyApart(applier, items, total);
}

/** False where it has to be done in another way; then nothing of the work has happened. */
async function fits(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (thrown) {
    if (thrown instanceof LookAgain) return false;
    if (thrown instanceof TasksFirst || asTandemError(thrown).class !== 'row') throw thrown;
    return false;
  }
}

/** What follows on each other is decided anew each time, for each transaction may change what stands there. */
async function applyApart(applier: Applier, items: readonly LaneItem[], total: Total): Promise<void> {
  const batch = await look(applier, items, false);
  const pieces = cutAtDisputes(applier, batch);
  const [piece] = pieces;
  if (pieces.length > 1) {
    for (const each of pieces) await applyApart(applier, each.items, total);
  } else if (piece !== undefined) {
    const manner = piece.disputed ? 'each' : 'fitting';
    try {
      if (await fits(() => applyBatch(applier, batch, manner, total))) return;
      await applyBatch(applier, await look(applier, items, false), manner, total, true);
    } catch (thrown) {
      if (!(thrown instanceof LogFirst)) throw thrown;
      await applier.arena.readToEnd();
      applier.looked.add(thrown.change);
      await applyApart(applier, items, total);
    }
  }
}

function isDisputed(applier: Applier, op: Op): boolean {
  if (op.verdict.kind !== 'apply' || op.change.op === 'reassert' || op.change.op === 'refresh') return true;
  if (op.change.op === 'recall' || op.mayHaveVanished) return true;
  const { dirty } = applier.arena.lane.sides[applier.arena.target];
  if (dirty.has(op.link.id, op.sourceKey)) return true;
  const { lane, target } = applier.arena;
  if (op.after === null && isGuarded(lane, target, op.link)) return true;
  if (op.hash !== null && target === lane.remote && isDeferred(lane, op.hash)) return true;
  // Columns are merged, and a person is asked, only where it is seen what stands there.
  if (op.op === 'update' && target === lane.home && groupsOf(op.link) !== null) return true;
  if (op.op !== 'insert' && target === lane.remote && rowPolicyOf(op.link).kind === 'park') return true;
  return op.keyChanged && op.link.keys === 'mapped';
}

interface Piece {
  readonly items: LaneItem[];
  disputed: boolean;
  changes: number;
  /** Rows that are decided in it, by hash. */
  readonly decided: Set<number>;
}

/**
 * In order; a few undisputed changes between disputed ones go with them. What meets a row that was decided has to see
 * the decision in the window, as any change that comes later would (the model's habit `splitsBatches`).
 */
function cutAtDisputes(applier: Applier, { items, ops }: Batch): readonly Piece[] {
  const disputed = new Set(ops.filter((op) => isDisputed(applier, op)).map((op) => op.item));
  const pieces: Piece[] = [];
  const opsOf = new Map<LaneItem, Op[]>();
  for (const op of ops) {
    const own = opsOf.get(op.item);
    if (own === undefined) opsOf.set(op.item, [op]);
    else own.push(op);
  }
  for (const item of items) {
    const changes = item.changes.length;
    const isOne = disputed.has(item);
    const own = opsOf.get(item) ?? [];
    let last = pieces.at(-1);
    const isMet = own.some(({ hash }) => hash !== null && last?.decided.has(hash) === true);
    if (last === undefined || isMet || !joins(last, isOne, changes)) {
      last = { items: [], disputed: false, changes: 0, decided: new Set() };
      pieces.push(last);
    }
    last.items.push(item);
    last.disputed ||= isOne;
    last.changes += changes;
    for (const { hash, verdict } of own) {
      if (hash !== null && (verdict.kind === 'conflict' || verdict.kind === 'succeed')) last.decided.add(hash);
    }
  }
  return pieces;
}

function joins(piece: Piece, isDisputedItem: boolean, changes: number): boolean {
  if (!piece.disputed && !isDisputedItem) return true;
  return piece.changes + changes <= DISPUTED_CHANGES_MAX;
}

/**
 * `bulk`: everything in as few statements as possible. `fitting`: the same, except for rows that do not fit, which are
 * looked at one by one after the others. `each`: one row at a time, in source order.
 */
type Manner = 'bulk' | 'fitting' | 'each';

async function applyBatch(
  applier: Applier,
  batch: Batch,
  manner: Manner,
  total: Total,
  isSecondLook = false,
): Promise<void> {
  const { items, known, ops } = batch;
  const move = moveFor(applier, items, known);
  let refused = 0;
  let parked: readonly ParkedRow[] = [];
  const tally = await transact(
    applier,
    move,
    async (scope, pass) => {
      let rest: readonly Op[] = manner === 'each' ? ops : [];
      if (manner === 'bulk') await applyRuns(pass, ops);
      if (manner === 'fitting') rest = await applyBulk(pass, batch);
      refused = await applyEach(pass, inOrder(items, rest, batch.refused), isSecondLook);
      parked = pass.owedRows.parked;
    },
    // What the database checks at commit it checks row by row then, so that it can be told whose fault it is.
    isSecondLook,
  );
  total.conflicts += tally.conflicts;
  total.deferred += tally.deferred;
  total.reasserted += tally.reasserted;
  total.refused += refused;
  for (const row of parked) total.parked.set(entityOf(row.link, row.sourceKey), row);
  wakeWaiting(applier, ops);
}

/** What is left to be looked at one by one: whatever touches a row that did not fit. */
async function applyBulk(pass: CarefulPass, { ops, suspects }: Batch): Promise<readonly Op[]> {
  const plain = suspects.size === 0 ? ops : ops.filter((op) => !suspects.has(op));
  const unfit = await applyFitting(pass, plain);
  if (unfit.length === 0) return [...suspects];
  const entities = new Set(unfit.flatMap((op) => [oldEntity(op), newEntity(op)]));
  return [...suspects, ...touching(plain, entities)];
}

/**
 * At home the reader keeps changes of these rows from now on, in case one slips in before our write (audit). What will
 * stand in them is said again, exactly, when it is written.
 */
function announceEarly(applier: Applier, ops: readonly Op[]): void {
  const { lane, target } = applier.arena;
  if (target !== lane.home) return;
  const { echoes } = lane.sides[target];
  const seq = applier.held.seq + 1;
  for (const { hash } of ops) if (hash !== null) echoes.announceEarly(seq, hash);
}

type Entry = Op | Refusal;

/** Operations and changes that cannot cross, as they came. */
function inOrder(items: readonly LaneItem[], ops: readonly Op[], refused: readonly Refusal[]): readonly Entry[] {
  if (ops.length === 0) return refused;
  const places = new Map<LinkedChange, number>();
  for (const item of items) for (const change of item.changes) places.set(change, places.size);
  const place = ({ change }: Entry) => places.get(change) ?? 0;
  return [...refused, ...ops].toSorted((a, b) => place(a) - place(b));
}

/**
 * Row by row, looking first; what the target refuses is noted as owed. Returns how many changes that were. Throws
 * LookAgain where a row was absent when it was looked for and has been made since, unless this is the second look.
 */
async function applyEach(pass: CarefulPass, entries: readonly Entry[], isSecondLook: boolean): Promise<number> {
  let refused = 0;
  let mayBeNew = false;
  for (const entry of entries) {
    if (!('error' in entry) && entry.verdict.kind === 'hold') {
      hold(pass, entry);
      continue;
    }
    const refusal = 'error' in entry ? entry : await tryOne(pass, entry);
    mayBeNew ||= refusal?.error.code === 'TD7001' && refusal.blockedBy === null;
    if (refusal === null) {
      if ((entry as Op).change.op !== 'recall') heal(pass, entry as Op);
      payDebts(pass, entry as Op);
      continue;
    }
    park(pass, refusal);
    refused++;
  }
  if (mayBeNew && !isSecondLook) throw new LookAgain();
  return refused;
}

/** The row was asked for, is gone at the source, and deletes of the link stay on their side. */
function keepsDeleted({ link, change }: Op): boolean {
  return link.deletes === 'ignore' && change.after === null && (change.op === 'reassert' || change.op === 'refresh');
}

function payDebts({ debts }: CarefulPass, { link, sourceKey, newSourceKey }: Op): void {
  debts.pay(link.id, sourceKey);
  if (newSourceKey !== sourceKey) debts.pay(link.id, newSourceKey);
}

/** The source is still owed this side's own change of the row: note that the change from there is owed, too. */
function hold(pass: CarefulPass, { link, change, item }: Op): void {
  const source = otherSide(pass.scope.target);
  for (const image of [change.before, change.after]) {
    if (image === null) continue;
    const key = keyOf(link, image);
    pass.debts.owe({ link: link.id, sourceKey: rowKeyText(link, source, key), key, effectiveUs: item.effectiveUs });
  }
}

class LookAgain extends Error {
  override readonly name = 'LookAgain';
}

/** Null where the change was applied. */
async function tryOne(pass: CarefulPass, op: Op): Promise<Refusal | null> {
  const { item, change } = op;
  const owed = pass.owed.length;
  try {
    const isOwed = pass.owedRows.get(op.link.id, op.sourceKey) !== null;
    if (keepsDeleted(op)) return null;
    await attempt(pass, async () => {
      await applyCarefully(pass, op);
      if (isOwed && op.after !== null) await tellChildrenOf(pass, op);
    });
    const [code] = pass.owed.splice(owed);
    if (code === undefined) return null;
    return { item, change, error: new TandemError(code, 'the row waits to be paired'), blockedBy: null };
  } catch (thrown) {
    if (thrown instanceof LogFirst) throw thrown;
    const error = asTandemError(thrown);
    if (error.class !== 'row') throw thrown;
    return { item, change, error, blockedBy: await blockerOf(pass, op, error) };
  }
}

/** What was owed may have been a delete, and the row may have come back since. */
async function tellChildrenOf(pass: CarefulPass, op: Op): Promise<void> {
  const key = op.targetKey ?? freshKey(pass.scope, op.link, op.sourceKey);
  if (key !== null) await tellChildren(pass, op.link, [key]);
}

/** Whoever waited for one of these rows is asked for, unless the row itself is still owed. */
function wakeWaiting({ parked }: Applier, ops: readonly Op[]): void {
  if (!parked.hasWaiting) return;
  for (const op of ops) {
    if (parked.has(oldEntity(op))) continue;
    parked.wakeWaitingFor(op.link.id, op.sourceKey);
    if (op.keyChanged) parked.wakeWaitingFor(op.link.id, op.newSourceKey);
  }
}
