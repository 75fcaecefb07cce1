import { sameImage } from '../../arbiter/same.ts';
import { hashImage } from '../../arbiter/hash.ts';
import type { Provenance } from '../../arbiter/rules.ts';
import type { Change } from '../../model/change.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import type { StateTableName } from '../../model/state.ts';
import { decodeRow, type Row } from '../../model/value.ts';
import type { OpenEcho } from '../lane/echo.ts';
import type { Intention } from '../lane/intentions.ts';
import { heldBefore, noteVanished } from '../lane/lane.ts';
import { hashKeyText, imageHash, imageKinds, keyOf, rowHash, rowKeyText, type LinkedChange } from '../lane/linked.ts';
import type { StateRow } from '../lane/marker.ts';
import { entityOf, HELD_CODES } from '../lane/parked.ts';
import { changesKey, project, type Projection } from '../lane/project.ts';
import type { Restatement } from '../lane/restatement.ts';
import { answerUnasked, audit, restateAbsent } from './audits.ts';
import { caughtUp, clearDeferrals, takeDeferred } from './deferrals.ts';
import { keyOnly, type OwnTransaction, type Written } from './own.ts';
import { itemOf, type Recognised } from './recognised.ts';

interface StateChange {
  readonly table: StateTableName;
  readonly op: Change['op'];
  readonly row: StateRow;
}

/** Notes what one row change of our own left behind, under its old key too where the key changed. */
export function noteWritten(written: Map<number, Written>, change: Change, projection: Projection, side: Side): void {
  const { link } = projection;
  const { before, after } = change;
  const image = after === null ? null : project(after, projection);
  const old = before === null ? null : project(before, projection);
  const keyed = (image ?? old) as Row;
  const hash = imageHash(link, side, keyed);
  if (old !== null && image !== null && changesKey(link, side, old, image)) {
    written.set(imageHash(link, side, old), { link, image: null, keyed: old, wentAway: true });
  }
  const wentAway = image === null || written.get(hash)?.wentAway === true;
  written.set(hash, { link, image, keyed, wentAway });
}

/**
 * Our own transaction comes back through the log. What it holds as intended is dropped; what a trigger or cascade made
 * of it goes on once as a change that has seen everything; decisions in it are sent to the other side; and at home,
 * writes that passed over an application's change unasked are handed back for a new decision (correctness 1.3, 2.2 no.
 * 5).
 */
export function recogniseOwn(
  own: OwnTransaction,
  written: ReadonlyMap<number, Written>,
  states: readonly StateChange[],
  nextEffective: () => number,
  out: Recognised,
): void {
  const state = own.lane.sides[own.side];
  const echo = own.transaction.part === 0 ? state.echoes.meet(own.marker) : null;
  if (own.side === own.lane.home) own.lane.merges.shown(own.marker.seq, own.ordinal);
  else for (const [hash, { seq }] of own.lane.deferring) if (seq <= own.marker.seq) own.lane.deferring.delete(hash);
  const { decided, recalls } = takeStates(own, states, out);

  const forwarded: LinkedChange[] = [];
  const known = own.timeline.ordinalOf(own.marker.known);
  const isAudited = own.side === own.lane.home && state.window.lastOrdinal > known;
  const isForgotten = echo === null && own.transaction.part === 0;
  for (const [hash, row] of written) {
    if (isAudited && own.lane.plan.strict) audit(own, hash, row, known, out);
    else if (isAudited && !decided.has(hash)) answerUnasked(own, hash, row, known, out);
    const effect = echo === null ? null : sideEffect(own, echo, hash, row);
    if (isForgotten && !decided.has(hash) && mayHaveCascaded(own, row, written)) {
      if (!isRepeat(own)) tellAgain(own, row, out);
    } else if (effect === null || isOwed(own, hash, effect)) out.dropped++;
    else {
      out.sideEffects++;
      if (effect.hops <= 1) forwarded.push(effect);
    }
  }
  for (const decision of decided.values()) {
    const change = restated(own, decision, written.get(decision.hash), out);
    if (change !== null) forwarded.push(change);
    // A remote change that won with the very value that stood there has passed over what was not known all the same.
    if (isAudited && own.lane.plan.strict && !written.has(decision.hash) && decision.provenance?.home === null) {
      const { link, key, image } = decision;
      const keyed = image ?? keyOnly(link, key);
      audit(own, decision.hash, { link, image, keyed, wentAway: false }, known, out);
    }
  }
  forwarded.push(...recalls);
  if (own.side === own.lane.home && own.transaction.part === 0)
    restateAbsent(own, echo, known, (hash) => written.has(hash) || decided.has(hash), out);
  if (state.window.size > 0) noteRemovals(own, written);
  clearDeferrals(own, written);
  state.echoes.dropOverlaps(known);
  if (forwarded.length > 0) send(own, forwarded, decided, nextEffective, out);
}

