import type { LaneItem } from '../pipeline/lane/linked.ts';
import type { Meters } from './meters.ts';
import type { Stream } from './sync-status.ts';

/** Arrivals closer together than this are one: what waits for its turn is timed to a quarter of a second at worst. */
const GRAIN_MS = 250;

/** Times the stages of one lane of one direction, from the reader's hand to the commit. */
export class Stopwatch {
  readonly #stream: Stream;
  readonly #meters: Meters;
  readonly #nowMs: () => number;
  /** When items from an ordinal on came into the queue. */
  #arrivals: { readonly from: number; readonly atMs: number }[] = [];
  #begunMs = 0;
  #mappedMs: number | null = null;

  constructor(stream: Stream, meters: Meters, nowMs: () => number) {
    this.#stream = stream;
    this.#meters = meters;
    this.#nowMs = nowMs;
  }

  arrived(item: LaneItem): void {
    const last = this.#arrivals.at(-1);
    const atMs = this.#nowMs();
    if (last === undefined || atMs - last.atMs >= GRAIN_MS) this.#arrivals.push({ from: item.ordinal, atMs });
  }

  /** These items have their turn. `isLast`: nothing waits behind them. */
  begun([first]: readonly LaneItem[], isLast: boolean): void {
    this.#begunMs = this.#nowMs();
    this.#mappedMs = null;
    if (first === undefined) return;
    const next = this.#arrivals.findIndex(({ from }) => from > first.ordinal);
    const at = next < 0 ? this.#arrivals.length - 1 : next - 1;
    const arrival = this.#arrivals[at];
    if (arrival !== undefined) this.#meters.stage(this.#stream, 'wait', this.#begunMs - arrival.atMs);
    if (isLast) this.#arrivals = [];
    else if (at > 0) this.#arrivals.splice(0, at);
  }

  mapped(): void {
    this.#mappedMs ??= this.#nowMs();
  }

  ended(): void {
    const mappedMs = this.#mappedMs ?? this.#begunMs;
    this.#meters.stage(this.#stream, 'map', mappedMs - this.#begunMs);
    this.#meters.stage(this.#stream, 'apply', this.#nowMs() - mappedMs);
  }
}
