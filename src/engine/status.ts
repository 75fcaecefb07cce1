import type { Position } from '../model/change.ts';
import type { Checkpoint, Endpoint } from '../model/endpoint.ts';
import { asTandemError } from '../model/error.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { StateTableName } from '../model/state.ts';
import { readPaused } from './control.ts';
import { verifyOwner } from './owner.ts';
import { type Prepared, planOf } from './prepare.ts';
import type { Runnable } from './prepare-run.ts';
import { sourceSide } from './provision.ts';
import { stateOrNull } from './state-or-null.ts';
import { needsAttention, readGroups, type StoredGroup } from './stored-groups.ts';
import type { Stream } from './sync-status.ts';

/** What the two databases alone tell about a sync; whether an engine runs or not makes no difference. */
export interface StoredStatus {
  readonly sync: string;
  readonly labels: Readonly<Record<Side, string>>;
  readonly servers: Readonly<Record<Side, { readonly engine: string; readonly version: string }>>;
  /** False before `tandem apply`. */
  readonly applied: boolean;
  readonly directions: Readonly<Record<Stream, StoredDirection>>;
  /** Every table group of the mapping, stopped or not. */
  readonly groups: readonly StoredGroup[];
  /** Rows of the key map, by the side that holds it. */
  readonly keyMap: Readonly<Record<Side, number>>;
}

export interface StoredDirection {
  readonly paused: boolean;
  readonly lanes: readonly StoredLane[];
  /** Changes that wait in this direction's target for the home side's decision. */
  readonly deferred: number;
  /** Rows that this direction's target is owed, because they could not be applied. */
  readonly parked: number;
}

export interface StoredLane {
  readonly lane: string;
  readonly links: readonly string[];
  readonly position: Position;
  /** Counts engines that took over; 0 = none has run yet. */
  readonly epoch: number;
  /** Counts transactions, saved positions included. */
  readonly seq: number;
  /** Hybrid time of the last transaction, microseconds since 1970; 0 = none yet. */
  readonly effectiveUs: number;
  /** Log written since the saved position, of whatever interest; null where it cannot be told. */
  readonly behind: { readonly amount: number; readonly unit: 'bytes' | 'transactions' } | null;
  /** Why the log cannot be read on from the position, where it cannot. */
  readonly broken: { readonly code: string; readonly message: string } | null;
}

/**
 * Reads the status without changing anything. Throws TD5017, and the compile error of a mapping that fits neither the
 * tables as they are nor, where `prepareToRun` looked, as they were.
 */
export async function readStatus(prepared: Prepared & Partial<Pick<Runnable, 'misfits'>>): Promise<StoredStatus> {
  const plan = planOf(prepared);
  await verifyOwner(prepared, plan.name);
  const toRight = await readDirection(prepared, 'left->right');
  const toLeft = await readDirection(prepared, 'right->left');
  const applied = toRight.lanes.length === plan.lanes.length && toLeft.lanes.length === plan.lanes.length;
  const { left, right } = prepared;
  return {
    sync: plan.name,
    labels: plan.labels,
    servers: { left: serverOf(left), right: serverOf(right) },
    applied,
    directions: { 'left->right': toRight, 'right->left': toLeft },
    groups: await readGroups(plan.lanes, prepared, prepared.misfits ?? new Map()),
    keyMap: { left: await countState(left, 'key_map'), right: await countState(right, 'key_map') },
  };
}

function serverOf(endpoint: Endpoint): { readonly engine: string; readonly version: string } {
  return { engine: endpoint.facts.engine, version: endpoint.facts.version };
}

async function readDirection(prepared: Prepared, stream: Stream): Promise<StoredDirection> {
  const from = sourceSide(stream);
  const source = prepared[from];
  const sink = prepared[otherSide(from)];
  const lanes: StoredLane[] = [];
  await using target = await sink.target();
  for (const lane of planOf(prepared).lanes) {
    const checkpoint = await stateOrNull(target.checkpoint(stream, lane.id));
    if (checkpoint === null) continue;
    const links = lane.links.map((link) => link.id);
    lanes.push(await readLane(source, checkpoint, links));
  }
  const paused = (await stateOrNull(readPaused(prepared.left, [stream])))?.has(stream) ?? false;
  return { paused, lanes, deferred: await countState(sink, 'deferred'), parked: await countState(sink, 'parked') };
}

async function readLane(source: Endpoint, checkpoint: Checkpoint, links: readonly string[]): Promise<StoredLane> {
  const { lane, position, epoch, seq, effectiveUs } = checkpoint;
  const broken = await whyBroken(source, position);
  // The distance to a place that the log does not have means nothing.
  const behind = broken === null ? await source.behind(position) : null;
  return { lane, links, position, epoch, seq, effectiveUs, behind, broken };
}

async function whyBroken(source: Endpoint, position: Position): Promise<StoredLane['broken']> {
  try {
    await source.verifyPosition(position);
    return null;
  } catch (thrown) {
    const error = asTandemError(thrown);
    if (error.class !== 'history') throw error;
    return { code: error.code, message: error.message };
  }
}

async function countState(endpoint: Endpoint, name: StateTableName): Promise<number> {
  return (await stateOrNull(endpoint.count(endpoint.state[name].ref))) ?? 0;
}

/** What an operator would do next. */
export function nextCommands(found: StoredStatus): readonly string[] {
  if (!found.applied) return ['tandem plan', 'tandem apply'];
  const stopped = found.groups.filter(needsAttention);
  if (stopped.some(({ misfit }) => misfit !== null)) return ['tandem check', 'tandem run'];
  const codes = new Set(stopped.flatMap(({ reason }) => (reason === null ? [] : [reason.code])));
  const explained = [...codes].map((code) => `tandem explain ${code}`);
  const paused = Object.values(found.directions).some((direction) => direction.paused);
  return [...explained, ...(paused ? ['tandem resume'] : []), 'tandem run'];
}