/** A decision or a request that our transaction carries in the reassert table. */
interface Restated {
  readonly purpose: 'reassert' | 'refresh';
  readonly link: LinkPlan;
  readonly key: Row;
  readonly hash: number;
  readonly image: Row | null;
  readonly provenance: Restatement['provenance'];
  readonly effectiveUs: number;
}

interface TakenStates {
  readonly decided: Map<number, Restated>;
  readonly recalls: LinkedChange[];
}

function takeStates(own: OwnTransaction, states: readonly StateChange[], out: Recognised): TakenStates {
  const decided = new Map<number, Restated>();
  const recalls: LinkedChange[] = [];
  for (const { table, op, row } of states) {
    if (op === 'delete' && table === 'deferred') caughtUp(own, row);
    if (op === 'delete' && table === 'control') out.controls.push({ name: String(row['name']), value: null });
    if (op === 'delete' && table === 'parked') own.lane.held.close(parkedName(row), own.ordinal);
    if (op === 'delete' || op === 'truncate') continue;
    if (table === 'key_map') {
      out.pairs.push({
        link: String(row['link']),
        leftKey: String(row['left_key']),
        rightKey: String(row['right_key']),
      });
    } else if (table === 'deferred') takeDeferred(own, row);
    else if (table === 'parked') takeParked(own, row);
    else if (table === 'reassert') {
      const decision = readRestated(own, row);
      if (decision === null) continue;
      if (row['purpose'] === 'recall') recalls.push(recallOf(decision));
      else decided.set(decision.hash, decision);
    }
  }
  return { decided, recalls };
}

function recallOf({ link, key }: Restated): LinkedChange {
  return { link, op: 'recall', before: keyOnly(link, key), after: null, hops: 0 };
}

/** A row about which a person is to decide: home's changes from here on stay at home. */
function takeParked(own: OwnTransaction, row: StateRow): void {
  const link = own.lane.plan.links.find((candidate) => candidate.id === row['link']);
  const targetKey = row['target_key'];
  if (link === undefined || own.side !== own.lane.home || typeof targetKey !== 'string') return;
  if (!HELD_CODES.has(String(row['code']))) return;
  own.lane.held.open(parkedName(row), hashKeyText(link, targetKey), own.ordinal);
}

function parkedName(row: StateRow): string {
  return `${String(row['stream'])} ${String(row['link'])} ${String(row['source_key'])}`;
}

function readRestated(own: OwnTransaction, row: StateRow): Restated | null {
  const link = own.lane.plan.links.find((candidate) => candidate.id === row['link']);
  if (link === undefined) return null;
  const key = decodeRow(String(row['row_key']));
  const { image, provenance } = row;
  return {
    purpose: row['purpose'] === 'refresh' ? 'refresh' : 'reassert',
    link,
    key,
    hash: rowHash(link, own.side, key),
    image: typeof image === 'string' ? decodeRow(image) : null,
    provenance: typeof provenance === 'string' ? (JSON.parse(provenance) as Restated['provenance']) : null,
    effectiveUs: Number(row['effective_us']),
  };
}

/**
 * The state that goes to the other side is the row's state at this place of the log: what the transaction itself wrote,
 * else what it read under lock. An absent row cannot be locked; if an application made it again between the decision
 * and the commit, the payload is out of date and the row is restated anew (correctness 1.5).
 */
function restated(
  own: OwnTransaction,
  decision: Restated,
  written: Written | undefined,
  out: Recognised,
): LinkedChange | null {
  const { link, key, hash, purpose } = decision;
  const local = own.lane.sides[own.side].window;
  if (written === undefined && decision.image === null) {
    const { known } = own.marker;
    if (!own.timeline.reaches(known) || local.newest(hash, own.timeline.ordinalOf(known), own.ordinal) !== null) {
      out.tasks.push({ lane: own.lane, task: { kind: 'restate', link, key } });
      return null;
    }
  }
  const image = written === undefined ? decision.image : written.image;
  return { link, op: purpose, before: image === null ? keyOnly(link, key) : null, after: image, hops: 0 };
}

/**
 * After a restart nobody remembers what was meant, and what a cascade did may not have reached the other side yet. A
 * row whose parent went in the same transaction is told again, so that nothing is lost.
 */
function mayHaveCascaded(own: OwnTransaction, { link }: Written, written: ReadonlyMap<number, Written>): boolean {
  const parents = link[own.side].foreignKeys;
  if (parents.length === 0) return false;
  for (const row of written.values()) {
    if (row.wentAway && parents.some((parent) => parent.link === row.link.id)) return true;
  }
  return false;
}

