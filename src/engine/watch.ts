import { decidesByTime, SKEW_MAX_MS } from './check-clocks.ts';
import type { Source } from '../model/endpoint.ts';
import { otherSide, type Side, SIDES } from '../model/policy.ts';
import { checkHealth, type DirectionFacts } from './health.ts';
import { durableFloor } from './release.ts';
import { RetentionGuard } from './retention.ts';
import type { LaneRoute } from './route.ts';
import type { Running } from './running.ts';
import { STREAMS, streamFrom } from './stations.ts';
import type { DirectionStatus, HealthCheck, SideStatus, Stream } from './sync-status.ts';
import { Vigil } from './vigil.ts';

/** PostgreSQL keeps its log in files of this size; to hold back less than one costs nothing. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const REFRESH_AFTER_MS = 30_000;

/** Looks at a running sync from outside of its line: servers, clocks, kept logs, lag. Writes nothing itself. */
export class Watch {
  readonly #running: Running;
  readonly #sources: Partial<Record<Side, Source>>;
  readonly #vigils: Readonly<Record<Side, Vigil>>;
  readonly #guards: Readonly<Record<Side, RetentionGuard>>;
  readonly #neededForMs: Record<Side, number> = { left: 0, right: 0 };
  readonly #heardMs: Record<Side, number | null> = { left: null, right: null };
  #clocksDiffer = false;

  constructor(running: Running, sources: Partial<Record<Side, Source>>) {
    this.#running = running;
    this.#sources = sources;
    const vigil = (side: Side): Vigil =>
      new Vigil({
        endpoint: running.endpoints[side],
        context: running.context,
        silenceMs: running.limits.silenceMs,
        read: () => running.readers[side]?.position ?? null,
        onRound: () => this.#onRound(side),
      });
    this.#vigils = { left: vigil('left'), right: vigil('right') };
    this.#guards = {
      left: new RetentionGuard('left', running.context),
      right: new RetentionGuard('right', running.context),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(SIDES.map((side) => this.#vigils[side].run(signal)));
  }

  #onRound(side: Side): void {
    this.#heard(side);
    const { vitals, failure, skewMs } = this.#vigils[side];
    if (vitals === null || failure !== null) return;
    this.#running.skews[side] = skewMs ?? 0;
    this.#guard(side);
    this.#compareClocks();
  }

  #guard(side: Side): void {
    const { limits, rates } = this.#running;
    const vigil = this.#vigils[side];
    const floor = durableFloor(this.#running, side);
    if (floor === null || vigil.vitals === null) return;
    const { kept } = vigil.vitals;
    const { ageMs, file } = vigil.since(floor);
    this.#guards[side].look(kept, { ageMs, file, retainedBytesMax: limits.retainedBytes });
    this.#neededForMs[side] = ageMs;
    const { level } = this.#guards[side].now;
    rates[streamFrom(side)].isLifted = level === 'throttle' || level === 'critical';
    const holdsBack =
      kept.kind === 'slot' ? kept.retainedBytes > SEGMENT_BYTES && ageMs > REFRESH_AFTER_MS : level !== 'fine';
    if (holdsBack) this.#refresh(side);
    vigil.forget(floor);
  }

  /**
   * What was read and holds nothing to apply normally waits for the next change to be remembered. Where the log in
   * front of it grows by what others write (other databases of the server, bookkeeping of our own), it is remembered
   * now, so that the source can let go of it. By size or age, never by event: that would make two idle logs ping-pong.
   */
  #refresh(side: Side): void {
    const { routes, readers, endpoints } = this.#running;
    const { positions } = endpoints[side];
    for (const route of routes) {
      if (!route.isIdle || !route.isRecovered) continue;
      const opposite = otherSide(side);
      const floor = route.target === side ? route.applier.held.floor : route.applier.held.position;
      const reached = route.target === side ? route.lane.sides[opposite].seen : readers[side]?.position;
      const upTo = readers[otherSide(route.target)]?.position;
      if (upTo === undefined || reached === undefined || reached === null) continue;
      if (floor === null || !positions.covers(floor, reached)) route.remember(upTo);
    }
  }

