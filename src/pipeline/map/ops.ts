import type { AskTimed } from '../../arbiter/custom.ts';
import { decideHome, decideRemote, type Arrival, type HomeDecision } from '../../arbiter/rules.ts';
import type { Position } from '../../model/change.ts';
import { asTandemError, type TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import { otherSide, type Side } from '../../model/policy.ts';
import type { Row } from '../../model/value.ts';
import { claimOf, type Claims } from '../lane/claims.ts';
import { keyFromText, type KeyMap } from '../lane/keys.ts';
import type { Lane } from '../lane/lane.ts';
import {
  hashKeyText,
  hasEqualKeys,
  imageHash,
  imageKeyText,
  keyOf,
  rowHash,
  type LaneItem,
  type LinkedChange,
  rowKeyText,
} from '../lane/linked.ts';
import { entityOf } from '../lane/parked.ts';
import { changesKey } from '../lane/project.ts';
import type { Timeline } from '../lane/timeline.ts';
import type { RowOp } from './compact.ts';
import { mapImage } from './map.ts';

/** What the arbiter says about one change at its target. */
export type Verdict =
  | { readonly kind: 'defer' }
  /** The target's own change of the row is still owed to the source: note that the target is owed this one, too. */
  | { readonly kind: 'hold' }
  | HomeDecision;

/** One change on its way into the target: mapped, its counterpart found, decided. */
export interface Op extends RowOp {
  readonly item: LaneItem;
  readonly change: LinkedChange;
  /** Key text at the source (before the change), and after it where the key changes. */
  readonly sourceKey: string;
  readonly newSourceKey: string;
  /** Key of the counterpart; null where there is none yet. */
  readonly targetKey: Row | null;
  readonly hash: number | null;
  readonly verdict: Verdict;
  /** The row may have gone here together with its parent, unsaid and unseen by this change, and may be back since. */
  readonly mayHaveVanished: boolean;
  /** Nothing known competes with it, but the remote side had put off a change of home's when it made it. */
  readonly isBehind: boolean;
  /** For a row that changed while the group was stopped and is told now: when it changed, microseconds since 1970. */
  readonly owedSinceUs: number | null;
}

/** What deciding needs to know of the lane it happens in. */
export interface Arena {
  readonly lane: Lane;
  readonly target: Side;
  readonly timelines: Readonly<Record<Side, Timeline>>;
  readonly keys: KeyMap;
  readonly claims: Claims;
  /** Was it committed after this engine took over, so that no predecessor can have paired its rows? */
  readonly isNew: (item: LaneItem) => boolean;
  /** Waits for a custom conflict function as long as that may take. */
  readonly timed: AskTimed;
  /** Resolves when the target's log is read as far as it goes now. */
  readonly readToEnd: () => Promise<void>;
  /** Is the other side owed this row of the target, so that it has passed its changes by and knows nothing of them? */
  readonly owes: (link: LinkPlan, key: Row) => boolean;
  /** Is there work of the protocol's own that this applier has to do before it goes on? */
  readonly hasTasks: () => boolean;
}

/** Thrown where a change must not be decided about before the target's log is read to its end. */
export class LogFirst extends Error {
  override readonly name = 'LogFirst';
  readonly change: LinkedChange;

  constructor(change: LinkedChange) {
    super();
    this.change = change;
  }
}

/** Thrown where what stands in a row must not be told before our own last write of it has been read back. */
export class EchoFirst extends Error {
  override readonly name = 'EchoFirst';
  readonly hash: number;

  constructor(hash: number) {
    super();
    this.hash = hash;
  }
}

/** Thrown where tasks came up that must be done before these items can be decided. */
export class TasksFirst extends Error {
  override readonly name = 'TasksFirst';
}

/** What is decided, and how far the target's own log was read when it was: what the audit goes by. */
export interface Prepared {
  readonly ops: readonly Op[];
  readonly known: Position | null;
}

/** Told of each change whose values cannot cross; where it is absent, the first of them is thrown. */
export type Refuse = (item: LaneItem, change: LinkedChange, error: TandemError) => void;

/**
 * Maps, finds counterparts and decides, in source order. Throws TandemError of class row for a value that cannot
 * cross, and TasksFirst.
 * `assumeNew`: plain inserts are taken to have no counterpart yet, which saves a look-up; the insert itself then fails
 * where that was wrong, and the careful path looks.
 * `announce` is told the ops in the very moment in which they are decided.
 */
export async function prepare(
  items: readonly LaneItem[],
  arena: Arena,
  assumeNew: boolean,
  announce: (ops: readonly Op[]) => void,
  refuse?: Refuse,
): Promise<Prepared> {
  const source = otherSide(arena.target);
  const drafts: Draft[] = [];
  for (const item of items) {
    for (const change of item.changes) {
      try {
        drafts.push(draft(item, change, source));
      } catch (thrown) {
        if (refuse === undefined || asTandemError(thrown).class !== 'row') throw thrown;
        refuse(item, change, asTandemError(thrown));
      }
    }
  }
  if (arena.target === arena.lane.remote) await claimPairs(drafts, arena);
  const counterparts = await findCounterparts(drafts, arena, source, assumeNew);
  for (const each of drafts) setCounterpart(each, counterparts, arena.target);
  await echoesRead(drafts, arena);
  if (arena.hasTasks()) throw new TasksFirst();
  // Without a pause between them: what the log tells from here on was not known, and is kept for the audit.
  for (const each of drafts) {
    decide(each, arena);
    settleDebts(each, arena);
  }
  const known = arena.timelines[arena.target].lastPosition;
  announce(drafts);
  return { ops: drafts, known };
}

/**
 * What was read back may be an audit of one of these rows, whether it had to be waited for here or not. Until that is
 * done, what stands there is no decision.
 */
async function echoesRead(drafts: readonly Draft[], arena: Arena): Promise<void> {
  const hashes: number[] = [];
  for (const { hash } of drafts) if (hash !== null) hashes.push(hash);
  await settleEchoes(arena, hashes);
}

/**
 * Strict mode: at home, a row that we wrote is not touched again before our write has been read back, because only then
 * is it known whether an application's change was passed over (correctness 1.3). True where that had to be waited for.
 */
export async function settleEchoes({ lane, target }: Arena, hashes: readonly number[]): Promise<boolean> {
  if (target !== lane.home || !lane.plan.strict) return false;
  const { echoes } = lane.sides[target];
  if (echoes.size === 0) return false;
  const unread = hashes.filter((hash) => echoes.isPending(hash));
  if (unread.length === 0) return false;
  await echoes.settled(unread);
  return true;
}

/** The rows that a change which cannot cross is about, as ops name them. */
export function refusedKeys({ link, before, after }: LinkedChange, target: Side): string[] {
  const images = [before, after].filter((image) => image !== null);
  return images.map((image) => entityOf(link.id, imageKeyText(link, otherSide(target), image)));
}

/** An op in the making: all its fields are there from the start, because a hundred thousand a second are made. */
type Draft = { -readonly [Field in keyof Op]: Op[Field] };

const APPLY: Verdict = { kind: 'apply' };
const DEFER: Verdict = { kind: 'defer' };

function draft(item: LaneItem, change: LinkedChange, source: Side): Draft {
  const { link } = change;
  const before = change.before === null ? null : mapImage(link, source, change.before);
  const after = change.after === null ? null : mapImage(link, source, change.after);
  const sourceKey = imageKeyText(link, source, (change.before ?? change.after) as Row);
  const keyChanged =
    change.before !== null && change.after !== null && changesKey(link, source, change.before, change.after);
  const newSourceKey = keyChanged ? imageKeyText(link, source, change.after) : sourceKey;
  return {
    link,
    op: after === null ? 'delete' : change.op === 'insert' ? 'insert' : 'update',
    entity: sourceKey,
    before,
    after,
    fixed: false,
    keyChanged,
    item,
    change,
    sourceKey,
    newSourceKey,
    targetKey: null,
    hash: null,
    verdict: APPLY,
    mayHaveVanished: false,
    isBehind: false,
    owedSinceUs: null,
  };
}

/** Claims are held until the caller's transaction has ended; see {@link Claims}. */
async function claimPairs(drafts: readonly Draft[], arena: Arena): Promise<void> {
  const rows: string[] = [];
  for (const { link, op, newSourceKey } of drafts) {
    if (link.keys !== 'shared' && op !== 'delete') rows.push(claimOf(link.id, newSourceKey));
  }
  if (rows.length > 0) await arena.claims.claim(arena, rows);
}

function isSurelyNew(each: Draft, arena: Arena): boolean {
  if (each.op !== 'insert' || !arena.isNew(each.item)) return false;
  const { lane, target, keys } = arena;
  const { link, sourceKey } = each;
  // Only rows that share a natural key are paired by home, beside the row's own way to the other side.
  if (target === lane.home || link.naturalKeys.length === 0) return true;
  if (lane.merges.size > 0 && lane.merges.has(claimOf(link.id, sourceKey))) return false;
  return keys.recall(link.id, lane.home, sourceKey) === undefined;
}

async function findCounterparts(
  drafts: readonly Draft[],
  arena: Arena,
  source: Side,
  assumeNew: boolean,
): Promise<Map<LinkPlan, Map<string, string>>> {
  const wanted = new Map<LinkPlan, Set<string>>();
  for (const each of drafts) {
    const { link, sourceKey } = each;
    if (link.keys === 'shared' || (assumeNew && isSurelyNew(each, arena))) continue;
    const set = wanted.get(link);
    if (set === undefined) wanted.set(link, new Set([sourceKey]));
    else set.add(sourceKey);
  }
  const found = new Map<LinkPlan, Map<string, string>>();
  for (const [link, keys] of wanted) found.set(link, await arena.keys.resolve(link, source, keys));
  return found;
}

function setCounterpart(each: Draft, found: Map<LinkPlan, Map<string, string>>, target: Side): void {
  const { link, sourceKey } = each;
  if (link.keys === 'shared') {
    each.targetKey = keyOf(link, (each.before ?? each.after) as Row);
    each.hash = hasEqualKeys(link) ? hashKeyText(link, sourceKey) : rowHash(link, target, each.targetKey);
    return;
  }
  const text = found.get(link)?.get(sourceKey);
  if (text === undefined) return;
  each.targetKey = keyFromText(link, target, text);
  each.hash = rowHash(link, target, each.targetKey);
}

/** The rule of the target's side: the home side decides, the remote side stands aside for its own unseen changes. */
function decide(each: Draft, arena: Arena): void {
  if (each.hash === null || each.change.op === 'recall') return;
  const { lane, target, timelines } = arena;
  const state = lane.sides[target];
  const seen = timelines[target].ordinalOf(each.item.seen);
  each.mayHaveVanished = each.after !== null && (state.vanished.get(each.link.id) ?? -1) > seen;
  if (target === lane.remote) {
    const isFree = decideRemote(state.window, each.hash, seen) === 'apply';
    if (isFree && !isKeptBack(each, lane)) return;
    each.verdict = DEFER;
  } else {
    const { hash } = each;
    const arrival = arrivalOf(each, arena);
    each.verdict = decideHome(
      state.window,
      hash,
      arrival,
      (entry) => state.provenance.get(`${entry.ordinal}:${hash}`) ?? null,
    );
    each.isBehind = each.verdict.kind === 'apply' && arrival.saw < arrival.seen && !each.keyChanged;
  }
  each.fixed = each.verdict.kind !== 'apply' || each.isBehind;
}

/** What a change of the remote side had seen of home. */
export function arrivalOf(op: Op, arena: Arena): Arrival {
  const seen = arena.timelines[arena.target].ordinalOf(op.item.seen);
  return { seen, saw: saw(op, arena, seen) };
}

/** Does a person still have to decide about the row, so that the remote side keeps what it has? */
function isKeptBack(each: Draft, lane: Lane): boolean {
  if (lane.held.size === 0) return false;
  const key = keyOf(each.link, (each.change.before ?? each.change.after) as Row);
  return lane.held.isHeld(rowHash(each.link, lane.home, key), each.item.ordinal);
}

/**
 * What changed while the group was stopped has left the windows, so that `seen` claims too much for these rows: they
 * are always arbitrated, and at home (correctness 9.1). The remote side's debts are told there first; until then a
 * change of home is owed as well.
 */
function settleDebts(each: Draft, { lane, target }: Arena): void {
  const { dirty } = lane.sides[target];
  const opposite = lane.sides[otherSide(target)].dirty;
  if (dirty.isEmpty && opposite.isEmpty) return;
  const { link, sourceKey, targetKey, verdict } = each;
  if (each.change.op === 'refresh' && dirty.has(link.id, sourceKey)) {
    each.owedSinceUs = dirty.effectiveUs(link.id, sourceKey);
  }
  if (targetKey === null) return;
  const key = rowKeyText(link, target, targetKey);
  if (!opposite.has(link.id, key)) return;
  if (target === lane.remote) each.verdict = { kind: 'hold' };
  else if (verdict.kind === 'apply') {
    const effectiveUs = opposite.effectiveUs(link.id, key);
    each.verdict = { kind: 'conflict', rival: { ordinal: -1, effectiveUs, reasserted: false, gone: false } };
  }
  each.fixed = true;
}

/** Less than `seen` where a home change of this row was deferred at the remote side when the change was made. */
function saw(each: Op, arena: Arena, seen: number): number {
  const { lane, timelines } = arena;
  const { deferrals } = lane.sides[lane.remote];
  if (deferrals.size === 0) return seen;
  const { ordinal } = each.item;
  const hash = imageHash(each.link, lane.remote, (each.change.before ?? each.change.after) as Row);
  let least = seen;
  for (const { position, from, until } of deferrals.get(hash) ?? []) {
    // What the very transaction told that has put the change off does not hold it either.
    if (ordinal >= from && ordinal <= until) least = Math.min(least, timelines[lane.home].ordinalOf(position) - 1);
  }
  // A home change from before what is still known leaves 0, which is none, and not less than that.
  return Math.max(0, least);
}
