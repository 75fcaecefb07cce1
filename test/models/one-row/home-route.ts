import { auditOf } from './auditing.ts';
import type { Scope } from './protocol.ts';
import { arrivalOf, entryAt, HASH, held, provenanceAt, seenBy, timesOf, windowOf } from './reading.ts';
import {
  ABSENT,
  AS_LOGGED,
  withSide,
  type Doing,
  type Judged,
  type LocalEntry,
  type OwnEntry,
  type Restated,
  type State,
} from './state.ts';
import { judgeOf, type Settled } from './verdicts.ts';

/** A step that a state allows, by name. */
export type Step = readonly [label: string, next: State];

/** What the route towards home may do next: run.ts, apply.ts, careful.ts and task.ts of pipeline/apply. */
export function homeSteps(state: State, scope: Scope): Step[] {
  if (state.doing !== null) return [finish(state, scope, state.doing)];
  const known = state.read[0];
  if (state.tasks.length > 0) return [begin(state, scope, { known, judged: null, foundAbsent: false })];
  if (scope.habits.waitsForEcho && hasUnreadWrite(state)) return [];
  const steps: Step[] = [];
  const judged: Judged[] = [];
  for (let at = state.applied[1] + 1; at <= state.read[1] && judged.length < scope.batch; at++) {
    if (entryAt(state, 1, at).kind === 'own') continue;
    judged.push(judge(state, scope, at));
    steps.push(['judge', { ...state, doing: { known, judged: [...judged], foundAbsent: false } }]);
  }
  return steps;
}

/** Writes of ours that this incarnation has made and not read back. */
function hasUnreadWrite(state: State): boolean {
  for (let at = Math.max(state.read[0], state.born[0]) + 1; at <= state.log[0].length; at++) {
    if (entryAt(state, 0, at).kind === 'own') return true;
  }
  return false;
}

function judge(state: State, scope: Scope, ordinal: number): Judged {
  const decision = scope.rules.decideHome(windowOf(state, scope, 0), HASH, arrivalOf(state, scope, ordinal), (entry) =>
    provenanceAt(state, scope, entry.ordinal),
  );
  return { ordinal, kind: decision.kind, rivalUs: decision.kind === 'conflict' ? decision.rival.effectiveUs : 0 };
}

/** Looks at the row. If it is there the lock holds it to the commit; if it is absent anything may come between. */
function begin(state: State, scope: Scope, doing: Doing): Step {
  if (state.value[0] !== ABSENT) return commit(state, scope, doing);
  return ['look: absent', { ...state, doing: { ...doing, foundAbsent: true } }];
}

function finish(state: State, scope: Scope, doing: Doing): Step {
  if (doing.foundAbsent) return commit(state, scope, doing);
  if (doing.judged?.some(({ kind }) => kind !== 'apply') !== true) return commit(state, scope, doing);
  return begin(state, scope, doing);
}

function commit(state: State, scope: Scope, doing: Doing): Step {
  const current = doing.foundAbsent ? ABSENT : state.value[0];
  const done =
    doing.judged === null ? doTasks(state, scope, current) : doItems(state, scope, doing.judged, current, doing.known);
  const overwrites = doing.judged?.every(({ kind }) => kind === 'apply') === true;
  // An insert of a row that was made meanwhile is a duplicate: the transaction is done again from the start.
  if (done.wrote !== null && !overwrites && doing.foundAbsent && state.value[0] !== ABSENT) {
    return ['duplicate', { ...state, doing: null }];
  }
  const entry: OwnEntry = { kind: 'own', known: doing.known, deferred: 0, ...done };
  const image = entry.wrote ?? state.value[0];
  const next: State = {
    ...state,
    doing: null,
    value: withSide(state.value, 0, image),
    log: withSide(state.log, 0, [...state.log[0], entry]),
    applied: withSide(state.applied, 1, Math.max(state.applied[1], entry.position)),
    tasks: doing.judged === null ? [] : state.tasks,
  };
  const what = entry.restated === null ? `${image}` : `${image}, R(${entry.restated.image})`;
  return [`${doing.judged === null ? 'task' : 'R=>H'} ${what}`, next];
}

type Done = Pick<OwnEntry, 'position' | 'floor' | 'us' | 'wrote' | 'restated'>;