  #compareClocks(): void {
    const { lanes, context } = this.#running;
    const { left, right } = this.#vigils;
    if (left.skewMs === null || right.skewMs === null) return;
    if (!decidesByTime(lanes.map(({ plan }) => plan))) return;
    const skewMs = left.skewMs - right.skewMs;
    const differ = Math.abs(skewMs) > SKEW_MAX_MS + left.skewErrorMs + right.skewErrorMs;
    if (differ === this.#clocksDiffer) return;
    this.#clocksDiffer = differ;
    const fields = { leftAheadMs: Math.round(skewMs) };
    if (!differ) return context.log.info(fields, 'the clocks of both servers agree again');
    const message = 'the clocks of both servers differ, and conflicts go to who wrote last';
    context.log.warn({ code: 'TD6056', ...fields }, message);
  }

  side(side: Side): SideStatus {
    const vigil = this.#vigils[side];
    return {
      silentMs: vigil.silentMs(),
      readUntilMs: vigil.readUntilMs(),
      skewMs: vigil.skewMs,
      retention: this.#guards[side].now,
      neededForMs: this.#neededForMs[side],
      kept: vigil.vitals?.kept ?? null,
    };
  }

  /**
   * The age of the oldest change that is not applied. Where none is known there may still be some that have not been
   * read, so 0 takes a recent proof that the log held nothing more.
   */
  lagMs(stream: Stream): number | null {
    const { context, limits, skews } = this.#running;
    const source: Side = stream === 'left->right' ? 'left' : 'right';
    const readUntilMs = this.#vigils[source].readUntilMs();
    if (readUntilMs === null) return null;
    const unprovenMs = context.nowMs() - readUntilMs;
    const isProven = unprovenMs <= limits.silenceMs;
    if (!isProven && this.#vigils[source].silentMs() > limits.silenceMs) return null;
    const waiting = this.#routesOf(stream).flatMap((route) => route.oldest?.committedAtUs ?? []);
    const oldestMs = waiting.length === 0 ? Infinity : Math.min(...waiting) / 1_000 - skews[source];
    return Math.max(0, context.nowMs() - oldestMs, isProven ? 0 : unprovenMs);
  }

  #routesOf(stream: Stream): readonly LaneRoute[] {
    return this.#running.routes.filter((route) => route.stream === stream);
  }

  health(directions: Readonly<Record<Stream, DirectionStatus>>): readonly HealthCheck[] {
    const { context, limits } = this.#running;
    const sides = SIDES.map((side) => {
      const heardMs = this.#heard(side);
      return {
        side,
        silentMs: this.#vigils[side].silentMs(),
        failure: this.#vigils[side].failure?.code ?? null,
        streamSilentMs: heardMs === null ? null : context.nowMs() - heardMs,
        retention: this.#guards[side].now,
      };
    });
    const facts = STREAMS.map((stream): DirectionFacts => {
      const { state, lagMs, lastError } = directions[stream];
      return { stream, state, lagMs, error: lastError?.code ?? null, failingMs: this.#failingMs(stream) };
    });
    return checkHealth(sides, facts, limits.silenceMs);
  }

  /** A connection that was given up was last heard of when it was, until another one is heard. */
  #heard(side: Side): number | null {
    const heardMs = this.#sources[side]?.heardMs() ?? null;
    const isFailing = (this.#running.readers[side]?.failure ?? null) !== null;
    if (heardMs !== null || !isFailing) this.#heardMs[side] = heardMs;
    return this.#heardMs[side];
  }

  #failingMs(stream: Stream): number | null {
    const { context, readers } = this.#running;
    const reader = readers[stream === 'left->right' ? 'left' : 'right'];
    const since = [reader?.failure?.sinceMs, ...this.#routesOf(stream).map((route) => route.failingSinceMs)];
    const known = since.filter((each) => each !== null && each !== undefined);
    return known.length === 0 ? null : context.nowMs() - Math.min(...known);
  }
}
