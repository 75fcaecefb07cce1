import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import { fold, type FoldableOp } from './fold.ts';
import { type Guarded, guard, looseText, moves } from './guarded.ts';

/** One row operation on the target, already mapped: images in the target's order, keys as the source knows them. */
export type RowOp = FoldableOp;

/** Operations of one kind on one link; each entity at most once, and all leave out the same columns. */
export interface Run<Op extends RowOp = RowOp> {
  readonly link: LinkPlan;
  readonly op: 'insert' | 'update' | 'delete';
  readonly ops: readonly Op[];
}

/**
 * One batch, folded and put in an order that is legal and has few, long runs (correctness 7). The batch commits as a
 * whole, so only constraints see the order: it is cut into segments in which nothing that one operation gives up is
 * taken by another, and inside a segment parents are inserted before children, then rows are updated, then children are
 * deleted before parents.
 */
export function compact<Op extends RowOp>(ops: readonly Op[], side: Side, isHome: boolean): readonly Run<Op>[] {
  const guards = new Map<LinkPlan, Guarded>();
  for (const { link } of ops) if (!guards.has(link)) guards.set(link, guard(link, side));
  const folded = fold(ops, guards, isHome);
  const runs: Run<Op>[] = [];
  if (cyclic(guards)) {
    appendInOrder(runs, folded);
    return runs;
  }
  const contested = contestedTables(folded, guards);
  const segment = new Segment<Op>(guards);
  for (const op of folded) {
    const guarded = guards.get(op.link);
    if (guarded === undefined) continue;
    if (standsAlone(op, guarded, guards)) {
      segment.flush(runs);
      appendInOrder(runs, [op]);
      continue;
    }
    if (!segment.admits(op, guarded, contested)) {
      segment.flush(runs);
      segment.admits(op, guarded, contested);
    }
    segment.add(op);
  }
  segment.flush(runs);
  return runs;
}

/** Operations between which order does not matter beyond insert, update, delete. */
class Segment<Op extends RowOp> {
  readonly #guards: ReadonlyMap<LinkPlan, Guarded>;
  readonly #released = new Set<string>();
  readonly #acquired = new Set<string>();
  #inserts: Op[] = [];
  #updates: Op[] = [];
  #deletes: Op[] = [];

  constructor(guards: ReadonlyMap<LinkPlan, Guarded>) {
    this.#guards = guards;
  }

