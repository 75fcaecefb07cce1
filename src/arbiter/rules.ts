import { lower, type Position, type Positions } from '../model/change.ts';
import type { WindowEntry, WindowView } from './window.ts';

/**
 * The rules of home-site arbitration (design: correctness 1.3 and 1.4): pure functions over windows and version
 * vectors. The models in test/models drive these very functions.
 *
 * Words: *home* decides conflicts, *remote* is the other side. `seen` of a change is the version vector's entry: the
 * ordinal of the newest change of the opposite side that its log had incorporated before it.
 */

/**
 * Remote rule: a change of the home side (or a re-assert) arrives at the remote side. A remote change that it has not
 * seen is on its way to the home side, will meet it there, and comes back decided: so stand aside.
 */
export function decideRemote(remoteWindow: WindowView, hash: number, seen: number): 'apply' | 'defer' {
  return remoteWindow.newest(hash, seen) === null ? 'apply' : 'defer';
}

/** Which writes a row's value holds: the newest home change and the newest remote change, as ordinals; 0 = none. */
export interface Provenance {
  readonly home: number;
  readonly remote: number;
}

/** What is known of one remote change when it arrives at the home side. */
export interface Arrival {
  /** Ordinal of the newest home change that the remote log had incorporated before it. */
  readonly seen: number;
  /**
   * The same, but counting only what was physically written: lower than `seen` where the remote rule had deferred a
   * home change of this row.
   */
  readonly saw: number;
}

export type HomeDecision =
  /** Nothing concurrent: write it. */
  | { readonly kind: 'apply' }
  /** Concurrent, but the change was made on top of the present winner: it wins without asking the policy. */
  | { readonly kind: 'succeed' }
  /** Concurrent: the policy decides between the present home value and the change. */
  | { readonly kind: 'conflict'; readonly rival: WindowEntry };

/**
 * Home rule: a change of the remote side arrives. `provenanceOf` tells what a re-asserted entry's value holds; every
 * outcome but `apply` is re-asserted through the home log, even where the row does not change.
 */
export function decideHome(
  homeWindow: WindowView,
  hash: number,
  arrival: Arrival,
  provenanceOf: (entry: WindowEntry) => Provenance | null,
): HomeDecision {
  const rival = homeWindow.newest(hash, arrival.seen);
  if (rival === null) return { kind: 'apply' };
  const provenance = rival.reasserted ? provenanceOf(rival) : null;
  if (provenance !== null && dominates(arrival, provenance)) return { kind: 'succeed' };
  return { kind: 'conflict', rival };
}

/**
 * Was the change made on top of everything this value holds? Its own side's earlier writes it has seen by order; home
 * writes only if they were physically there.
 */
export function dominates(arrival: Arrival, provenance: Provenance): boolean {
  return provenance.home <= arrival.saw;
}

/**
 * Audit: the home reader meets our own transaction, whose decision knew the home log up to `known`. An application's
 * change of the same row in between was overwritten without having been asked: decide again. Returns that change.
 */
export function auditHome(homeWindow: WindowView, hash: number, known: number, at: number): WindowEntry | null {
  return homeWindow.newest(hash, known, at);
}

/**
 * Where a restarted reader must begin, so that the window holds every change that a change still to be applied may not
 * have seen: not at its own checkpoint, but at what the opposite checkpoint's changes had seen (correctness 1.4). Nor
 * beyond what the opposite route's last transaction knew of this log: behind that stands its own marker.
 */
export function restartFloor(
  positions: Positions,
  checkpoint: Position,
  seenByOpposite: Position | null,
  knownAtDecision: Position | null,
): Position {
  let floor = checkpoint;
  if (seenByOpposite !== null) floor = lower(positions, floor, seenByOpposite);
  if (knownAtDecision !== null) floor = lower(positions, floor, knownAtDecision);
  return floor;
}

/**
 * Recovery barrier: nothing is applied in either direction before both readers have re-read up to the durable
 * checkpoints, because the windows are incomplete until then (correctness 1.4).
 */
export function hasRecovered(positions: Positions, read: Position, checkpoint: Position): boolean {
  return positions.covers(read, checkpoint);
}

/**
 * Hybrid logical time of a change: the wall clock, but always after everything that precedes it in its log, remote
 * changes that were applied there included (correctness 4; Kulkarni and Demirbas 2014).
 */
export function effectiveTime(wallUs: number, newestBeforeUs: number): number {
  return Math.max(wallUs, newestBeforeUs + 1);
}
