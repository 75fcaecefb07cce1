import type { Decision } from '../../../src/model/policy.ts';
import type { Row } from '../../../src/model/value.ts';
import { Transaction } from './transaction.ts';
import { text, type Image, type Item, type RowChange, type SideIndex, type Task, type World } from './world.ts';

/** May the route towards this side do something, and if so does it? pipeline/apply/apply.ts, careful.ts, task.ts. */
export function applyNext(world: World, target: SideIndex): boolean {
  const source = target === 0 ? 1 : 0;
  if (world.tasks[target].length > 0) {
    doTasks(world, target);
    return true;
  }
  const items = nextItems(world, source, target);
  if (items.length === 0) return false;
  const transaction = new Transaction(world, target);
  const decided = new Map<number, Decision['winner']>();
  for (const item of items) {
    for (const change of item.changes) {
      const pass: Pass = { world, target, transaction, decided, item, change };
      const isDone = target === 0 ? applyAtHome(pass) : applyAtRemote(pass);
      if (isDone) world.sites[target].parked.delete(change.id);
      else world.sites[target].parked.add(change.id);
      world.note(
        `${target === 0 ? 'R=>H' : 'H=>R'} ${change.op} ${change.id} ${text(change.after)}${isDone ? '' : ' parked'}`,
      );
    }
  }
  transaction.commit(items);
  world.applied[source] = items.at(-1)?.ordinal ?? world.applied[source];
  world.readings[source].items.splice(0, items.length);
  return true;
}

interface Pass {
  readonly world: World;
  readonly target: SideIndex;
  readonly transaction: Transaction;
  readonly decided: Map<number, Decision['winner']>;
  readonly item: Item;
  readonly change: RowChange;
}

/** As many items as one transaction may hold now. */
function nextItems(world: World, source: SideIndex, target: SideIndex): Item[] {
  const { habits, batch } = world.plan;
  const audits = world.tasks[source].flatMap((task) => (task.kind === 'audit' ? [task.at] : []));
  const items: Item[] = [];
  const touched = new Set<number>();
  for (const item of world.readings[source].items.slice(0, 1 + Math.floor(world.random() * batch))) {
    if (item.ordinal >= Math.min(Infinity, ...audits)) break;
    const ids = item.changes.map(({ id }) => world.counterpart[source].get(id) ?? -id);
    if (target === 0 && habits.waitsForEcho && ids.some((id) => isUnread(world, id))) break;
    if (ids.some((id) => touched.has(id))) break;
    for (const id of ids) touched.add(id);
    items.push(item);
  }
  return items;
}

/** Has home's reader not read a transaction of this incarnation that wrote the row? */
function isUnread(world: World, id: number): boolean {
  const { at, born } = world.readings[0];
  return world.sites[0].log
    .slice(Math.max(at, born))
    .some((entry) => entry.kind === 'own' && (entry.wrote.has(id) || entry.restated.some((each) => each.id === id)));
}

function applyAtRemote(pass: Pass): boolean {
  const { world, transaction, item, change } = pass;
  const id = world.counterpart[0].get(change.id);
  if (id === undefined) return change.after === null || create(pass, change.after);
  if (world.plan.rules.decideRemote(world.readings[1].window, id, item.seen) === 'defer') {
    transaction.defer(id, item.ordinal);
    return true;
  }
  return transaction.put(id, change.after);
}

/** A row without counterpart gets one, or turns out to be one that is here already. */
function create(pass: Pass, image: Image): boolean {
  const { world, target, transaction, change } = pass;
  const source = target === 0 ? 1 : 0;
  const twin = world.holder(target, image.natural);
  if (twin === null) {
    const id = transaction.make(image);
    if (target === 0) world.pair(id, change.id);
    else world.pair(change.id, id);
    return true;
  }
  if (world.counterpart[target].has(twin)) return false;
  if (source === 1) return merge(pass, twin, image);
  const refresh = { purpose: 'refresh', id: twin, image: transaction.current(twin), home: null, us: 0 } as const;
  if (world.plan.habits.asksForTwins) transaction.restated.push(refresh);
  return !world.plan.habits.owesTwins;
}

function merge(pass: Pass, twin: number, image: Image): boolean {
  const { world, change, item } = pass;
  world.pair(twin, change.id);
  const rivalUs = world.readings[0].window.newest(twin, -1)?.effectiveUs ?? 0;
  const incomingUs = change.op === 'insert' ? item.us : 0;
  return decide(pass, twin, { incoming: image, rivalUs, incomingUs, op: 'insert' }, world.plan.habits.reassertsMerges);
}

