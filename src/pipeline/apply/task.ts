import type { Dispute } from '../../arbiter/dispute.ts';
import { increments } from '../../arbiter/groups.ts';
import { settle } from '../../arbiter/policy.ts';
import { sameImage } from '../../arbiter/same.ts';
import { asTandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Decision } from '../../model/policy.ts';
import { encodeRow, type Row } from '../../model/value.ts';
import { entryOf } from '../decide/decide.ts';
import { refuseResolution, resolve } from '../decide/resolve.ts';
import type { Task } from '../lane/lane.ts';
import { rowHash, rowKeyText } from '../lane/linked.ts';
import { HELD_CODES, type Debt } from '../lane/parked.ts';
import type { Restatement } from '../lane/restatement.ts';
import { settleEchoes, TasksFirst } from '../map/ops.ts';
import { parkRow } from '../write/owed.ts';
import { replaceRow, restate as sendState, type CarefulPass, type Tally } from '../write/pass.ts';
import { knownNow, moveFor, transact, type Applier } from '../write/transact.ts';
import { bare, lockRow } from '../write/write.ts';

type AuditTask = Task & { readonly kind: 'audit' };

/**
 * Does the protocol's own tasks in one transaction, which moves the checkpoint row but not its position. One, because
 * the position that it notes as known must not pass a task that is still to be done: a restart would not find that one
 * again. What people ask for is found again where it stands, and comes after, each in a transaction of its own.
 */
export async function applyTasks(applier: Applier, tasks: readonly Task[]): Promise<Tally> {
  const total: Tally = { conflicts: 0, deferred: 0, reasserted: 0 };
  const own = tasks.filter((task) => task.kind !== 'resolve');
  if (own.length > 0) {
    await echoesRead(applier, own);
    addTally(total, await applyOwn(applier, own));
  }
  for (const task of tasks) if (task.kind === 'resolve') addTally(total, await applyResolution(applier, task));
  return total;
}

function addTally(total: Tally, { conflicts, deferred, reasserted }: Tally): void {
  total.conflicts += conflicts;
  total.deferred += deferred;
  total.reasserted += reasserted;
}

type OwnTask = Exclude<Task, { readonly kind: 'resolve' }>;

/**
 * The state of a row that holds an unread write of our own is nobody's decision yet: reading it back may bring an audit
 * of the row, which belongs to these tasks.
 */
async function echoesRead({ arena, held }: Applier, tasks: readonly OwnTask[]): Promise<void> {
  // What was announced for items that were not written is not waited for.
  arena.lane.sides[arena.target].echoes.withdraw(held.seq + 1);
  const hashes = tasks.map(({ link, key }) => rowHash(link, arena.target, key));
  if (await settleEchoes(arena, hashes)) throw new TasksFirst();
}

async function applyOwn(applier: Applier, tasks: readonly OwnTask[]): Promise<Tally> {
  try {
    return await attempt(applier, tasks);
  } catch (thrown) {
    if (asTandemError(thrown).class !== 'row') throw thrown;
    // A change that was passed over cannot come back (its unique value is taken by now): what stands, stands.
    return attempt(
      applier,
      tasks.map(({ link, key }) => ({ kind: 'restate', link, key })),
    );
  }
}

function attempt(applier: Applier, tasks: readonly OwnTask[]): Promise<Tally> {
  const move = moveFor(applier, [], knownNow(applier));
  const { lane, target } = applier.arena;
  for (const { link, key } of tasks)
    lane.sides[target].echoes.announceEarly(applier.held.seq + 1, rowHash(link, target, key));
  return transact(applier, move, async (_scope, pass) => {
    await restateAll(
      pass,
      tasks.filter((task) => task.kind === 'restate'),
    );
    for (const task of tasks) if (task.kind === 'audit') await decideAgain(pass, task, applier.held.position);
  });
}

async function applyResolution(applier: Applier, task: Task & { readonly kind: 'resolve' }): Promise<Tally> {
  const move = moveFor(applier, [], applier.held.known);
  try {
    const tally = await transact(applier, move, (_scope, pass) => resolve(pass, applier, task));
    applier.answered.add(task.name);
    return tally;
  } catch (thrown) {
    const { code, class: kind } = asTandemError(thrown);
    if (kind !== 'row' && kind !== 'setup') throw thrown;
    return transact(applier, move, async (_scope, pass) => refuseResolution(pass, task, code));
  }
}

/** Sends rows as they are now, read under lock, through this side's log. */
async function restateAll(pass: CarefulPass, tasks: readonly OwnTask[]): Promise<void> {
  const { scope, arena } = pass;
  for (const [link, ofLink] of byLink(tasks)) {
    const keys = ofLink.map((task) => task.key);
    const { where } = link[scope.target];
    const images = await scope.transaction.lock(bare(link[scope.target]), keys);
    for (const [at, task] of ofLink.entries()) {
      const found = images[at] ?? (await lockRow(scope, link, task.key));
      // A row that does not pass the filter is out of the sync, as if it were not there.
      const image = found === null || where === null || where(found) ? found : null;
      const hash = rowHash(link, scope.target, task.key);
      const newest = arena.lane.sides[scope.target].window.newest(hash, -1);
      send(pass, task, image, newest?.effectiveUs ?? 0);
    }
  }
}