/** Had the other side applied it before this engine began? Then what was sent of it is settled. */
function isRepeat({ lane, side, positions, transaction }: OwnTransaction): boolean {
  const { appliedAtStart } = lane.sides[side];
  return appliedAtStart !== null && positions.covers(appliedAtStart, transaction.position);
}

/** As it is now, not as it was here: of that, home may have taken a change since, and would leave it unanswered. */
function tellAgain({ lane }: OwnTransaction, { link, keyed }: Written, out: Recognised): void {
  out.tasks.push({ lane, task: { kind: 'restate', link, key: keyOf(link, keyed) } });
}

/** What a trigger or cascade made of a row, or null where it holds what was meant. */
function sideEffect(own: OwnTransaction, echo: OpenEcho, hash: number, row: Written): LinkedChange | null {
  const { link, keyed, image } = row;
  const intended = echo.intentions.get(hash);
  if (intended !== undefined && isAsIntended(own, link, intended, image)) return null;
  const hops = (echo.hops.get(hash) ?? 0) + 1;
  if (image === null) return { link, op: 'delete', before: keyOnly(link, keyOf(link, keyed)), after: null, hops };
  return { link, op: 'read', before: null, after: image, hops };
}

/**
 * A cascade has removed a row that stands differently at the source, and is owed from there: it will come again. Sent
 * back, its removal would take the row away where it lives on.
 */
function isOwed({ lane, side, counterpart }: OwnTransaction, hash: number, { link, before, after }: LinkedChange) {
  if (after !== null) return false;
  if (lane.sides[side].echoes.leaves(hash)) return true;
  const parked = lane.parked[side];
  if (parked?.isKnown !== true) return false;
  const text = rowKeyText(link, side, keyOf(link, before as Row));
  const sourceKey = link.keys === 'shared' ? text : counterpart(link.id, text);
  return sourceKey !== undefined && parked.has(entityOf(link.id, sourceKey));
}

function isAsIntended(own: OwnTransaction, link: LinkPlan, intended: Intention, image: Row | null): boolean {
  if (typeof intended === 'number') return image !== null && hashImage(imageKinds(link, own.side), image) === intended;
  return sameImage(link, own.side, intended, image);
}

/** What we removed ourselves is not waited for; see {@link isExpected}. */
function noteRemovals(own: OwnTransaction, written: ReadonlyMap<number, Written>): void {
  const { window, removed } = own.lane.sides[own.side];
  for (const [hash, { link, image }] of written) {
    if (image !== null) continue;
    if (window.newest(hash, -1) !== null) removed.set(hash, own.ordinal);
    noteVanished(own.lane, own.side, link, own.ordinal);
  }
}

function send(
  own: OwnTransaction,
  changes: readonly LinkedChange[],
  decided: ReadonlyMap<number, Restated>,
  nextEffective: () => number,
  out: Recognised,
): void {
  const { lane, side, ordinal, transaction } = own;
  const state = lane.sides[side];
  const effectiveUs = nextEffective();
  for (const change of changes) {
    if (change.op === 'recall') continue;
    const hash = imageHash(change.link, side, (change.after ?? change.before) as Row);
    const decision = decided.get(hash);
    const left = { reasserted: change.op === 'reassert', gone: change.after === null };
    if (change.op === 'reassert' && decision !== undefined)
      state.provenance.set(`${ordinal}:${hash}`, provenanceOf(decision, heldBefore(state, hash, ordinal), own));
    const isState = change.op === 'reassert' || change.op === 'refresh';
    const atUs = decision?.effectiveUs ?? (isState ? own.marker.effectiveUs : effectiveUs);
    // Home's own value is as new as the newest write in it, also one that the decision did not know of yet.
    const before = decision?.provenance === null ? state.window.newest(hash, -1, ordinal) : null;
    state.window.add(hash, ordinal, Math.max(atUs, before?.effectiveUs ?? 0), left);
  }
  out.items.push({ lane, item: itemOf(transaction, ordinal, effectiveUs, state.seen, changes) });
}

/**
 * Which writes a decided value holds. Where home's own value stands, that is what stood at this place of the log: said
 * by the log itself, it is exact, also for changes that were not known yet when the decision was made.
 */
function provenanceOf({ provenance }: Restated, before: Provenance, own: OwnTransaction): Provenance {
  if (provenance === null) return before;
  const { home, remote } = provenance;
  return {
    home: home === null ? 0 : home === 'before' ? before.home : own.timeline.ordinalOf(home),
    remote: remote === null ? 0 : own.opposite.ordinalOf(remote),
  };
}
