import { asTandemError, TandemError } from '../../model/error.ts';
import { otherSide } from '../../model/policy.ts';
import { lockStanding, LookAgain, runFrom, stands, writeStanding } from '../decide/standing.ts';
import { keyOf, rowKeyText, type LaneItem, type LinkedChange } from '../lane/linked.ts';
import type { Op } from '../map/ops.ts';
import { attempt } from '../write/attempt.ts';
import { tellChildren } from '../write/children.ts';
import type { CarefulPass } from '../write/pass.ts';
import { freshKey } from '../write/write.ts';
import { applyCarefully } from './careful.ts';
import { blockerOf, heal, park, type Refusal } from './park.ts';

/** An operation, or a change that cannot cross. */
export type Entry = Op | Refusal;

/** Operations and changes that cannot cross, as they came. */
export function inOrder(items: readonly LaneItem[], ops: readonly Op[], refused: readonly Refusal[]): readonly Entry[] {
  if (ops.length === 0) return refused;
  const places = new Map<LinkedChange, number>();
  for (const item of items) for (const change of item.changes) places.set(change, places.size);
  const place = ({ change }: Entry) => places.get(change) ?? 0;
  return [...refused, ...ops].toSorted((a, b) => place(a) - place(b));
}

/**
 * Row by row, looking first; what the target refuses is noted as owed. Returns how many changes that were. Throws
 * LookAgain where a row was absent when it was looked for and has been made since, unless this is the second look.
 * `isTogether`: changes that follow on each other and need nothing but their own rows are looked at and written
 * together; where the target refuses that, it is LookAgain as well.
 */
export async function applyEach(
  pass: CarefulPass,
  entries: readonly Entry[],
  { isSecondLook, isTogether }: { readonly isSecondLook: boolean; readonly isTogether: boolean },
): Promise<number> {
  let refused = 0;
  let mayBeNew = false;
  let lookedTo = 0;
  for (const [at, entry] of entries.entries()) {
    if (isTogether && at >= lookedTo) lookedTo = at + (await standTogether(pass, entries, at));
    if (!stands(pass, entry)) await writeStanding(pass);
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
  await writeStanding(pass);
  if (mayBeNew && !isSecondLook) throw new LookAgain();
  return refused;
}

/** Returns how many entries from this one on have been looked at, at least one. */
async function standTogether(pass: CarefulPass, entries: readonly Entry[], at: number): Promise<number> {
  const run = runFrom(pass, entries, at);
  if (run.length > 1) await lockStanding(pass, run);
  return Math.max(1, run.length);
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
