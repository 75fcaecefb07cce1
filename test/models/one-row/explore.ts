import type { Scope } from './protocol.ts';
import { ABSENT, initialState, keyOf, type SideIndex, type State } from './state.ts';
import { stepsFrom } from './steps.ts';
import { MERGED } from './verdicts.ts';

export interface Finding {
  readonly states: number;
  /** Histories' ends: nothing is left to do. */
  readonly finals: number;
  readonly diverged: number;
  /** Both sides agree, but on a value that the policy does not allow. */
  readonly unfair: number;
  /** The same, but excused: see {@link State.excuse}. */
  readonly excused: number;
  /** How one of each came about. */
  readonly divergedBy: string | null;
  readonly unfairBy: string | null;
}

interface Node {
  readonly state: State;
  readonly label: string;
  readonly from: Node | null;
}

/** Walks every interleaving of writes, reading, applying and crashes. */
export function explore(scope: Scope): Finding {
  const first = initialState(scope.writes, scope.crashes);
  const known = new Set([keyOf(first)]);
  const open: Node[] = [{ state: first, label: '', from: null }];
  let [finals, diverged, unfair, excused] = [0, 0, 0, 0];
  let divergedBy: string | null = null;
  let unfairBy: string | null = null;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { state } = node;
    if (isQuiet(state)) {
      finals++;
      if (state.value[0] !== state.value[1]) {
        diverged++;
        divergedBy ??= historyOf(node);
      } else if (!isFair(state, scope)) {
        if (state.excuse !== '') {
          excused++;
          continue;
        }
        unfair++;
        unfairBy ??= historyOf(node);
      }
    }
    for (const [label, next] of stepsFrom(state, scope)) {
      const key = keyOf(next);
      if (known.has(key)) continue;
      known.add(key);
      open.push({ state: next, label, from: node });
    }
  }
  return { states: known.size, finals, diverged, unfair, excused, divergedBy, unfairBy };
}

function historyOf(end: Node): string {
  const labels: string[] = [];
  for (let node: Node | null = end; node !== null; node = node.from) if (node.label !== '') labels.unshift(node.label);
  return labels.join(' | ');
}

function isQuiet(state: State): boolean {
  const { log, read, applied, writesLeft, tasks, doing } = state;
  if (doing !== null || tasks.length > 0 || writesLeft[0] + writesLeft[1] > 0) return false;
  return ([0, 1] as const).every((side) => read[side] === log[side].length && applied[side] === read[side]);
}

/** A delete beats an update; otherwise the later one wins, and home where it is a tie. */
function newer(home: Write, remote: Write): Write[] {
  if (remote.image === ABSENT) return [remote];
  if (home.image === ABSENT && !remote.isInsert) return [home];
  return home.us >= remote.us ? [home] : [remote];
}

interface Write {
  readonly side: SideIndex;
  readonly at: number;
  readonly image: number;
  readonly us: number;
  /** It made the row that was absent. */
  readonly isInsert: boolean;
  /** The other side's log that was physically in this one. */
  readonly saw: number;
}

/** Does the value come from a write that no other write saw, and among those from one that the policy prefers? */
function isFair(state: State, scope: Scope): boolean {
  const all = ([0, 1] as const).flatMap((side) => writesOf(state, scope, side));
  if (all.length === 0) return true;
  const isBefore = (a: Write, b: Write) => (a.side === b.side ? a.at < b.at : a.at <= b.saw);
  const newest = all.filter((a) => !all.some((b) => isBefore(a, b)));
  const [home, remote] = [newest.filter(({ side }) => side === 0), newest.filter(({ side }) => side === 1)];
  const [last] = home;
  const isDeleted = (write: Write) => write.side === 1 && write.image === ABSENT && last !== undefined;
  // A delete that home lost to may have been followed by a new row, which then stands in for it.
  const isReplaced = all.some((each) => isDeleted(each) && !isBefore(each, last as Write) && remote.length > 0);
  if (scope.policy === 'newest' && isReplaced) return newest.some(({ image }) => image === state.value[0]);
  return allowed(scope, newest, home, remote).includes(state.value[0]);
}

function allowed(scope: Scope, newest: Write[], home: Write[], remote: Write[]): number[] {
  const images = (writes: readonly Write[]) => writes.map(({ image }) => image);
  const isConflict = home.length > 0 && remote.length > 0;
  switch (scope.policy) {
    case 'home':
      return images(isConflict ? home : newest);
    case 'remote':
      return images(isConflict ? remote : newest);
    case 'newest':
      return images(isConflict ? newer(home[0] as Write, remote[0] as Write) : newest);
    case 'custom':
      return [MERGED, ...images(newest)];
  }
}

function writesOf(state: State, scope: Scope, side: SideIndex): Write[] {
  const writes: Write[] = [];
  let [saw, us, value] = [0, 0, 0];
  state.log[side].forEach((entry, index) => {
    if (entry.kind === 'own') {
      if (entry.deferred === 0 || entry.wrote !== null) saw = Math.max(saw, entry.position);
      us = Math.max(us, entry.us);
      value = entry.wrote ?? value;
      if (entry.restated !== null) us = trueTime(0, us);
      return;
    }
    us = trueTime(entry.wall, us);
    writes.push({ side, at: index + 1, image: entry.image, us, saw, isInsert: value === ABSENT });
    value = entry.image;
  });
  return writes;
}

function trueTime(wall: number, before: number): number {
  return Math.max(wall, before + 1);
}