function doItems(state: State, scope: Scope, judged: readonly Judged[], found: number, known: number): Done {
  const judgement = judgeOf(scope.policy);
  const times = timesOf(state, 1, scope);
  let us = held(state, 0)?.us ?? 0;
  let current = found;
  let wrote: number | null = null;
  let restated: Restated | null = null;
  let decided: Decided | null = null;
  for (const each of judged) {
    const { ordinal } = each;
    const { kind, rivalUs }: Omit<Judged, 'ordinal'> = decided === null ? each : meet(state, scope, ordinal, decided);
    const incoming = (entryAt(state, 1, ordinal) as LocalEntry).image;
    const incomingUs = times[ordinal] ?? 0;
    us = Math.max(us, incomingUs);
    if (kind === 'apply') {
      [current, wrote] = [incoming, incoming];
      continue;
    }
    const decision: Settled =
      kind === 'succeed'
        ? judgement.succeed(current, incoming)
        : judgement.settle(current, incoming, rivalUs, incomingUs, opOf(state, ordinal));
    const { winner, image } = decision;
    if (image !== current) [current, wrote] = [image, image];
    const decidedUs: number = winner === 'home' ? rivalUs : Math.max(rivalUs, incomingUs);
    const logged = scope.habits.looksBack ? AS_LOGGED : state.read[0];
    const told: number | null = winner === 'remote' ? null : decided === null ? logged : decided.told;
    const home: number = winner === 'remote' ? 0 : (decided?.home ?? newestAt(state, scope, known));
    if (scope.habits.meetsDecisions) decided = { told, home, us: decidedUs, gone: image === ABSENT };
    if (scope.habits.reasserts) restated = { image, home: told, us: decidedUs };
  }
  const last = judged.at(-1)?.ordinal ?? 0;
  return { position: last, floor: seenBy(state, 1, last), us, wrote, restated };
}

/** What the batch has decided about the row so far: pipeline/decide/decided.ts. */
interface Decided {
  /** What its provenance names at home; see Restated. */
  readonly told: number | null;
  /** The newest home change in it; 0 = none. */
  readonly home: number;
  readonly us: number;
  readonly gone: boolean;
}

function meet(state: State, scope: Scope, ordinal: number, { home, us, gone }: Decided): Omit<Judged, 'ordinal'> {
  const entry = { ordinal: Infinity, effectiveUs: us, reasserted: true, gone };
  const arrival = arrivalOf(state, scope, ordinal);
  const { kind } = scope.rules.decideHome({ newest: () => entry }, HASH, arrival, () => ({ home, remote: 0 }));
  return { kind, rivalUs: us };
}

/** The newest home change in what home's row held, as far as its log was known. */
function newestAt(state: State, scope: Scope, known: number): number {
  const entry = windowOf(state, scope, 0, known).newest(HASH, -1);
  if (entry === null) return 0;
  return (entry.reasserted ? provenanceAt(state, scope, entry.ordinal)?.home : undefined) ?? entry.ordinal;
}

/** What kind of change it is to the policy: by the row that stood there in the remote log. */
function opOf(state: State, ordinal: number): 'insert' | 'update' | 'delete' {
  if ((entryAt(state, 1, ordinal) as LocalEntry).image === ABSENT) return 'delete';
  for (let at = ordinal - 1; at > 0; at--) {
    const entry = entryAt(state, 1, at);
    const image = entry.kind === 'local' ? entry.image : entry.wrote;
    if (image !== null) return image === ABSENT ? 'insert' : 'update';
  }
  return 'update';
}

function doTasks(state: State, scope: Scope, found: number): Done {
  const last = held(state, 0);
  let current = found;
  let wrote: number | null = null;
  let restated: Restated | null = null;
  for (const task of state.tasks) {
    const outcome = task.kind === 'audit' ? auditOf(state, scope, task, current) : null;
    const us = outcome?.us ?? windowOf(state, scope, 0).newest(HASH, -1)?.effectiveUs ?? 0;
    if (outcome !== null && outcome.image !== current) [current, wrote] = [outcome.image, outcome.image];
    const home = scope.habits.looksBack ? (outcome === null ? AS_LOGGED : outcome.home) : state.log[0].length + 1;
    restated = { image: current, home, us };
  }
  return { position: last?.position ?? 0, floor: last?.floor ?? 0, us: last?.us ?? 0, wrote, restated };
}
