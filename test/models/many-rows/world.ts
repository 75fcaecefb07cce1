import { Window } from '../../../src/arbiter/window.ts';
import type { Provenance } from '../../../src/arbiter/rules.ts';
import type { Rules, PolicyName } from '../rules.ts';
import { Judge } from '../rules.ts';

export type SideIndex = 0 | 1;

/** A row beside its id, which each side makes for itself: a natural key, unique on each side, and a value. */
export interface Image {
  readonly natural: number;
  readonly value: number;
}

export interface RowChange {
  readonly op: 'insert' | 'update' | 'delete' | 'reassert' | 'refresh';
  readonly id: number;
  readonly after: Image | null;
}

/** `home` = what its provenance names at home: null = nothing, undefined = the newest write before it in the log. */
export interface Restated {
  readonly purpose: 'reassert' | 'refresh';
  readonly id: number;
  readonly image: Image | null;
  readonly home: number | null | undefined;
  readonly us: number;
}

export type Entry =
  | { readonly kind: 'local'; readonly change: RowChange; readonly wall: number }
  | {
      readonly kind: 'own';
      readonly position: number;
      readonly floor: number;
      readonly known: number;
      readonly us: number;
      readonly wrote: ReadonlyMap<number, Image | null>;
      readonly restated: readonly Restated[];
      readonly deferred: ReadonlyMap<number, number>;
    };

export type OwnEntry = Entry & { readonly kind: 'own' };

/** What a reader hands to the route that leaves its side. */
export interface Item {
  readonly ordinal: number;
  readonly seen: number;
  readonly us: number;
  readonly changes: readonly RowChange[];
}

export interface Deferral {
  readonly position: number;
  readonly from: number;
  until: number;
}

export type Task =
  | { readonly kind: 'restate'; readonly id: number }
  | {
      readonly kind: 'audit';
      readonly id: number;
      readonly local: Image | null;
      readonly localAt: number;
      readonly localUs: number;
      readonly ours: Image | null;
      readonly oursUs: number;
      readonly at: number;
    };

/** What is durable on one side. */
export interface Site {
  readonly rows: Map<number, Image>;
  readonly log: Entry[];
  nextId: number;
  /** Rows of the other side that this one is owed, by their ids there. */
  readonly parked: Set<number>;
  readonly deferred: Map<number, number>;
}

/** What the reader of one side's log has found out since the last start. */
export interface Reading {
  readonly window: Window;
  readonly start: number;
  readonly born: number;
  readonly checkpoint: number;
  readonly usAtCheckpoint: number;
  at: number;
  seen: number;
  us: number;
  readonly items: Item[];
  readonly provenance: Map<string, Provenance>;
  readonly deferrals: Map<number, Deferral[]>;
}

/** What the pipeline does around the rules; a mutation leaves one thing out. */
export interface Habits {
  readonly reasserts: boolean;
  readonly reassertsMerges: boolean;
  /** A remote row that home's row turns out to be is sent home, so that home can merge the two. */
  readonly asksForTwins: boolean;
  /** Until then its counterpart at home is owed to the remote side. */
  readonly owesTwins: boolean;
  /** A row's state that is on its way home stands in the window of the remote side, like any change. */
  readonly remembersRefreshes: boolean;
  /** Home answers a row's state that meets an unseen change with its own state. */
  readonly answersRefreshes: boolean;
  readonly waitsForEcho: boolean;
  readonly readsOwnFirst: boolean;
}

export const allHabits: Habits = {
  reasserts: true,
  reassertsMerges: true,
  asksForTwins: true,
  remembersRefreshes: true,
  owesTwins: true,
  answersRefreshes: true,
  waitsForEcho: true,
  readsOwnFirst: true,
};

export interface Plan {
  readonly policy: PolicyName;
  /** Writes on each side. */
  readonly writes: number;
  /** How many natural keys there are to compete for. */
  readonly naturals: number;
  readonly crashes: number;
  readonly batch: number;
  readonly rules: Rules;
  readonly habits: Habits;
}

/** Both sides and the engine between them. */
export class World {
  readonly plan: Plan;
  readonly random: () => number;
  readonly judge: Judge;
  readonly sites: readonly [Site, Site] = [emptySite(1), emptySite(1001)];
  /** The key map: id of the counterpart, by id, for each side. */
  readonly counterpart: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  readings: readonly [Reading, Reading] = [newReading(), newReading()];
  tasks: readonly [Task[], Task[]] = [[], []];
  /** How far the route that leaves each side has come. */
  applied: [number, number] = [0, 0];
  conflicts = 0;
  readonly trace: string[] = [];

  constructor(plan: Plan, random: () => number) {
    this.plan = plan;
    this.random = random;
    this.judge = new Judge(plan.policy, 3, { c0: 0, c1: 0, c2: 999 });
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T;
  }

  /** The row that holds a natural key. */
  holder(side: SideIndex, natural: number): number | null {
    for (const [id, row] of this.sites[side].rows) if (row.natural === natural) return id;
    return null;
  }

  pair(home: number, remote: number): void {
    this.counterpart[0].set(home, remote);
    this.counterpart[1].set(remote, home);
  }

  note(text: string): void {
    this.trace.push(text);
  }
}

function emptySite(firstId: number): Site {
  return { rows: new Map(), log: [], nextId: firstId, parked: new Set(), deferred: new Map() };
}

export function newReading(given: Partial<Reading> = {}): Reading {
  const empty = { window: new Window(), items: [], provenance: new Map(), deferrals: new Map() };
  return { start: 0, born: 0, checkpoint: 0, usAtCheckpoint: 0, at: 0, seen: 0, us: 0, ...empty, ...given };
}

export function held(site: Site): OwnEntry | null {
  return site.log.findLast((entry): entry is OwnEntry => entry.kind === 'own') ?? null;
}

export function same(a: Image | null, b: Image | null): boolean {
  return a === null || b === null ? a === b : a.natural === b.natural && a.value === b.value;
}

export function text(image: Image | null): string {
  return image === null ? 'absent' : `${image.natural}:${image.value}`;
}
