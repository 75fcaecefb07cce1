import { setMaxListeners } from 'node:events';
import type { Limits } from '../mapping/declaration.ts';
import type { Position } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Endpoint, Source, Target } from '../model/endpoint.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { SyncPlan } from '../model/plan.ts';
import { otherSide, type Side, SIDES } from '../model/policy.ts';
import type { TableSchema } from '../model/schema.ts';
import { TRAVELLING_TABLES } from '../model/state.ts';
import type { Applied } from '../pipeline/apply/apply.ts';
import { Claims } from '../pipeline/lane/claims.ts';
import { KeyMap } from '../pipeline/lane/keys.ts';
import { Lane } from '../pipeline/lane/lane.ts';
import { Recogniser } from '../pipeline/recognise/recognise.ts';
import type { Turn } from '../pipeline/apply/run.ts';
import { isResolution, readControls, readPaused } from './control.ts';
import { DriftKeeper, type DriftWatch } from './drift.ts';
import { makeGroups, openGroups } from './open-groups.ts';
import { misfitRead, stopGroup } from './groups.ts';
import { waitIdle } from './idle.ts';
import { describeSync } from './describe.ts';
import { verifyLease } from './lease.ts';
import { limitsOf, retryDelays } from './limits.ts';
import { Meters } from './meters.ts';
import { verifyOwner } from './owner.ts';
import { holdBack } from './pace.ts';
import { ParkedRetries } from './parked-retries.ts';
import { wakeMissed } from './parked-wakes.ts';
import { Reader, type ExpectedMarker } from './reader.ts';
import { Recovery } from './recovery.ts';
import { RateLimit } from './rate-limit.ts';
import { release } from './release.ts';
import { remembered } from './remembered.ts';
import { Resumes } from './resumes.ts';
import type { LaneRoute } from './route.ts';
import { countAudit, deliver, leavingRoute, makeRoutes, takeControl, type Running } from './running.ts';
import { Spill } from './spill.ts';
import { loadDeferrals, openStation, startOf, STREAMS, streamFrom, type Station } from './stations.ts';
import type { Stream, Sync, SyncStatus } from './sync-status.ts';
import { Watch } from './watch.ts';
import { verifyLog } from './verify-log.ts';

const HOUSEKEEPING_MS = 1_000;
/** Housekeeping, the watch over both servers, and groups that heal. */
const LISTENERS_BESIDE_ROUTES = 10;

/** What a sync runs on once everything is opened and compiled. */
export interface SyncParts {
  readonly plan: SyncPlan;
  readonly endpoints: Readonly<Record<Side, Endpoint>>;
  readonly schemas: Readonly<Record<Side, readonly TableSchema[]>>;
  readonly context: Context;
  readonly direction?: 'toRight' | 'toLeft' | undefined;
  readonly limits?: Limits | undefined;
  /** Looks at both catalogues from time to time, where the engine is to follow changes of schemas. */
  readonly watch?: DriftWatch | undefined;
  /** Table groups whose live tables the plan does not fit, which was made for the tables as they were; by lane id. */
  readonly misfits?: ReadonlyMap<string, TandemError> | undefined;
}

/**
 * The life of one sync: take over, verify the logs, read both, apply both ways, stop. What happens to a change on the
 * way is pipeline/apply/run.ts; here is only who runs when, and what an error ends.
 */
export class Engine {
  readonly #given: SyncParts;
  readonly #opened: Target[];
  readonly #stopReading = new AbortController();
  readonly #stopWaiting = new AbortController();
  readonly #outdated = new AbortController();
  readonly #sources: Partial<Record<Side, Source>> = {};
  readonly #readers: Partial<Record<Side, Reader>> = {};
  readonly #retries: ParkedRetries;
  #running: Running | null = null;
  #state: SyncStatus['state'] = 'running';
  #failure: TandemError | null = null;