  /** Notes the values that the operation takes and gives up; false where one of them already changed hands here. */
  admits(op: Op, guarded: Guarded, contested: ReadonlySet<string>): boolean {
    if (!contested.has(guarded.table)) return true;
    const taken: string[] = [];
    const given: string[] = [];
    for (const [nth, columns] of guarded.uniques.entries()) {
      const before = op.before === null || op.op === 'insert' ? null : looseText(op.before, columns);
      const after = op.after === null || op.op === 'delete' ? null : looseText(op.after, columns);
      if (before === after) continue;
      if (before !== null) given.push(`${guarded.table} ${nth} ${before}`);
      if (after !== null) taken.push(`${guarded.table} ${nth} ${after}`);
    }
    if (taken.some((value) => this.#released.has(value)) || given.some((value) => this.#acquired.has(value))) {
      return false;
    }
    for (const value of given) this.#released.add(value);
    for (const value of taken) this.#acquired.add(value);
    return true;
  }

  add(op: Op): void {
    switch (op.op) {
      case 'insert':
        this.#inserts.push(op);
        return;
      case 'update':
        this.#updates.push(op);
        return;
      case 'delete':
        this.#deletes.push(op);
    }
  }

  flush(runs: Run<Op>[]): void {
    const links = [...this.#guards.keys()].toSorted((a, b) => a.rank - b.rank);
    appendGrouped(runs, this.#inserts, links, this.#guards);
    appendGrouped(runs, this.#updates, links, this.#guards);
    appendGrouped(runs, this.#deletes, links.toReversed(), this.#guards);
    this.#inserts = [];
    this.#updates = [];
    this.#deletes = [];
    this.#released.clear();
    this.#acquired.clear();
  }
}

/** Foreign keys that lead from a link back to it through others: then no order of tables is right. */
function cyclic(guards: ReadonlyMap<LinkPlan, Guarded>): boolean {
  const ranks = new Map<string, number>();
  for (const { id, rank } of guards.keys()) ranks.set(id, rank);
  for (const { link, end } of guards.values()) {
    for (const foreignKey of end.foreignKeys) {
      if (foreignKey.link !== link.id && (ranks.get(foreignKey.link) ?? -1) >= link.rank) return true;
    }
  }
  return false;
}

/** Tables in which one operation might give up what another takes. */
function contestedTables(ops: readonly RowOp[], guards: ReadonlyMap<LinkPlan, Guarded>): ReadonlySet<string> {
  const releasing = new Set<string>();
  const acquiring = new Set<string>();
  for (const op of ops) {
    const guarded = guards.get(op.link);
    if (guarded === undefined) continue;
    const moving = op.op === 'update' && moves(guarded, op);
    if (moving || op.op === 'delete') releasing.add(guarded.table);
    if (moving || op.op === 'insert') acquiring.add(guarded.table);
  }
  return new Set([...releasing].filter((table) => acquiring.has(table)));
}

/**
 * What nothing may be moved across: a decided row, a changed key, and a changed value of a table that others refer to,
 * because they may refer to just that value.
 */
function standsAlone(op: RowOp, guarded: Guarded, guards: ReadonlyMap<LinkPlan, Guarded>): boolean {
  if (op.fixed || op.keyChanged) return true;
  if (op.op !== 'update' || !moves(guarded, op)) return false;
  for (const { end } of guards.values()) {
    if (end.foreignKeys.some((foreignKey) => foreignKey.link === guarded.link.id)) return true;
  }
  return false;
}

/** In the order given; what follows on equal work joins its run. */
function appendInOrder<Op extends RowOp>(runs: Run<Op>[], ops: readonly Op[]): void {
  let open = runs.at(-1);
  let entities = new Set(open?.ops.map((op) => op.entity));
  for (const op of ops) {
    const joins = open !== undefined && open.link === op.link && open.op === op.op && !entities.has(op.entity);
    if (open === undefined || !joins || leftOut(open.ops[0]) !== leftOut(op)) {
      open = { link: op.link, op: op.op, ops: [] };
      entities = new Set();
      runs.push(open);
    }
    (open.ops as Op[]).push(op);
    entities.add(op.entity);
  }
}

/** Operations of one kind, link by link. */
function appendGrouped<Op extends RowOp>(
  runs: Run<Op>[],
  ops: readonly Op[],
  links: readonly LinkPlan[],
  guards: ReadonlyMap<LinkPlan, Guarded>,
): void {
  if (ops.length === 0) return;
  const byLink = new Map<LinkPlan, Op[]>();
  for (const op of ops) {
    const list = byLink.get(op.link);
    if (list === undefined) byLink.set(op.link, [op]);
    else list.push(op);
  }
  for (const link of links) {
    const list = byLink.get(link);
    if (list === undefined) continue;
    if (guards.get(link)?.selfReferencing === true) appendInOrder(runs, list);
    else appendByColumns(runs, list);
  }
}

/** Runs of one link and kind by the columns they leave out; an entity's second turn opens new runs for all. */
function appendByColumns<Op extends RowOp>(runs: Run<Op>[], ops: readonly Op[]): void {
  let entities = new Set<string>();
  let open = new Map<string, Op[]>();
  for (const op of ops) {
    if (entities.has(op.entity)) {
      entities = new Set();
      open = new Map();
    }
    entities.add(op.entity);
    const columns = leftOut(op);
    const list = open.get(columns);
    if (list !== undefined) {
      list.push(op);
      continue;
    }
    const fresh = [op];
    open.set(columns, fresh);
    runs.push({ link: op.link, op: op.op, ops: fresh });
  }
}

/** The columns that an operation does not write, as text; mostly empty. */
function leftOut(op: RowOp | undefined): string {
  const after = op?.after ?? null;
  if (after === null || !after.includes(undefined)) return '';
  let text = '';
  for (const [at, value] of after.entries()) if (value === undefined) text += `${at} `;
  return text;
}
