import { addAmounts, groupsOf, increments, rowPolicyOf, summedColumns } from '../arbiter/groups.ts';
import type { Position } from '../model/change.ts';
import { asTandemError, type TandemError } from '../model/error.ts';
import { otherSide } from '../model/policy.ts';
import type { Row } from '../model/value.ts';
import { applyCarefully } from './careful.ts';
import { compact, type Run } from './compact.ts';
import { healRow, parkRow } from './decide.ts';
import { isDeferred } from './lane.ts';
import type { LaneItem, LinkedChange } from './linked.ts';
import { LogFirst, prepare, sourceKeyOf, TasksFirst, type Op } from './ops.ts';
import { mapImage } from './map.ts';
import { isHeld, type ParkedRow } from './parked.ts';
import type { CarefulPass, Tally } from './pass.ts';
import { knownNow, moveFor, transact, type Applier } from './transact.ts';
import { blockerOf, deleteRows, freshKey, insertRows, updateRows, type Outgoing, type Scope } from './write.ts';

/** Changes that one careful transaction holds at most, so that one bad row costs its neighbours little. */
const CAREFUL_CHANGES_MAX = 50;

export interface Applied extends Tally {
  readonly rows: number;
  readonly transactions: number;
  /** Rows parked in this call, for the log. */
  readonly parked: readonly ParkedRow[];
}

/**
 * Applies items of the lane in target transactions that each begin by moving the checkpoint. First all at once, in as
 * few statements as possible and without looking; where a row does not fit or is disputed, row by row, looking first.
 *
 * Throws TandemError: transient (nothing of the failed transaction happened; `held` tells how far it got), fenced,
 * schema. A row that cannot be applied as it is gets parked and holds up nobody.
 */
export async function applyItems(applier: Applier, items: readonly LaneItem[]): Promise<Applied> {
  const { arena } = applier;
  try {
    return await applyClaimed(applier, items);
  } finally {
    arena.claims.release(arena);
  }
}

async function applyClaimed(applier: Applier, items: readonly LaneItem[]): Promise<Applied> {
  const known = knownNow(applier);
  try {
    const ops = await prepare(items, applier.arena, true);
    applier.onMapped();
    if (ops.every((op) => isPlain(applier, op))) {
      announceEarly(applier, ops);
      const tally = await transact(applier, moveFor(applier, items, known), (scope) => applyRuns(scope, ops));
      return applied(items, tally, []);
    }
  } catch (thrown) {
    if (thrown instanceof TasksFirst || asTandemError(thrown).class !== 'row') throw thrown;
  }
  return carefully(applier, items, known);
}

function isPlain(applier: Applier, op: Op): boolean {
  if (op.verdict.kind !== 'apply' || applier.parked.has(op.link.id, op.sourceKey)) return false;
  if (op.change.op === 'reassert' || op.change.op === 'refresh') return false;
  const { lane, target } = applier.arena;
  if (op.hash !== null && target === lane.remote && isDeferred(lane, op.hash)) return false;
  if (op.op === 'update' && target === lane.home && groupsOf(op.link) !== null) return false;
  if (op.op !== 'insert' && target === lane.remote && rowPolicyOf(op.link).kind === 'park') return false;
  return !(op.keyChanged && op.link.keys === 'mapped');
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
  for (const { hash } of ops) if (hash !== null) echoes.announce(seq, hash, null, 0);
}

async function applyRuns(scope: Scope, ops: readonly Op[]): Promise<void> {
  for (const run of compact(ops, scope.target)) await applyRun(scope, run);
}

function outgoingOf(scope: Scope, op: Op): Outgoing {
  const key = op.targetKey ?? freshKey(scope, op.link, op.sourceKey);
  return { link: op.link, sourceKey: op.sourceKey, key, image: op.after, before: op.before, hops: op.change.hops };
}

async function applyRun(scope: Scope, run: Run<Op>): Promise<void> {
  const { link } = run;
  const rows = run.ops.map((op) => outgoingOf(scope, op));
  if (run.op === 'delete') {
    const standing = rows.filter((row) => row.key !== null);
    if (standing.length > 0) await deleteRows(scope, link, standing);
    return;
  }
  if (run.op === 'insert') return insertRows(scope, link, link.keys === 'mapped' ? rows.map(unkeyed) : rows);
  const standing = rows.filter((row) => row.key !== null);
  const unknown = rows.filter((row) => row.key === null);
  if (standing.length > 0) await updateRows(scope, link, standing);
  if (unknown.length > 0) await insertRows(scope, link, unknown);
}

function unkeyed(row: Outgoing): Outgoing {
  return row.key === null ? row : { ...row, key: null };
}

/** Row by row. A row that cannot be applied is noted as owed, and its transaction is done again without it. */
async function carefully(applier: Applier, items: readonly LaneItem[], known: Position | null): Promise<Applied> {
  const total: Tally = { conflicts: 0, deferred: 0, reasserted: 0 };
  const parked: ParkedRow[] = [];
  for (const part of parts(items)) {
    const tally = await carefulPart(applier, part, known, parked);
    total.conflicts += tally.conflicts;
    total.deferred += tally.deferred;
    total.reasserted += tally.reasserted;
  }
  return applied(items, total, parked);
}