  constructor(given: SyncParts, opened: Target[]) {
    this.#given = given;
    this.#opened = opened;
    this.#retries = new ParkedRetries(given.context);
    // Each route listens while it pauses between attempts, and lets go afterwards: many table groups, many listeners.
    setMaxListeners(LISTENERS_BESIDE_ROUTES + 2 * given.plan.lanes.length, this.#stopWaiting.signal);
  }

  async start(): Promise<Sync> {
    const { plan, endpoints, context } = this.#given;
    await verifyOwner(endpoints, plan.name);
    const lanes = plan.lanes.map((lane) => new Lane(lane));
    const stations = await this.#takeOver(lanes);
    const keys = new KeyMap(await this.#lookUps());
    const takenOverAt = { left: await endpoints.left.logEnd(), right: await endpoints.right.logEnd() };
    const recogniser = (side: Side) => {
      const { positions, state } = endpoints[side];
      const counterpart = (link: string, text: string) => keys.recall(link, side, text);
      return new Recogniser(side, lanes, positions, state.checkpoint.ref.schema, counterpart);
    };
    const recognisers = { left: recogniser('left'), right: recogniser('right') };
    const limits = limitsOf(this.#given.limits);
    for (const { source, held } of stations) recognisers[source].resumeFrom(held.position, held.effectiveUs);
    const counts = { dropped: emptyCounts(), sideEffects: emptyCounts() };
    const shared = {
      endpoints,
      lanes,
      recognisers,
      readers: this.#readers,
      recovery: new Recovery(stations, this.#readers, endpoints),
      context,
      keys,
      takenOverAt,
      claims: new Claims(),
      limits,
      spill: new Spill(context),
      rates: {
        'left->right': new RateLimit(limits.rowsPerSecond['left->right'], context.nowMs()),
        'right->left': new RateLimit(limits.rowsPerSecond['right->left'], context.nowMs()),
      },
      stopping: this.#stopReading.signal,
      full: { left: false, right: false },
      skews: { left: 0, right: 0 },
      meters: new Meters(),
      paces: { left: { owedMs: 0, awaited: 0 }, right: { owedMs: 0, awaited: 0 } },
      groups: makeGroups(lanes, stations, this.#given.schemas),
      ...counts,
    };
    const active = stations.filter((station) => this.#isActive(station.source));
    const routes = makeRoutes(shared, active, (...done) => this.#onDone(...done));
    const running: Running = { ...shared, routes };
    this.#running = running;
    openGroups(running, stations, this.#given.misfits ?? new Map(), this.#given.watch !== undefined);
    await this.#openReaders(running, stations);
    await this.#readPauses(routes);
    await this.#readResolutions(running);
    const watch = new Watch(running, this.#sources);
    const finished = this.#run(running, watch);
    finished.catch(() => undefined);
    context.log.info({ lanes: lanes.length, routes: routes.length }, 'started');
    return this.#handle(running, watch, finished);
  }

  #isActive(source: Side): boolean {
    const { direction } = this.#given;
    return direction === undefined || (direction === 'toRight') === (source === 'left');
  }

  /** Both directions are taken over even if one runs alone: a second engine must not write beside this one. */
  async #takeOver(lanes: readonly Lane[]): Promise<Station[]> {
    const { endpoints } = this.#given;
    const stations: Station[] = [];
    for (const lane of lanes) {
      for (const source of SIDES) {
        const limits = limitsOf(this.#given.limits);
        const station = await openStation(endpoints[otherSide(source)], lane, source, this.#given.context, limits);
        this.#opened.push(station.target);
        stations.push(station);
        lane.sides[otherSide(source)].echoes.remembersUntil(station.held);
        if (lane.remote === otherSide(source)) {
          await loadDeferrals(station.target, endpoints[lane.remote].state.deferred, lane);
        }
      }
    }
    return stations;
  }

  async #lookUps() {
    const { endpoints } = this.#given;
    const stores = [];
    for (const side of SIDES) {
      const target = await endpoints[side].target();
      this.#opened.push(target);
      stores.push({ target, shape: endpoints[side].state.key_map });
    }
    return stores;
  }

  async #openReaders(running: Running, stations: readonly Station[]): Promise<void> {
    const { endpoints, context } = this.#given;
    for (const side of SIDES) {
      if (!this.#isActive(side) && this.#given.direction !== undefined) {
        // Nobody reads this log, so nobody can tell when our own writes appear in it.
        for (const lane of running.lanes) lane.sides[side].echoes.close();
        continue;
      }
      const endpoint = endpoints[side];
      const start = startOf(side, stations, endpoint);
      const applied = stations.filter((station) => station.source === side).map(({ held }) => held.position);
      await verifyLog(endpoint, [start, ...applied]);
      running.recognisers[side].timeline.beginAfter(start);
      const source = endpoint.source({
        tables: [...this.#given.schemas[side], ...stateSchemas(endpoint)],
        chunkRows: running.limits.chunkRows,
      });
      this.#sources[side] = source;
      this.#readers[side] = new Reader({
        side,
        source,
        positions: endpoint.positions,
        recogniser: running.recognisers[side],
        opposite: running.recognisers[otherSide(side)].timeline,
        context,
        retries: retryDelays(running.limits),
        start,
        markers: expectedMarkers(side, stations, running.takenOverAt[side]),
        onRetry: (error) => running.meters.retries.add([streamFrom(side), 'capture', error.code]),
        deliver: (recognised, transaction) => {
          const { position } = transaction;
          for (const { lane, error } of recognised.failures) misfitRead(running, lane, side, position, error);
          deliver(running, side, recognised, transaction);
          return holdBack(running, side, transaction.changes.length);
        },
        verifyLease: () => verifyLease(endpoints, running.routes),
      });
    }
  }

  async #readPauses(routes: readonly LaneRoute[]): Promise<void> {
    const paused = await readPaused(this.#given.endpoints.left, STREAMS);
    for (const route of routes) route.paused = paused.has(route.stream);
  }

  /** Decisions about conflicts that were asked for while no engine ran. */
  async #readResolutions(running: Running): Promise<void> {
    for (const side of SIDES) {
      if (!running.lanes.some((lane) => lane.home === side)) continue;
      const controls = await readControls(this.#given.endpoints[side]);
      for (const control of controls) if (isResolution(control.name)) takeControl(running, side, control);
    }
  }

  async #run(running: Running, watch: Watch): Promise<void> {
    const readings = SIDES.flatMap((side) => this.#readers[side]?.run(this.#stopReading.signal) ?? []);
    const applying = running.routes.map((route) => this.#runRoute(running, route));
    const housekeeping = this.#keepHouse(running);
    const watching = watch.run(this.#stopWaiting.signal);
    try {
      // Readers only end when they are told to or when something is wrong; routes may end one by one.
      await Promise.race([
        Promise.all(readings),
        Promise.all(applying),
        housekeeping,
        rejection(this.#outdated.signal),
      ]);
    } catch (thrown) {
      this.#state = 'failed';
      const error = asTandemError(thrown);
      this.#failure = error;
      const fields = { code: error.code, at: error.details.at };
      if (error.code !== 'TD5033') running.context.log.error(fields, `${error.message}; stopping`);
      throw error;
    } finally {
      await this.#windDown(running, [...readings, ...applying, housekeeping, watching]);
      if (this.#state !== 'failed') this.#state = 'stopped';
      running.context.log.info({ state: this.#state }, 'stopped');
    }
  }

  async #runRoute(running: Running, route: LaneRoute): Promise<void> {
    for (;;) {
      try {
        return await route.run(this.#stopWaiting.signal);
      } catch (thrown) {
        const error = asTandemError(thrown);
        // A group that is stopped touches nothing but Tandem's own tables: what fails there is no matter of schemas.
        if (route.stopped || (error.class !== 'schema' && error.class !== 'row')) throw error;
        stopGroup(running, route.lane, error);
      }
    }
  }

  /** Appliers first, so that what is in flight commits; then readers; then files and connections. */
  async #windDown(running: Running, work: readonly Promise<void>[]): Promise<void> {
    this.#stopWaiting.abort();
    for (const route of running.routes) route.end();
    for (const lane of running.lanes) for (const side of SIDES) lane.sides[side].echoes.close();
    this.#stopReading.abort();
    await Promise.allSettled(work);
    for (const route of running.routes) route.notice.close();
    await running.spill.close();
    for (const target of this.#opened) await target[Symbol.asyncDispose]();
  }

  async #keepHouse(running: Running): Promise<void> {
    const { signal } = this.#stopWaiting;
    const drift = new DriftKeeper(running, this.#given.watch ?? null, signal, () => this.#followSchemas());
    const resumes = new Resumes();
    while (!signal.aborted) {
      await running.context.sleep(HOUSEKEEPING_MS, signal).catch(() => undefined);
      for (const side of SIDES) this.#readers[side]?.look();
      this.#retries.ask(running);
      resumes.look(running);
      drift.tick();
      release(running, this.#sources);
    }
  }

  /** The tables have changed and the mapping fits them: this engine ends, and a new one goes on with a new plan. */
  #followSchemas(): void {
    if (this.#state !== 'running') return;
    this.#outdated.abort(
      new TandemError('TD5033', 'linked tables have changed, and the mapping fits them as they are'),
    );
  }

  #onDone(route: LaneRoute, turn: Turn, applied: Applied | null): void {
    const running = this.#running;
    if (running === null) return;
    if (turn.kind === 'tasks') {
      const leaving = leavingRoute(running, route.lane, route.target);
      for (const task of turn.tasks) if (task.kind === 'audit') countAudit(leaving, task.at, -1);
    }
    if (applied !== null) wakeMissed(running.keys, route, applied.parked);
    if (running.routes.some((each) => each.applier.parked.hasWoken)) this.#retries.ask(running);
    release(running, this.#sources);
  }

  #handle(running: Running, watch: Watch, finished: Promise<void>): Sync {
    return {
      finished,
      meters: running.meters,
      remembered: () => remembered(running),
      status: () => describeSync(running, watch, { state: this.#state, failure: this.#failure }),
      idle: () => {
        const over = new AbortController();
        const idle = waitIdle(running, over.signal);
        return Promise.race([idle, finished]).finally(() => over.abort());
      },
      stop: async () => {
        if (this.#state === 'running') this.#state = 'stopping';
        for (const route of running.routes) route.end();
        await finished.catch(() => undefined);
      },
    };
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(asTandemError(signal.reason))));
}

function emptyCounts(): Record<Stream, number> {
  return { 'left->right': 0, 'right->left': 0 };
}

function stateSchemas(endpoint: Endpoint): TableSchema[] {
  return TRAVELLING_TABLES.map((name) => {
    const { ref, columns, key } = endpoint.state[name];
    return {
      ref,
      columns,
      key: key.map((at) => columns[at]?.name ?? ''),
      uniques: [],
      foreignKeys: [],
      triggers: [],
      fullImages: true,
      transactional: true,
      logsCascades: true,
    };
  });
}

function expectedMarkers(side: Side, stations: readonly Station[], by: Position): readonly ExpectedMarker[] {
  return stations
    .filter((station) => station.source === otherSide(side))
    .map(({ lane, held }) => ({ isSeen: () => (lane.sides[side].chain ?? -1) >= held.seq, by }));
}
