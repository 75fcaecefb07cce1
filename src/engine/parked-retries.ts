import type { Context } from '../model/context.ts';
import { isHeld } from '../pipeline/parked.ts';
import type { LaneRoute } from './route.ts';
import { askForState, type Running } from './running.ts';

const FIRST_MS = 1_000;
const LAST_MS = 600_000;
/** Requests in one round, so that thousands of parked rows never crowd out the living. */
const ROUND_MAX = 20;

/**
 * Asks for the state of parked rows again from time to time, each a little later than before, because what blocked them
 * may have gone without a word in either log (correctness 9.1).
 */
export class ParkedRetries {
  readonly #context: Context;
  readonly #next = new Map<string, { readonly atMs: number; readonly delayMs: number }>();

  constructor(context: Context) {
    this.#context = context;
  }

  ask(running: Running): void {
    let asked = 0;
    for (const route of running.routes) {
      if (route.applier.parked.size === 0 || route.stopped || route.paused) continue;
      for (const row of route.applier.parked.all()) {
        if (asked >= ROUND_MAX) return;
        // What waits for a person is not to be asked for.
        if (isHeld(row)) continue;
        if (!this.#isDue(route, `${row.link} ${row.sourceKey}`)) continue;
        askForState(running, route, row);
        asked++;
      }
    }
  }

  #isDue(route: LaneRoute, id: string): boolean {
    const key = `${route.stream} ${id}`;
    const now = this.#context.nowMs();
    const planned = this.#next.get(key);
    if (planned !== undefined && planned.atMs > now) return false;
    const delayMs = Math.min(planned === undefined ? FIRST_MS : planned.delayMs * 2, LAST_MS);
    this.#next.set(key, { atMs: now + delayMs, delayMs });
    return planned !== undefined;
  }
}
