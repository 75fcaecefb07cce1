import { hasRecovered } from '../arbiter/rules.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { SIDES, type Side } from '../model/policy.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import type { Reader } from './reader.ts';
import type { Station } from './stations.ts';

/** What has to be read again before anything is applied. Nobody waits for a log that is not read. */
export class Recovery {
  readonly #stations: readonly Station[];
  readonly #readers: Partial<Record<Side, Reader>>;
  readonly #endpoints: Readonly<Record<Side, Endpoint>>;
  /** What was true once stays true. Asked for every transaction that is read. */
  readonly #reread: Readonly<Record<Side, Set<Lane>>> = { left: new Set(), right: new Set() };

  /** `readers`: may be filled later. */
  constructor(
    stations: readonly Station[],
    readers: Partial<Record<Side, Reader>>,
    endpoints: Readonly<Record<Side, Endpoint>>,
  ) {
    this.#stations = stations;
    this.#readers = readers;
    this.#endpoints = endpoints;
  }

  /**
   * Recovery barrier: both readers of the lane have re-read what the durable checkpoints hold (correctness 1.4), and
   * have met everything that predecessors wrote: what they passed over unasked is known then. All of it stands at the
   * beginning of what is read; the backlog behind it is not waited for.
   */
  isOver(lane: Lane): boolean {
    return SIDES.every((side) => this.hasReread(lane, side));
  }

  /** One side's half of the barrier. */
  hasReread(lane: Lane, side: Side): boolean {
    const reader = this.#readers[side];
    if (reader === undefined || this.#reread[side].has(lane)) return true;
    const leaving = this.#station(lane, (source) => source === side);
    const { positions } = this.#endpoints[side];
    if (!hasRecovered(positions, reader.position, leaving.held.position)) return false;
    if (!lane.sides[side].echoes.hasMetInherited) return false;
    this.#reread[side].add(lane);
    return true;
  }

  /**
   * What arrives at home is decided in view of what home's applications have written. Decided before the log has shown
   * what they wrote while nothing ran, it would have to be audited, and after another restart told again. So home's log
   * is read up to the take-over first.
   */
  mayArrive(lane: Lane, side: Side): boolean {
    if (lane.home !== side || this.#readers[side] === undefined) return true;
    const arriving = this.#station(lane, (source) => source !== side);
    return (lane.sides[side].chain ?? -1) >= arriving.held.seq;
  }

  #station(lane: Lane, isMeant: (source: Side) => boolean): Station {
    const station = this.#stations.find((each) => each.lane === lane && isMeant(each.source));
    if (station === undefined) throw new RangeError('each lane has a station on both sides');
    return station;
  }
}
