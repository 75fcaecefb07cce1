import type { Provenance } from '../../arbiter/rules.ts';
import { Window } from '../../arbiter/window.ts';
import type { Position } from '../../model/change.ts';
import type { Checkpoint } from '../../model/endpoint.ts';
import type { LanePlan, LinkPlan } from '../../model/plan.ts';
import { otherSide, type Side } from '../../model/policy.ts';
import type { Row } from '../../model/value.ts';
import { Dirty } from './dirty.ts';
import { HeldRows } from './held-rows.ts';
import { Merges } from './merges.ts';
import type { Parked } from './parked.ts';
import { RecentTransactions } from './recent.ts';
import { Echoes, type Overlap } from './echo.ts';

/**
 * What the log of one side has told about one lane so far. Filled by that side's reader, consulted by both appliers.
 */
export interface LaneSide {
  readonly window: Window;
  /** Our own transactions written to this side. */
  readonly echoes: Echoes;
  /** The opposite side's position that this log had incorporated when it was last read; null = none yet. */
  seen: Position | null;
  /** How far the other side had applied this log when the engine began; null before that. */
  appliedAtStart: Position | null;
  /** `seq` of the last checkpoint row read: the next one continues it, or somebody else wrote the table. */
  chain: number | null;
  /** What re-asserted window entries hold, by `ordinal:hash`. */
  readonly provenance: Map<string, Provenance>;
  /** Home changes that were deferred on this (remote) side, by row hash. */
  readonly deferrals: Map<number, Deferral[]>;
  /** Ordinals at which our own transactions removed rows that stand in the window, by row hash. */
  readonly removed: Map<number, number>;
  /** Ordinals at which rows of a link may last have gone with their parents without a word in the log, by link id. */
  readonly vanished: Map<string, number>;
  /** What applications did last. */
  readonly recent: RecentTransactions;
  /** What has been let go of the window, though a segment of it may still hold it. */
  floor: number;
  /** What this side is owed since the table group stopped. */
  readonly dirty: Dirty;
}

/** Is a home change of this row still waiting for its decision at the remote side? */
export function isDeferred(lane: Lane, hash: number): boolean {
  const unread = lane.deferring.size === 0 ? undefined : lane.deferring.get(hash);
  if (unread !== undefined) return unread.isOpen;
  const { deferrals } = lane.sides[lane.remote];
  return deferrals.size > 0 && (deferrals.get(hash)?.some((each) => each.until === Infinity) ?? false);
}

/**
 * Must this row be there by what its log says? A log may show a commit before the database does: PostgreSQL makes a
 * transaction visible only after its commit record was sent, later still while it waits for a synchronous standby
 * (Jepsen, RDS for PostgreSQL 17.4). Whoever then finds the row absent must look again rather than believe it.
 */
export function isExpected(side: LaneSide, link: LinkPlan, hash: number): boolean {
  const newest = side.window.newest(hash, side.floor);
  if (newest === null || newest.gone) return false;
  return (side.removed.get(hash) ?? -1) < newest.ordinal && (side.vanished.get(link.id) ?? -1) < newest.ordinal;
}

/** A row of the link was removed there: what refers to it may have gone with it, unsaid, and so on down. */
export function noteVanished(lane: Lane, side: Side, parent: LinkPlan, ordinal: number): void {
  const { vanished } = lane.sides[side];
  for (const child of lane.plan.links) {
    if (vanished.get(child.id) === ordinal) continue;
    if (!child[side].foreignKeys.some((each) => each.unlogged === 'delete' && each.link === parent.id)) continue;
    vanished.set(child.id, ordinal);
    noteVanished(lane, side, child, ordinal);
  }
}

/** Which writes a row holds before this ordinal, as this side's log tells. */
export function heldBefore({ window, provenance }: LaneSide, hash: number, ordinal: number): Provenance {
  const entry = window.newest(hash, -1, ordinal);
  if (entry === null) return { home: 0, remote: 0 };
  const inherited = entry.reasserted ? provenance.get(`${entry.ordinal}:${hash}`) : undefined;
  return inherited ?? { home: entry.ordinal, remote: 0 };
}

/** A home change was not written here; until a re-assert of the row is, nobody here has physically seen it. */
export interface Deferral {
  /** Where the deferred home change stands in the home log. */
  readonly position: Position;
  /** Ordinals in this side's log between which the row lacked it. */
  readonly from: number;
  until: number;
}

/** Work that an applier does for the protocol itself, in a transaction of its own that moves no position. */
export type Task =
  /** Send the present state of a row through the log of the side it is on. */
  | { readonly kind: 'restate'; readonly link: LinkPlan; readonly key: Row }
  /** A person has decided about a conflict; `name` is the request's in the control table. */
  | { readonly kind: 'resolve'; readonly name: string; readonly request: Resolution }
  /**
   * An application's change at home was passed over unasked by our own write: decide again (audit, correctness 1.3).
   * Home changes from `at` on wait for it.
   */
  | {
      readonly kind: 'audit';
      readonly link: LinkPlan;
      readonly key: Row;
      readonly local: Overlap;
      /** What the row held before the first change that was passed over; null where that is not known. */
      readonly base: Row | null;
      readonly ours: Row | null;
      readonly oursAtUs: number;
      /** How far the other side's log was incorporated when we wrote: ours holds its changes of the row up to there. */
      readonly oursUpTo: Position;
      readonly at: number;
    };

/** What a person wants a row to be. */
export interface Resolution {
  readonly lane: string;
  /** Of the entry in the ledger. */
  readonly id: string;
  /** One side's row as it was when both met; columns of a home image to set; or no row at all. */
  readonly want: { readonly take: Side } | { readonly set: Row } | 'delete';
  /** Also where the row has changed since. */
  readonly force: boolean;
}

/** Everything the two routes of one table group share. */
export class Lane {
  readonly plan: LanePlan;
  readonly home: Side;
  readonly remote: Side;
  readonly sides: Readonly<Record<Side, LaneSide>>;
  readonly held = new HeldRows();
  readonly merges = new Merges();
  /** The rows that each side is owed, as the route to it knows them. */
  readonly parked: Partial<Record<Side, Parked>> = {};
  /** By row hash: what our transactions at the remote side did to deferrals, as far as its log has not shown them. */
  readonly deferring = new Map<number, { readonly seq: number; readonly isOpen: boolean }>();

  constructor(plan: LanePlan) {
    this.plan = plan;
    this.home = plan.home;
    this.remote = otherSide(plan.home);
    this.sides = { left: emptySide(plan.home === 'left'), right: emptySide(plan.home === 'right') };
  }

  /**
   * An engine begins. What the side's log shows beyond the checkpoint has seen at least what the last change applied
   * had. The log itself need not say so again: it may be read from behind the transaction of ours that told.
   */
  resume(side: Side, { position, floor }: Pick<Checkpoint, 'position' | 'floor'>): void {
    this.sides[side].appliedAtStart = position;
    this.sides[side].seen = floor;
  }
}

function emptySide(isHome: boolean): LaneSide {
  return {
    window: new Window(),
    echoes: new Echoes(isHome),
    seen: null,
    appliedAtStart: null,
    chain: null,
    provenance: new Map(),
    deferrals: new Map(),
    removed: new Map(),
    vanished: new Map(),
    recent: new RecentTransactions(),
    floor: -1,
    dirty: new Dirty(),
  };
}
