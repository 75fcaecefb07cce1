import { addAmounts, increments, summedColumns } from '../../arbiter/groups.ts';
import type { TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import { otherSide } from '../../model/policy.ts';
import type { Row } from '../../model/value.ts';
import { keyOf, rowKeyText, type LaneItem, type LinkedChange } from '../lane/linked.ts';
import { blockerText, isHeld } from '../lane/parked.ts';
import { changesKey } from '../lane/project.ts';
import { mapImage } from '../map/map.ts';
import type { Op } from '../map/ops.ts';
import { CLASH_CODES, closeClash, recordClash } from '../write/clashes.ts';
import { healRow, parkRow } from '../write/owed.ts';
import type { CarefulPass } from '../write/pass.ts';
import { bare } from '../write/write.ts';
import { naturalTuple } from './careful.ts';

/** Why a change could not be applied. */
export interface Refusal {
  readonly item: LaneItem;
  readonly change: LinkedChange;
  readonly error: TandemError;
  /** `link key` of the source's row that it waits for. */
  readonly blockedBy: string | null;
}

/** Notes with the checkpoint that the target is owed the row; under both its keys where the change gave it another. */
export function park(pass: CarefulPass, { item, change, error, blockedBy }: Refusal): void {
  const { link, before, after } = change;
  const source = otherSide(pass.scope.target);
  const keys = [keyOf(link, (before ?? after) as Row)];
  if (before !== null && after !== null && changesKey(link, source, before, after)) keys.push(keyOf(link, after));
  for (const rowKey of keys) {
    const sourceKey = rowKeyText(link, source, rowKey);
    const known = pass.owedRows.get(link.id, sourceKey);
    // Whatever else happens to it, a row about which a person is to decide stays held.
    const held = isHeld(known) ? { code: known.code, targetKey: known.targetKey } : { targetKey: null };
    if (!isHeld(known) && CLASH_CODES.has(error.code)) recordClash(pass, change, sourceKey, error.code);
    const amounts = owedAmounts(pass, change, known?.amounts ?? null);
    const debt = { link: link.id, sourceKey, code: error.code, blockedBy, ...held, amounts };
    parkRow(pass, debt, item.position, { item, change, error, rowKey });
  }
}

/** The row is in the target as the source has it. Does nothing where it was not owed, or waits for a person. */
export function heal(pass: CarefulPass, op: Op): void {
  for (const sourceKey of new Set([op.sourceKey, op.newSourceKey])) {
    const owed = pass.owedRows.get(op.link.id, sourceKey);
    if (owed === null || isHeld(owed)) continue;
    healRow(pass, owed);
    closeClash(pass, op.link.id, sourceKey);
  }
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

/**
 * The source's row that has to come or go before this one fits: the parent that is missing, or the row that holds a
 * unique value. Null where there is none that this sync knows of. To be asked within the transaction, after the attempt
 * was undone.
 */
export async function blockerOf(pass: CarefulPass, op: Op, error: TandemError): Promise<string | null> {
  if (error.code === 'TD7013') {
    const { parent, parentKey } = (error.details.cause ?? {}) as { parent?: string; parentKey?: string };
    return parent === undefined || parentKey === undefined ? null : blockerText(parent, parentKey);
  }
  if (error.code === 'TD7001') return holderOf(pass, op);
  if (error.code === 'TD7002' && op.after !== null) return missingParent(pass, op);
  return null;
}

async function holderOf(pass: CarefulPass, op: Op): Promise<string | null> {
  const { link, after } = op;
  const { scope, arena } = pass;
  if (after === null) return null;
  const own = op.targetKey === null ? null : rowKeyText(link, scope.target, op.targetKey);
  for (const unique of [...link[scope.target].uniques, ...link.naturalKeys]) {
    const tuple = await naturalTuple(pass, op, after, unique);
    if (tuple === null) continue;
    for (const row of await scope.transaction.find(bare(link[scope.target]), unique, [tuple])) {
      const text = rowKeyText(link, scope.target, keyOf(link, row));
      if (text === own) continue;
      const key = link.keys === 'shared' ? text : (await arena.keys.resolve(link, scope.target, [text])).get(text);
      return key === undefined ? null : blockerText(link.id, key);
    }
  }
  return null;
}

async function missingParent(pass: CarefulPass, op: Op): Promise<string | null> {
  const { scope } = pass;
  const image = op.change.after;
  for (const { link: id, columns } of op.link[scope.target].foreignKeys) {
    const parent: LinkPlan | undefined = scope.links.get(id);
    const key = columns.map((at) => image?.[at]);
    if (parent === undefined || key.length !== parent.left.key.length || key.includes(null) || key.includes(undefined))
      continue;
    const [found = null] =
      parent.keys === 'shared' ? await scope.transaction.lock(bare(parent[scope.target]), [key]) : [];
    if (found === null) return blockerText(id, rowKeyText(parent, otherSide(scope.target), key));
  }
  return null;
}
