import type { Position } from '../../model/change.ts';
import { asTandemError, type TandemError } from '../../model/error.ts';
import { LookAgain } from '../decide/standing.ts';
import type { LaneItem, LinkedChange } from '../lane/linked.ts';
import { entityOf, type ParkedRow } from '../lane/parked.ts';
import { EchoFirst, LogFirst, prepare, refusedKeys, settleEchoes, type Op } from '../map/ops.ts';
import type { CarefulPass, Tally } from '../write/pass.ts';
import { moveFor, transact, type Applier } from '../write/transact.ts';
import { applyFitting, applyRuns } from './bulk.ts';
import { applyEach, inOrder } from './each.ts';
import type { Refusal } from './park.ts';
import { cutAtDisputes, isDisputed } from './pieces.ts';

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
    if (asTandemError(thrown).class === 'row') return false;
    throw thrown;
  }
}

/** What follows on each other is decided anew each time, for each transaction may change what stands there. */
async function applyApart(applier: Applier, items: readonly LaneItem[], total: Total): Promise<void> {
  const batch = await look(applier, items, false);
  const pieces = cutAtDisputes(applier, batch.items, batch.ops);
  const [piece] = pieces;
  if (pieces.length > 1) {
    for (const each of pieces) await applyApart(applier, each.items, total);
  } else if (piece !== undefined) {
    const manner = piece.disputed ? 'each' : 'fitting';
    try {
      if (await fits(() => applyBatch(applier, batch, manner, total))) return;
      const again = await look(applier, items, false);
      // Meanwhile the target's log may have shown what one of them competes with.
      const isDisputedNow = !piece.disputed && again.ops.some((op) => isDisputed(applier, op));
      if (isDisputedNow) await applyApart(applier, items, total);
      else await applyBatch(applier, again, manner, total, true);
    } catch (thrown) {
      await waitFor(applier, thrown);
      await applyApart(applier, items, total);
    }
  }
}

/** Waits, without any lock, for what must be read before the transaction can be done. Rethrows all else. */
async function waitFor({ arena, looked }: Applier, thrown: unknown): Promise<void> {
  if (thrown instanceof EchoFirst) await settleEchoes(arena, [thrown.hash]);
  else if (thrown instanceof LogFirst) {
    await arena.readToEnd();
    looked.add(thrown.change);
  } else throw thrown;
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
      const isTogether = manner === 'each' && !isSecondLook;
      refused = await applyEach(pass, inOrder(items, rest, batch.refused), { isSecondLook, isTogether });
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

/** Whoever waited for one of these rows is asked for, unless the row itself is still owed. */
function wakeWaiting({ parked }: Applier, ops: readonly Op[]): void {
  if (!parked.hasWaiting) return;
  for (const op of ops) {
    if (parked.has(oldEntity(op))) continue;
    parked.wakeWaitingFor(op.link.id, op.sourceKey);
    if (op.keyChanged) parked.wakeWaitingFor(op.link.id, op.newSourceKey);
  }
}