function parts(items: readonly LaneItem[]): LaneItem[][] {
  const out: LaneItem[][] = [];
  let size = Infinity;
  for (const item of items) {
    if (size + item.changes.length > CAREFUL_CHANGES_MAX) {
      out.push([]);
      size = 0;
    }
    out.at(-1)?.push(item);
    size += item.changes.length;
  }
  return out;
}

async function carefulPart(
  applier: Applier,
  items: readonly LaneItem[],
  known: Position | null,
  parked: ParkedRow[],
): Promise<Tally> {
  const refused = new Map<LinkedChange, TandemError>();
  const retried = new Set<LinkedChange>();
  for (;;) {
    const before = refused.size + retried.size;
    const refuse = (change: LinkedChange, error: TandemError) => refused.set(change, error);
    const ops = await prepare(items, applier.arena, false, (_item, change, error) => refuse(change, error));
    announceEarly(applier, ops);
    try {
      let owed: readonly ParkedRow[] = [];
      const tally = await transact(applier, moveFor(applier, items, known), async (_scope, pass) => {
        await applyEach(applier, pass, ops, { refused, retried });
        owed = pass.owedRows.parked;
      });
      parked.push(...owed);
      return tally;
    } catch (thrown) {
      if (thrown instanceof LogFirst) {
        await applier.arena.readToEnd();
        applier.looked.add(thrown.change);
        continue;
      }
      if (refused.size + retried.size === before || asTandemError(thrown).class !== 'row') throw thrown;
    }
  }
}

/** Changes that failed in this part: for good, or once with a duplicate. */
interface Attempts {
  readonly refused: Map<LinkedChange, TandemError>;
  readonly retried: Set<LinkedChange>;
}

async function applyEach(
  applier: Applier,
  pass: CarefulPass,
  ops: readonly Op[],
  { refused, retried }: Attempts,
): Promise<void> {
  const mapped = new Set(ops.map((op) => op.change));
  for (const [change, error] of refused) if (!mapped.has(change)) refuse(applier, pass, change, error);
  for (const op of ops) {
    const error = refused.get(op.change);
    if (error !== undefined) {
      refuse(applier, pass, op.change, error);
      continue;
    }
    const owed = pass.owedRows.get(op.link.id, op.sourceKey);
    try {
      await applyCarefully(pass, op);
    } catch (thrown) {
      if (thrown instanceof LogFirst) throw thrown;
      const error = asTandemError(thrown);
      // A row that was absent when it was looked for may have been made since: it is looked for once more.
      if (error.code === 'TD7001' && !retried.has(op.change)) retried.add(op.change);
      else if (error.class === 'row') refused.set(op.change, error);
      throw error;
    }
    if (owed !== null && !isHeld(owed) && !isHeld(pass.owedRows.get(op.link.id, op.sourceKey))) healRow(pass, owed);
  }
  for (const { change, code } of pass.owed) park(applier, pass, change, { code, blockedBy: null });
}

function refuse(applier: Applier, pass: CarefulPass, change: LinkedChange, error: TandemError): void {
  park(applier, pass, change, { code: error.code, blockedBy: blockerOf(error) });
}

function park(
  applier: Applier,
  pass: CarefulPass,
  change: LinkedChange,
  why: { readonly code: string; readonly blockedBy: string | null },
): void {
  const sourceKey = sourceKeyOf(change, otherSide(applier.arena.target));
  const known = pass.owedRows.get(change.link.id, sourceKey);
  // Whatever else happens to it, a row about which a person is to decide stays held.
  const held = isHeld(known) ? { code: known.code, targetKey: known.targetKey } : { targetKey: null };
  const amounts = owedAmounts(pass, change, known?.amounts ?? null);
  parkRow(pass, { link: change.link.id, sourceKey, ...why, ...held, amounts }, applier.held.position);
}

/** Counters cannot be healed by state: what a change that was not applied added to them is kept with the debt. */
function owedAmounts(pass: CarefulPass, { link, op, before, after }: LinkedChange, known: Row | null): Row | null {
  const { target } = pass.scope;
  const columns = summedColumns(link);
  if (columns.length === 0 || target !== pass.arena.lane.home || after === null) return known;
  if (op !== 'insert' && op !== 'update') return known;
  const counters = (image: Row) =>
    mapImage(
      link,
      otherSide(target),
      image.map((value, at) => (columns.includes(at) ? value : undefined)),
    );
  const about = { link, home: target };
  return addAmounts(about, known, increments(about, before === null ? null : counters(before), counters(after)));
}

function applied(items: readonly LaneItem[], tally: Tally, parked: readonly ParkedRow[]): Applied {
  return {
    ...tally,
    rows: items.reduce((sum, item) => sum + item.changes.length, 0) - parked.length,
    transactions: items.filter((item) => item.last).length,
    parked,
  };
}