function applyAtHome(pass: Pass): boolean {
  const { world, transaction, item, change, decided } = pass;
  const id = world.counterpart[1].get(change.id);
  if (id === undefined) return change.after === null || create(pass, change.after);
  const { window, provenance } = world.readings[0];
  const arrival = { seen: item.seen, saw: sawOf(world, item, change.id) };
  const verdict = world.plan.rules.decideHome(
    window,
    id,
    arrival,
    (entry) => provenance.get(`${entry.ordinal}:${id}`) ?? null,
  );
  if (verdict.kind === 'apply') return transaction.put(id, change.after);
  const { reasserts, answersRefreshes } = world.plan.habits;
  if (change.op === 'refresh') {
    const us = window.newest(id, -1)?.effectiveUs ?? 0;
    const answer = { purpose: 'reassert', id, image: transaction.current(id), home: undefined, us } as const;
    if (answersRefreshes) transaction.restated.push(answer);
    return true;
  }
  const own = decided.get(id);
  const succeeds = own === 'remote' || (own === undefined && verdict.kind === 'succeed');
  const rivalUs = verdict.kind === 'conflict' ? verdict.rival.effectiveUs : 0;
  const op = change.op === 'reassert' ? 'update' : change.op;
  return decide(pass, id, { incoming: change.after, rivalUs, incomingUs: item.us, op, succeeds }, reasserts);
}

function sawOf(world: World, item: Item, remoteId: number): number {
  let saw = item.seen;
  for (const { position, from, until } of world.readings[1].deferrals.get(remoteId) ?? []) {
    if (item.ordinal > from && item.ordinal <= until) saw = Math.min(saw, position - 1);
  }
  return saw;
}

interface Rivalry {
  readonly incoming: Image | null;
  readonly rivalUs: number;
  readonly incomingUs: number;
  readonly op: 'insert' | 'update' | 'delete';
  readonly succeeds?: boolean;
}

function decide(pass: Pass, id: number, rivalry: Rivalry, reasserts: boolean): boolean {
  const { world, transaction, decided } = pass;
  const { incoming, rivalUs, incomingUs, op } = rivalry;
  const current = transaction.current(id);
  world.conflicts++;
  const { winner, row } =
    rivalry.succeeds === true
      ? world.judge.succeed(rowOf(current), rowOf(incoming))
      : world.judge.settle({
          current: rowOf(current),
          incoming: rowOf(incoming),
          incomingOp: op,
          currentAtUs: rivalUs,
          incomingAtUs: incomingUs,
        });
  const image = imageOf(row, current ?? incoming);
  if (!transaction.replace(id, image)) return false;
  decided.set(id, winner);
  const us = winner === 'home' ? rivalUs : Math.max(rivalUs, incomingUs);
  const home = winner === 'remote' ? null : undefined;
  if (reasserts) transaction.restated.push({ purpose: 'reassert', id, image, home, us });
  return true;
}

function rowOf(image: Image | null): Row | null {
  return image === null ? null : [0, image.natural, image.value];
}

/** The custom policy keeps the natural key and changes the value. */
function imageOf(row: Row | null, known: Image | null): Image | null {
  if (row === null) return null;
  const [, natural, value] = row.map(Number) as [number, number, number];
  return value === 999 && known !== null ? { natural: known.natural, value } : { natural, value };
}

function doTasks(world: World, target: SideIndex): void {
  const tasks = world.tasks[target].splice(0);
  const transaction = new Transaction(world, target);
  for (const task of tasks) doTask(world, target, transaction, task);
  transaction.commit([]);
}

function doTask(world: World, target: SideIndex, transaction: Transaction, task: Task): void {
  const { id } = task;
  const purpose = target === 0 ? 'reassert' : 'refresh';
  let us = world.readings[target].window.newest(id, -1)?.effectiveUs ?? 0;
  let home: number | null | undefined;
  const current = transaction.current(id);
  const isTouched = task.kind === 'audit' && world.readings[0].window.newest(id, task.at) !== null;
  if (task.kind === 'audit' && !isTouched && JSON.stringify(current) === JSON.stringify(task.ours)) {
    const op = task.ours === null ? 'delete' : 'update';
    const sides = { current: rowOf(task.local), incoming: rowOf(task.ours), incomingOp: op } as const;
    const decision = world.judge.settle({ ...sides, currentAtUs: task.localUs, incomingAtUs: task.oursUs });
    us = Math.max(task.localUs, task.oursUs);
    if (decision.winner === 'remote') home = null;
    else {
      home = task.localAt;
      transaction.replace(id, imageOf(decision.row, task.local ?? task.ours));
    }
  }
  const image = transaction.current(id);
  world.note(`task ${task.kind} ${'HR'[target]} ${id} ${text(image)}`);
  transaction.restated.push({ purpose, id, image, home, us });
}
