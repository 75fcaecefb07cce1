import { groupsOf, rowPolicyOf } from '../../arbiter/groups.ts';
import { isGuarded } from '../decide/orphans.ts';
import { mayStand } from '../decide/standing.ts';
import { isDeferred } from '../lane/lane.ts';
import type { LaneItem } from '../lane/linked.ts';
import type { Op } from '../map/ops.ts';
import type { Applier } from '../write/transact.ts';

/**
 * What one transaction with disputed rows takes on at most, so that it holds its locks for a short time: a change whose
 * row can be looked at and written together with others weighs 1.
 */
const WEIGHT_MAX = 500;
/** A change that takes statements of its own, or somebody else's decision. */
const HEAVY = 10;

/** Does it have to be seen what stands there before the change is applied? */
export function isDisputed(applier: Applier, op: Op): boolean {
  if (op.verdict.kind !== 'apply' || op.change.op === 'reassert' || op.change.op === 'refresh') return true;
  if (op.change.op === 'recall' || op.mayHaveVanished || op.isBehind) return true;
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

/** Items that go into one transaction. */
export interface Piece {
  readonly items: LaneItem[];
  disputed: boolean;
  weight: number;
  /** Rows that are decided in it, by hash; true where one gets another key. */
  readonly decided: Map<number, boolean>;
}

/**
 * In order; a few undisputed changes between disputed ones go with them. What meets a row that was decided goes by that
 * decision (see meetDecided); where keys change, which row that is has to be read in the log first.
 */
export function cutAtDisputes(applier: Applier, items: readonly LaneItem[], ops: readonly Op[]): readonly Piece[] {
  const disputed = new Set(ops.filter((op) => isDisputed(applier, op)).map((op) => op.item));
  const pieces: Piece[] = [];
  const opsOf = new Map<LaneItem, Op[]>();
  for (const op of ops) {
    const own = opsOf.get(op.item);
    if (own === undefined) opsOf.set(op.item, [op]);
    else own.push(op);
  }
  for (const item of items) {
    const isOne = disputed.has(item);
    const own = opsOf.get(item) ?? [];
    const weight = own.reduce((sum, op) => sum + weightOf(op), 0);
    let last = pieces.at(-1);
    if (last === undefined || meetsRekeyed(last, own) || !joins(last, isOne, weight)) {
      last = { items: [], disputed: false, weight: 0, decided: new Map() };
      pieces.push(last);
    }
    last.items.push(item);
    last.disputed ||= isOne;
    last.weight += weight;
    for (const { hash, verdict, keyChanged, isBehind } of own) {
      const isDecided = verdict.kind === 'conflict' || verdict.kind === 'succeed' || isBehind;
      if (hash === null || !isDecided) continue;
      last.decided.set(hash, keyChanged || last.decided.get(hash) === true);
    }
  }
  return pieces;
}

function weightOf(op: Op): number {
  return mayStand(op) && rowPolicyOf(op.link).kind !== 'custom' ? 1 : HEAVY;
}

function meetsRekeyed({ decided }: Piece, ops: readonly Op[]): boolean {
  return ops.some(({ hash, keyChanged }) => {
    const rekeyed = hash === null ? undefined : decided.get(hash);
    return rekeyed === true || (rekeyed === false && keyChanged);
  });
}

function joins(piece: Piece, isDisputedItem: boolean, weight: number): boolean {
  if (!piece.disputed && !isDisputedItem) return true;
  return piece.weight + weight <= WEIGHT_MAX;
}
