import { otherSide } from '../model/policy.ts';
import type { Context } from '../model/context.ts';
import type { LaneRoute } from './route.ts';
import { addTask, type Running } from './running.ts';

const ROUND_MS = 1_000;

/**
 * Questions that a route asks in a round. While others have work to do, few, so that thousands of parked rows never
 * crowd out the living; more for rows that were woken, because what blocked them has gone or somebody asks for them.
 */
const MOST = { busy: { timed: 20, woken: 100 }, quiet: { timed: 100, woken: 1_000 } } as const;

/**
 * Asks for the state of parked rows whose turn has come: because what blocked them has gone, because an operator says
 * so, or from time to time, each a little later than before, because what blocked them may have gone without a word in
 * either log (correctness 9.1). The answer comes through the source's log like any change.
 */
export class ParkedRetries {
  readonly #context: Context;
  readonly #asked = new Map<LaneRoute, number>();
  #roundAtMs = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** To be called once a round, and at once when somebody was woken. */
  ask(running: Running): void {
    const nowMs = this.#context.nowMs();
    if (nowMs - this.#roundAtMs >= ROUND_MS) {
      this.#asked.clear();
      this.#roundAtMs = nowMs;
    }
    for (const route of running.routes) {
      const { parked } = route.applier;
      if (parked.size > 0 && !route.stopped && !route.paused) this.#askFor(running, route, nowMs);
    }
  }

  #askFor(running: Running, route: LaneRoute, nowMs: number): void {
    const { parked } = route.applier;
    const asked = this.#asked.get(route) ?? 0;
    const isQuiet = running.routes.every((each) => each.lane !== route.lane || each.isIdle);
    const isWoken = parked.hasWoken;
    const max = MOST[isQuiet ? 'quiet' : 'busy'][isWoken ? 'woken' : 'timed'];
    if (asked >= max) return;
    // Whoever was woken leaves no room for those whose time has merely come.
    const due = parked.takeDue(isWoken ? 0 : nowMs, max - asked);
    this.#asked.set(route, asked + due.length);
    const source = otherSide(route.target);
    for (const row of due) {
      const link = route.lane.plan.links.find((candidate) => candidate.id === row.link);
      if (link !== undefined) addTask(running, route.lane, source, { kind: 'restate', link, key: row.rowKey });
    }
  }
}
