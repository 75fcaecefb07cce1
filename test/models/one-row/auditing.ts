import type { WindowEntry } from '../../../src/arbiter/window.ts';
import type { Scope } from './protocol.ts';
import { clamp, emits, entryAt, HASH, sentImage, windowOf } from './reading.ts';
import { ABSENT, AS_LOGGED, type OwnEntry, type State, type Task } from './state.ts';
import { judgeOf } from './verdicts.ts';

type AuditTask = Task & { readonly kind: 'audit' };

/** What meeting this entry of the home log gives to do: pipeline/recognise/recognise-own.ts at the home side. */
export function meet(state: State, scope: Scope, ordinal: number): State {
  const entry = entryAt(state, 0, ordinal);
  if (entry.kind === 'local') return state;
  let next = state;
  const passedOver = contested(state, scope, ordinal, entry);
  if (passedOver !== null) {
    const { ordinal: at, effectiveUs: localUs } = passedOver;
    const task = {
      local: imageAt(state, at),
      localAt: at,
      localUs,
      ours: sentImage(entry),
      oursUs: entry.us,
      at: ordinal,
    };
    // What this engine wrote before it was restarted, it remembers no images for.
    if (ordinal <= state.born[0]) next = { ...next, excuse: 'forgotten' };
    else next = { ...next, tasks: [...next.tasks, { kind: 'audit', ...task }] };
  }
  if (entry.restated === null || emits(state, scope, ordinal)) return next;
  return { ...next, excuse: 'raced', tasks: [...next.tasks, { kind: 'restate', at: ordinal }] };
}

function contested(state: State, scope: Scope, ordinal: number, entry: OwnEntry): WindowEntry | null {
  const isDecision = entry.restated !== null;
  // A remote change that wins with the very value that stood there passed over what it did not know all the same.
  if (entry.wrote === null && (!isDecision || entry.restated?.home === AS_LOGGED)) return null;
  if (isDecision && !scope.habits.auditsDecisions) return null;
  const known = clamp(state, 0, entry.known);
  const local = scope.rules.auditHome(windowOf(state, scope, 0, ordinal - 1), HASH, known, ordinal);
  return local === null || local.reasserted ? null : local;
}

function imageAt(state: State, ordinal: number): number {
  const entry = entryAt(state, 0, ordinal);
  return entry.kind === 'local' ? entry.image : ABSENT;
}

interface Outcome {
  readonly image: number;
  /** What the value holds of home: see {@link Restated}. */
  readonly home: number | null;
  readonly us: number;
}

/** Decides again between the passed-over change and what we wrote, if that is still what the row holds. */
export function auditOf(state: State, scope: Scope, task: AuditTask, current: number): Outcome {
  const { local, localAt, localUs, ours, oursUs, at } = task;
  // The row may hold the same value again: the log knows better.
  const isTouched = scope.habits.asksTheLog && windowOf(state, scope, 0).newest(HASH, at) !== null;
  if (current !== ours || isTouched) return { image: current, home: AS_LOGGED, us: localUs };
  const op = ours === ABSENT ? 'delete' : 'update';
  const { winner, image } = judgeOf(scope.policy).settle(local, ours, localUs, oursUs, op);
  const us = Math.max(localUs, oursUs);
  return winner === 'remote' ? { image: current, home: null, us } : { image, home: localAt, us };
}