/** Each row once, however often it was asked for. */
function byLink(tasks: readonly OwnTask[]): Map<LinkPlan, OwnTask[]> {
  const found = new Map<LinkPlan, Map<string, OwnTask>>();
  for (const task of tasks) {
    const ofLink = found.get(task.link) ?? new Map<string, OwnTask>();
    found.set(task.link, ofLink.set(encodeRow(task.key), task));
  }
  return new Map([...found].map(([link, ofLink]) => [link, [...ofLink.values()]]));
}

/**
 * An application's change was written over before it was known. If nobody has touched the row since, both writes are
 * put to the policy, as if the change had been known in time (correctness 1.3, audit).
 */
async function decideAgain(pass: CarefulPass, task: AuditTask, position: string): Promise<void> {
  const { scope, arena } = pass;
  const { link, key, local, ours } = task;
  const current = await lockRow(scope, link, key);
  const since = arena.lane.sides[scope.target].window.newest(rowHash(link, scope.target, key), task.at);
  // Whoever wrote the row since has seen ours, also where the value is the same again.
  if (since !== null || !sameImage(link, scope.target, current, ours)) {
    return send(pass, task, current, since?.effectiveUs ?? local.effectiveUs);
  }
  const about: Dispute = {
    link,
    home: scope.target,
    base: task.base,
    current: local.image,
    incoming: ours,
    incomingOp: ours === null ? 'delete' : 'update',
    currentAtUs: local.effectiveUs,
    incomingAtUs: task.oursAtUs,
    // What stands there holds every increment already, also those of the change that was passed over.
    amounts: local.image === null || ours === null ? null : increments({ link, home: scope.target }, local.image, ours),
  };
  pass.tally.conflicts++;
  const remoteKey = await remoteKeyOf(pass, link, key);
  const op = { link, sourceKey: remoteKey, item: null };
  const decision = await settleOrHold(pass, about);
  if ('code' in decision) {
    // Both sides keep what they wrote: what was passed over comes back.
    await write(pass, task, current, local.image);
    parkRow(pass, heldRow(pass, task, remoteKey, decision.code), position);
    pass.ledger.record(entryOf(pass, op, key, about, decision));
    return;
  }
  pass.ledger.record(entryOf(pass, op, key, about, { decision }));
  const row = decision.winner === 'remote' ? current : decision.row;
  await write(pass, task, current, row);
  // What was made on top of ours at the other side, and is still on its way, succeeds it rather than competing with it.
  const provenance = {
    home: decision.winner === 'remote' ? null : local.position,
    remote: decision.winner === 'home' ? null : task.oursUpTo,
  };
  send(pass, task, row, Math.max(local.effectiveUs, task.oursAtUs), provenance);
}

async function settleOrHold(pass: CarefulPass, about: Dispute): Promise<Decision | { readonly code: string }> {
  try {
    const decision = await settle(about, pass.timed);
    return decision.winner === 'nobody' ? { code: 'TD8010' } : decision;
  } catch (thrown) {
    const { code } = asTandemError(thrown);
    if (!HELD_CODES.has(code)) throw thrown;
    return { code };
  }
}

function heldRow(pass: CarefulPass, { link, key }: AuditTask, sourceKey: string, code: string): Debt {
  const targetKey = rowKeyText(link, pass.scope.target, key);
  return { link: link.id, sourceKey, code, blockedBy: null, targetKey, amounts: null };
}

async function write(pass: CarefulPass, { link, key }: OwnTask, current: Row | null, row: Row | null): Promise<void> {
  if (sameImage(link, pass.scope.target, current, row)) return;
  await replaceRow(pass, { link, sourceKey: '', key, hops: 0 }, current, row);
}

/** Key text of the row's counterpart. */
async function remoteKeyOf(pass: CarefulPass, link: LinkPlan, key: Row): Promise<string> {
  const text = rowKeyText(link, pass.scope.target, key);
  if (link.keys === 'shared') return text;
  return (await pass.arena.keys.resolve(link, pass.scope.target, [text])).get(text) ?? '';
}

function send(
  pass: CarefulPass,
  task: OwnTask,
  image: Row | null,
  effectiveUs: number,
  provenance: Restatement['provenance'] = null,
): void {
  const { scope, arena } = pass;
  scope.intend(task.link, rowHash(task.link, scope.target, task.key), image, 0);
  sendState(pass, {
    link: task.link,
    purpose: scope.target === arena.lane.home ? 'reassert' : 'refresh',
    key: task.key,
    image,
    provenance,
    effectiveUs,
  });
}
