import type { Arrival, Provenance } from '../../../src/arbiter/rules.ts';
import type { WindowEntry, WindowView } from '../../../src/arbiter/window.ts';
import type { Scope } from './protocol.ts';
import { ABSENT, AS_LOGGED, type Entry, type OwnEntry, type SideIndex, type State } from './state.ts';

/** There is only one row. */
export const HASH = 1;

export function entryAt(state: State, side: SideIndex, ordinal: number): Entry {
  return state.log[side][ordinal - 1] as Entry;
}

/** Our last transaction in this log, as its checkpoint row tells. */
export function held(state: State, side: SideIndex): OwnEntry | null {
  const log = state.log[side];
  for (let at = log.length - 1; at >= 0; at--) {
    const entry = log[at] as Entry;
    if (entry.kind === 'own') return entry;
  }
  return null;
}

/** What an item had seen of the other side. A decision has seen what its own transaction incorporated. */
export function seenBy(state: State, side: SideIndex, ordinal: number): number {
  const from = entryAt(state, side, ordinal).kind === 'own' ? ordinal : ordinal - 1;
  for (let at = from; at > state.start[side]; at--) {
    const entry = entryAt(state, side, at);
    if (entry.kind === 'own') return entry.position;
  }
  // A reader always begins before our last transaction in its log, so there was none.
  return 0;
}

/** Ordinals before the start of the other reader are all the same to it. */
export function clamp(state: State, side: SideIndex, ordinal: number): number {
  return Math.max(ordinal, state.start[side]);
}

/** Hybrid times as this incarnation's reader gives them, by ordinal. */
export function timesOf(state: State, side: SideIndex, scope: Scope, upTo = state.read[side]): number[] {
  const times: number[] = [];
  let newest = 0;
  for (let at = state.start[side] + 1; at <= upTo; at++) {
    const entry = entryAt(state, side, at);
    if (at > state.appliedAtStart[side]) newest = Math.max(newest, state.timeAtStart[side]);
    if (entry.kind === 'own') newest = Math.max(newest, entry.us);
    if (entry.kind === 'local' || entry.restated !== null) {
      newest = scope.rules.effectiveTime(entry.kind === 'local' ? entry.wall : 0, newest);
    }
    times[at] = newest;
  }
  return times;
}

/** Is there something in this own transaction of the home side that goes to the other side? */
export function emits(state: State, scope: Scope, ordinal: number): boolean {
  const entry = entryAt(state, 0, ordinal);
  if (entry.kind === 'local') return true;
  if (entry.restated === null) return false;
  if (!scope.habits.restatesAbsent || entry.wrote !== null || entry.restated.image !== ABSENT) return true;
  for (let at = clamp(state, 0, entry.known) + 1; at < ordinal; at++) {
    if (isInWindow(state, scope, 0, at)) return false;
  }
  return true;
}

function isInWindow(state: State, scope: Scope, side: SideIndex, ordinal: number): boolean {
  const entry = entryAt(state, side, ordinal);
  if (entry.kind === 'local') return true;
  return side === 0 && entry.restated !== null && emits(state, scope, ordinal);
}

/** The window of one side, from the reader's start to `upTo`. */
export function windowOf(state: State, scope: Scope, side: SideIndex, upTo = state.read[side]): WindowView {
  return {
    newest(_hash: number, after: number, before = Infinity): WindowEntry | null {
      for (let at = Math.min(upTo, before - 1); at > Math.max(after, state.start[side]); at--) {
        if (isInWindow(state, scope, side, at)) return windowEntry(state, scope, side, at);
      }
      return null;
    },
  };
}

function windowEntry(state: State, scope: Scope, side: SideIndex, ordinal: number): WindowEntry {
  const entry = entryAt(state, side, ordinal);
  const reasserted = entry.kind === 'own';
  const us = reasserted ? decidedUs(state, scope, ordinal, entry) : timesOf(state, side, scope, ordinal)[ordinal];
  return { ordinal, effectiveUs: us ?? 0, reasserted, gone: sentImage(entry) === ABSENT };
}

/** A value of home's is as new as the newest write that is in it. */
function decidedUs(state: State, scope: Scope, ordinal: number, { restated }: OwnEntry): number {
  if (restated === null) return 0;
  if (restated.home !== AS_LOGGED) return restated.us;
  const before = windowOf(state, scope, 0, ordinal - 1).newest(HASH, -1);
  return Math.max(restated.us, before?.effectiveUs ?? 0);
}

/** What goes to the other side: the row as this entry left it. */
export function sentImage(entry: Entry): number {
  if (entry.kind === 'local') return entry.image;
  return entry.wrote ?? entry.restated?.image ?? ABSENT;
}

/** What the value of a re-asserted entry holds of home. */
export function provenanceAt(state: State, scope: Scope, ordinal: number): Provenance | null {
  const entry = entryAt(state, 0, ordinal);
  if (entry.kind === 'local' || entry.restated === null) return null;
  const { home } = entry.restated;
  if (home !== AS_LOGGED) return { home: home ?? 0, remote: 0 };
  const before = windowOf(state, scope, 0, ordinal - 1).newest(HASH, 0);
  if (before === null) return { home: ordinal, remote: 0 };
  return before.reasserted ? provenanceAt(state, scope, before.ordinal) : { home: before.ordinal, remote: 0 };
}

interface Deferral {
  readonly position: number;
  readonly from: number;
  until: number;
}

/** Home changes that the row at the remote side lacked for a while: pipeline/recognise/recognise-own.ts there. */
function deferralsOf(state: State, scope: Scope): Deferral[] {
  const all: Deferral[] = [];
  const keep = (deferral: Deferral) => {
    if (!scope.habits.keepsDeferrals) all.length = 0;
    all.push(deferral);
  };
  if (state.deferredAtStart > 0) keep({ position: state.deferredAtStart, from: 0, until: Infinity });
  for (let at = state.start[1] + 1; at <= state.read[1]; at++) {
    const entry = entryAt(state, 1, at);
    if (entry.kind === 'local') continue;
    if (entry.deferred > 0) keep({ position: entry.deferred, from: at, until: Infinity });
    if (entry.wrote === null) continue;
    for (const deferral of all) {
      if (scope.habits.keepsDeferrals || deferral.from < at) deferral.until = Math.min(deferral.until, at);
    }
  }
  return all;
}

/** What a remote change had seen of home, by order and physically. */
export function arrivalOf(state: State, scope: Scope, ordinal: number): Arrival {
  const seen = clamp(state, 0, seenBy(state, 1, ordinal));
  let saw = seen;
  for (const { position, from, until } of deferralsOf(state, scope)) {
    if (ordinal > from && ordinal <= until) saw = Math.min(saw, clamp(state, 0, position) - 1);
  }
  return { seen, saw };
}
