import type { Position } from '../model/change.ts';
import type { Endpoint, Step } from '../model/endpoint.ts';
import type { SyncPlan } from '../model/plan.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import { otherSide, type Side } from '../model/policy.ts';
import { claimState, verifyOwner } from './owner.ts';
import { linkedTables, type Prepared, planOf } from './prepare.ts';
import { stateOrNull } from './state-or-null.ts';
import type { Stream } from './sync-status.ts';
import { verifyLog } from './verify-log.ts';

/** The checkpoint row that a route begins with. It lives in the target's database. */
export interface FirstCheckpoint {
  readonly stream: Stream;
  readonly lane: string;
}

/** What `apply` still has to do. */
export interface Pending {
  /** By the side whose database they run in. */
  readonly steps: Readonly<Record<Side, readonly Step[]>>;
  readonly checkpoints: readonly FirstCheckpoint[];
}

/** Told before each thing is done; both may be long on a busy server. */
export interface ProvisionReport {
  step(side: Side, step: Step): void;
  checkpoint(first: FirstCheckpoint): void;
}

const streams: readonly Stream[] = ['left->right', 'right->left'];

export function sourceSide(stream: Stream): Side {
  return stream === 'left->right' ? 'left' : 'right';
}

/** Changes nothing. Throws the compile error where the mapping does not compile, TD5017 where the state is not ours. */
export async function pendingSteps(prepared: Prepared): Promise<Pending> {
  const plan = planOf(prepared);
  await verifyOwner(prepared, plan.name);
  const left = await prepared.left.missing(linkedTables(plan, 'left'));
  const right = await prepared.right.missing(linkedTables(plan, 'right'));
  return { steps: { left, right }, checkpoints: await missingCheckpoints(prepared, plan) };
}

/**
 * Makes sure that every log can be read on from where its routes stand. Throws TandemError of class history where one
 * cannot: making a lost slot anew would hide that the changes in between are gone.
 */
export async function verifyPositions(prepared: Prepared): Promise<void> {
  for (const stream of streams) {
    const from = sourceSide(stream);
    await using target = await prepared[otherSide(from)].target();
    const applied: Position[] = [];
    for (const lane of planOf(prepared).lanes) {
      const checkpoint = await stateOrNull(target.checkpoint(stream, lane.id));
      if (checkpoint !== null) applied.push(checkpoint.position);
    }
    await verifyLog(prepared[from], applied);
  }
}

/**
 * Creates what is missing: the state tables, publication and slot of each side first, then a checkpoint row per route
 * and lane. Every piece is looked for before it is made, so that a run after a crash completes what the first one
 * began, and a run after a complete one does nothing. Throws TD5017 and as {@link verifyPositions} before it changes
 * anything.
 */
export async function provision(prepared: Prepared, report: ProvisionReport): Promise<void> {
  const plan = planOf(prepared);
  await verifyOwner(prepared, plan.name);
  await verifyPositions(prepared);
  for (const side of ['left', 'right'] as const) {
    for (const step of await prepared[side].missing(linkedTables(plan, side))) {
      report.step(side, step);
      await runStep(prepared[side], step);
    }
  }
  await claimState(prepared, plan.name);
  const missing = await missingCheckpoints(prepared, plan);
  for (const stream of streams) {
    const ofStream = missing.filter((first) => first.stream === stream);
    // With rows of other lanes there, this sync has run: what the log held before a lane existed is not the lane's.
    const joins = ofStream.length < plan.lanes.length;
    await seedStream(prepared, ofStream, joins, report);
  }
}

/** Who lacks the right to do it can hand the statement to somebody who has it, and go on. */
async function runStep(endpoint: Endpoint, step: Step): Promise<void> {
  try {
    await endpoint.run(step);
  } catch (thrown) {
    const error = asTandemError(thrown);
    if (error.code !== 'TD4003') throw error;
    const fix = error.details.fix ?? `let an administrator run this, then tandem apply again:\n${step.sql}`;
    throw new TandemError('TD4003', `${error.message} to ${step.title}`, { ...error.details, fix, cause: error });
  }
}

async function seedStream(
  prepared: Prepared,
  missing: readonly FirstCheckpoint[],
  joins: boolean,
  report: ProvisionReport,
): Promise<void> {
  const [first] = missing;
  if (first === undefined) return;
  const from = sourceSide(first.stream);
  const source = prepared[from];
  const sink = prepared[otherSide(from)];
  const position: Position = joins ? await source.logEnd() : await source.firstPosition();
  // Nothing of the target's log is incorporated in the source's first changes: its reader must keep all from here on.
  const floor = joins ? await sink.logEnd() : await sink.firstPosition();
  await using target = await sink.target();
  for (const checkpoint of missing) {
    report.checkpoint(checkpoint);
    const { stream, lane } = checkpoint;
    await target.seed(stream, lane, { position, floor, known: floor, effectiveUs: 0 });
  }
}

async function missingCheckpoints(prepared: Prepared, plan: SyncPlan): Promise<readonly FirstCheckpoint[]> {
  const missing: FirstCheckpoint[] = [];
  for (const stream of streams) {
    await using target = await prepared[otherSide(sourceSide(stream))].target();
    for (const lane of plan.lanes) {
      if ((await stateOrNull(target.checkpoint(stream, lane.id))) === null) missing.push({ stream, lane: lane.id });
    }
  }
  return missing;
}

/** What of a prepared sync is needed to remove it: the mapping need not compile for that. */
export type Removable = Pick<Prepared, 'declaration' | Side>;

/** The statements that remove everything that `provision` made, by side. Throws TD5017 where it is not this sync's. */
export async function removalSteps(removable: Removable): Promise<Pending['steps']> {
  const { left, right, declaration } = removable;
  await verifyOwner({ left, right }, declaration.name);
  return { left: await left.removal(), right: await right.removal() };
}

/** Removes everything that `provision` made; user tables stay. May be run again after a crash. */
export async function deprovision(removable: Removable, report: (side: Side, step: Step) => void): Promise<void> {
  const steps = await removalSteps(removable);
  for (const side of ['left', 'right'] as const) {
    for (const step of steps[side]) {
      report(side, step);
      await removable[side].run(step);
    }
  }
}

export function isPending(pending: Pending): boolean {
  return pending.steps.left.length + pending.steps.right.length + pending.checkpoints.length > 0;
}
