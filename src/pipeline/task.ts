import { settle } from '../arbiter/policy.ts';
import { asTandemError } from '../model/error.ts';
import type { Row } from '../model/value.ts';
import type { CarefulPass, Tally } from './careful.ts';
import type { Task } from './lane.ts';
import { rowHash } from './linked.ts';
import { sameImage } from './project.ts';
import { knownNow, moveFor, transact, type Applier } from './transact.ts';
import { bare, believeAbsent, deleteRows, insertRows, updateRows, type Outgoing } from './write.ts';

type AuditTask = Task & { readonly kind: 'audit' };

/**
 * Does all tasks in one transaction, which moves the checkpoint row but not its position. One, because the position
 * that it notes as known must not pass a task that is still to be done: a restart would not find that one again.
 */
export async function applyTasks(applier: Applier, tasks: readonly Task[]): Promise<Tally> {
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

function attempt(applier: Applier, tasks: readonly Task[]): Promise<Tally> {
  const move = moveFor(applier, [], knownNow(applier));
  return transact(applier, move, async (_scope, pass) => {
    for (const task of tasks) {
      if (task.kind === 'restate') await restate(pass, task);
      else await decideAgain(pass, task);
    }
  });
}

/** Sends the row as it is now, read under lock, through this side's log. */
async function restate(pass: CarefulPass, task: Task): Promise<void> {
  const { scope, arena } = pass;
  const [image = null] = await scope.transaction.lock(bare(task.link[scope.target]), [task.key]);
  if (image === null) believeAbsent(scope, task.link, task.key);
  const hash = rowHash(task.link, scope.target, task.key);
  const newest = arena.lane.sides[scope.target].window.newest(hash, -1);
  send(pass, task, image, newest?.effectiveUs ?? 0);
}

/**
 * An application's change was written over before it was known. If nobody has touched the row since, both writes are
 * put to the policy, as if the change had been known in time (correctness 1.3, audit).
 */
async function decideAgain(pass: CarefulPass, task: AuditTask): Promise<void> {
  const { scope, arena } = pass;
  const { link, key, local, ours } = task;
  const [current = null] = await scope.transaction.lock(bare(link[scope.target]), [key]);
  if (current === null && ours !== null) believeAbsent(scope, link, key);
  const since = arena.lane.sides[scope.target].window.newest(rowHash(link, scope.target, key), task.at);
  // Whoever wrote the row since has seen ours, also where the value is the same again.
  if (since !== null || !sameImage(link, scope.target, current, ours)) {
    return send(pass, task, current, since?.effectiveUs ?? local.effectiveUs);
  }
  const decision = await settle({
    link,
    home: scope.target,
    base: null,
    current: local.image,
    incoming: ours,
    incomingOp: ours === null ? 'delete' : 'update',
    currentAtUs: local.effectiveUs,
    incomingAtUs: task.oursAtUs,
  });
  pass.tally.conflicts++;
  const row = decision.winner === 'remote' ? current : decision.row;
  const outgoing: Outgoing = { link, sourceKey: '', key, image: row, hops: 0 };
  if (!sameImage(link, scope.target, current, row)) {
    if (row === null) await deleteRows(scope, link, [outgoing]);
    else if (current === null) await insertRows(scope, link, [outgoing], 'own');
    else await updateRows(scope, link, [outgoing], 'own');
  }
  send(pass, task, row, Math.max(local.effectiveUs, task.oursAtUs));
}

function send(pass: CarefulPass, task: Task, image: Row | null, effectiveUs: number): void {
  const { scope, arena } = pass;
  scope.intend(task.link, rowHash(task.link, scope.target, task.key), image, 0);
  scope.states.restate({
    id: `${pass.idPrefix}:${pass.restated++}`,
    lane: arena.lane.plan.id,
    link: task.link.id,
    purpose: scope.target === arena.lane.home ? 'reassert' : 'refresh',
    key: task.key,
    image,
    provenance: null,
    effectiveUs,
  });
  pass.tally.reasserted++;
}
