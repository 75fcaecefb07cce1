import type { LinkPlan } from '../../model/plan.ts';
import type { Row } from '../../model/value.ts';
import { type Guarded, type GuardedOp, looseText, moves } from './guarded.ts';

export interface FoldableOp extends GuardedOp {
  /** The row's identity at the source, within its link: the same before and after if its key stays. */
  readonly entity: string;
  /** The row was decided by arbitration: it is never folded, and nothing is moved across it. */
  readonly fixed: boolean;
}

/** An insert and the delete that undoes it, both still in their slots. */
interface Cancelled {
  readonly guarded: Guarded;
  readonly insert: number;
  readonly delete: number;
}

/**
 * Fewer operations with the same effect, in the same order (correctness 7). An update that moves no constrained value
 * may be told at any place, so it melts into its neighbours; whatever acquires or releases a value keeps its own place,
 * because the values between its neighbours may be what makes the order possible at all. A delete followed by an insert
 * stays both: columns that are not linked begin anew.
 *
 * `mayBeThere`: the target may hold rows that its own application has made meanwhile, and what came and went has to
 * remove them. That is so at home, which writes over what it does not know yet; the remote side's are told by home.
 */
export function fold<Op extends FoldableOp>(
  ops: readonly Op[],
  guards: ReadonlyMap<LinkPlan, Guarded>,
  mayBeThere: boolean,
): Op[] {
  const slots: (Op | null)[] = [];
  const cancelled: Cancelled[] = [];
  const open = new Map<Guarded, Map<string, number>>();
  // Slots that hold an update which moves a constrained value.
  const moved = new Set<number>();
  for (const op of ops) {
    const guarded = guards.get(op.link);
    if (guarded === undefined) continue;
    const slotOf = entities(open, guarded);
    const at = op.fixed || op.keyChanged ? undefined : slotOf.get(op.entity);
    const last = at === undefined ? null : (slots[at] ?? null);
    const moving = moves(guarded, op);
    if (op.op === 'update' && !moving && at !== undefined && last !== null && last.op !== 'delete') {
      slots[at] = { ...op, op: last.op, before: last.before, after: merged(last.after, op.after) };
      continue;
    }
    const next = slots.length;
    if (at !== undefined && last?.op === 'update' && op.op !== 'insert' && !moved.has(at)) {
      slots[at] = null;
      slots.push({ ...op, before: last.before, after: op.op === 'delete' ? null : merged(last.after, op.after) });
    } else {
      if (at !== undefined && last?.op === 'insert' && op.op === 'delete') {
        cancelled.push({ guarded, insert: at, delete: next });
      }
      slots.push(op);
    }
    if (moving) moved.add(next);
    if (op.fixed || op.keyChanged) slotOf.delete(op.entity);
    else slotOf.set(op.entity, next);
  }
  if (cancelled.length > 0) cancel(slots, cancelled, guards, mayBeThere);
  return slots.filter((op) => op !== null);
}

function entities(open: Map<Guarded, Map<string, number>>, guarded: Guarded): Map<string, number> {
  let slotOf = open.get(guarded);
  if (slotOf === undefined) {
    slotOf = new Map();
    open.set(guarded, slotOf);
  }
  return slotOf;
}

/** The later image, with the earlier one's values where it leaves a column untouched. */
function merged(earlier: Row | null, later: Row | null): Row | null {
  if (earlier === null || later?.includes(undefined) !== true) return later;
  return later.map((value, at) => (value === undefined ? earlier[at] : value));
}

/**
 * A row that came and went leaves no trace, or its delete alone, unless an operation that stays refers to it: children
 * first, so that a whole family can vanish.
 */
function cancel(
  slots: (GuardedOp | null)[],
  cancelled: Cancelled[],
  guards: ReadonlyMap<LinkPlan, Guarded>,
  mayBeThere: boolean,
): void {
  const references = new References(guards);
  for (const op of slots) if (op !== null) references.count(op, 1);
  cancelled.sort((a, b) => b.guarded.link.rank - a.guarded.link.rank || b.insert - a.insert);
  for (const { guarded, insert, delete: removal } of cancelled) {
    const created = slots[insert] ?? null;
    const removed = slots[removal] ?? null;
    if (created === null || removed === null) continue;
    references.count(created, -1);
    references.count(removed, -1);
    if (references.names(guarded, created)) {
      references.count(created, 1);
      references.count(removed, 1);
      continue;
    }
    slots[insert] = null;
    if (!mayBeThere) slots[removal] = null;
  }
}

/** How many images refer to which parent. */
class References {
  readonly #guards: ReadonlyMap<LinkPlan, Guarded>;
  readonly #counts = new Map<string, number>();

  constructor(guards: ReadonlyMap<LinkPlan, Guarded>) {
    this.#guards = guards;
  }

  count(op: GuardedOp, by: 1 | -1): void {
    for (const { link, columns } of this.#guards.get(op.link)?.end.foreignKeys ?? []) {
      for (const image of [op.before, op.after]) {
        if (image === null) continue;
        this.#add(link, by);
        const text = looseText(image, columns);
        if (text !== null) this.#add(`${link}\u0000${text}`, by);
      }
    }
  }

  names({ link, end }: Guarded, { after }: GuardedOp): boolean {
    const text = after === null ? null : looseText(after, end.key);
    // While a key is not known, any reference to its table may be meant.
    return (this.#counts.get(text === null ? link.id : `${link.id}\u0000${text}`) ?? 0) > 0;
  }

  #add(name: string, by: 1 | -1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }
}
