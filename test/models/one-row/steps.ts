import { type Position, type Positions } from '../../../src/model/change.ts';
import { meet } from './auditing.ts';
import { homeSteps, type Step } from './home-route.ts';
import type { Scope } from './protocol.ts';
import { clamp, emits, entryAt, HASH, held, seenBy, sentImage, timesOf, windowOf } from './reading.ts';
import { withSide, type OwnEntry, type SideIndex, type State } from './state.ts';

/** Everything that may happen next. */
export function stepsFrom(state: State, scope: Scope): Step[] {
  const steps: Step[] = [];
  for (const side of [0, 1] as const) {
    if (state.writesLeft[side] > 0) steps.push(...writes(state, scope, side));
    if (state.read[side] < state.log[side].length) steps.push(read(state, scope, side));
  }
  if (isRecovered(state, scope)) {
    steps.push(...homeSteps(state, scope), ...remoteSteps(state, scope));
  }
  if (state.crashesLeft > 0) steps.push(crash(state, scope));
  return steps.map(([label, next]) => [label, skipped(next, scope)]);
}

function writes(state: State, scope: Scope, side: SideIndex): Step[] {
  const steps: Step[] = [];
  for (const image of scope.values) {
    if (image === state.value[side]) continue;
    for (const wall of scope.clocks) {
      const next: State = {
        ...state,
        value: withSide(state.value, side, image),
        log: withSide(state.log, side, [...state.log[side], { kind: 'local', image, wall }]),
        writesLeft: withSide(state.writesLeft, side, state.writesLeft[side] - 1),
      };
      steps.push([`${'HR'[side]}: ${state.value[side]}->${image}@${wall}`, next]);
    }
  }
  return steps;
}

function read(state: State, scope: Scope, side: SideIndex): Step {
  const ordinal = state.read[side] + 1;
  const met = side === 0 ? meet(state, scope, ordinal) : state;
  return [`read${'HR'[side]}`, { ...met, read: withSide(state.read, side, ordinal) }];
}

/** Is this something for the other side? */
function isItem(state: State, scope: Scope, side: SideIndex, ordinal: number): boolean {
  return side === 0 ? emits(state, scope, ordinal) : entryAt(state, 1, ordinal).kind === 'local';
}

/** A route goes past what is nothing to it without a transaction. */
function skipped(state: State, scope: Scope): State {
  let next = state;
  for (const side of [0, 1] as const) {
    let at = next.applied[side];
    while (at < next.read[side] && !isItem(next, scope, side, at + 1)) at++;
    if (at !== next.applied[side]) next = { ...next, applied: withSide(next.applied, side, at) };
  }
  return next;
}

/** What the route towards the remote side may do next. */
function remoteSteps(state: State, scope: Scope): Step[] {
  const steps: Step[] = [];
  const audits = state.tasks.flatMap((task) => (task.kind === 'audit' ? [task.at] : []));
  const until = Math.min(Infinity, ...audits);
  const ordinals: number[] = [];
  for (let at = state.applied[0] + 1; at <= state.read[0] && at < until && ordinals.length < scope.batch; at++) {
    if (!isItem(state, scope, 0, at)) continue;
    ordinals.push(at);
    steps.push(send(state, scope, ordinals));
  }
  return steps;
}

function send(state: State, scope: Scope, ordinals: readonly number[]): Step {
  const times = timesOf(state, 0, scope);
  const window = windowOf(state, scope, 1);
  let { us, deferred } = { us: held(state, 1)?.us ?? 0, deferred: state.deferred };
  let wrote: number | null = null;
  let deferral = 0;
  for (const ordinal of ordinals) {
    const entry = entryAt(state, 0, ordinal);
    us = Math.max(us, times[ordinal] ?? 0);
    if (scope.rules.decideRemote(window, HASH, clamp(state, 1, seenBy(state, 0, ordinal))) === 'defer') {
      if (!scope.habits.keepsDeferrals) [deferred, deferral] = [ordinal, ordinal];
      else if (deferral === 0) [deferred, deferral] = [deferred === 0 ? ordinal : deferred, ordinal];
      continue;
    }
    wrote = sentImage(entry);
    // State rows are deleted before others are put, so a row of the same transaction stays.
    if (scope.habits.keepsDeferrals || (entry.kind === 'own' && deferral === 0)) deferred = 0;
  }
  const last = ordinals.at(-1) ?? 0;
  const marks = { position: last, floor: seenBy(state, 0, last), known: state.read[1], us };
  const entry: OwnEntry = { kind: 'own', ...marks, wrote, restated: null, deferred: deferral };
  const next: State = {
    ...state,
    value: withSide(state.value, 1, wrote ?? state.value[1]),
    log: withSide(state.log, 1, [...state.log[1], entry]),
    applied: withSide(state.applied, 0, last),
    deferred,
  };
  const images = ordinals.map((ordinal) => sentImage(entryAt(state, 0, ordinal))).join();
  return [`H=>R ${images}${wrote === null ? ' deferred' : ''}`, next];
}

/** Positions of the model's logs are ordinals as text of equal length. */
const positions: Positions = { covers: (upTo, at) => upTo >= at };

function positionOf(ordinal: number): Position {
  return String(ordinal).padStart(4, '0') as Position;
}

/** Have both readers re-read what the checkpoints hold? */
function isRecovered(state: State, scope: Scope): boolean {
  return ([0, 1] as const).every((side) => {
    if (scope.habits.readsOwnFirst && !hasReadOwn(state, side)) return false;
    const [read, checkpoint] = [positionOf(state.read[side]), positionOf(state.applied[side])];
    return scope.rules.hasRecovered(positions, read, checkpoint);
  });
}

/** Our transactions from before the restart have been seen again. */
function hasReadOwn(state: State, side: SideIndex): boolean {
  for (let at = state.read[side] + 1; at <= state.born[side]; at++) {
    if (entryAt(state, side, at).kind === 'own') return false;
  }
  return true;
}

/** kill -9, and a start from what is durable. */
function crash(state: State, scope: Scope): Step {
  const at = [held(state, 1), held(state, 0)] as const;
  const checkpoint = [at[0]?.position ?? 0, at[1]?.position ?? 0] as const;
  const floor = (side: SideIndex): number => {
    const opposite = at[side === 0 ? 1 : 0];
    const known = side === 0 ? positionOf(opposite?.known ?? 0) : null;
    const seen = positionOf(opposite?.floor ?? 0);
    return Number(scope.rules.restartFloor(positions, positionOf(checkpoint[side]), seen, known));
  };
  const start = [floor(0), floor(1)] as const;
  const next: State = {
    ...state,
    read: start,
    start,
    born: [state.log[0].length, state.log[1].length],
    timeAtStart: scope.habits.remembersTime ? [at[0]?.us ?? 0, at[1]?.us ?? 0] : [0, 0],
    appliedAtStart: checkpoint,
    applied: checkpoint,
    crashesLeft: state.crashesLeft - 1,
    tasks: [],
    doing: null,
    deferredAtStart: state.deferred,
  };
  return ['CRASH', next];
}
