import type { Finding } from '../model/finding.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { LanePlan, SyncPlan } from '../model/plan.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import { awaitsDecision, groupOf, planRelease, stopGroup, tryRelease } from './groups.ts';
import { healGroup } from './heal.ts';
import type { Running } from './running.ts';

/** Both catalogues are looked at this often, and less often where that takes long. Reads only. */
const LOOK_INTERVAL_MS = 10_000;
const LOOK_SHARE = 50;

/** The mapping, compiled for the tables as they are now. */
export interface Look {
  /** null where it does not fit. */
  readonly plan: SyncPlan | null;
  readonly findings: readonly Finding[];
}

/** Throws TandemError where a database cannot be asked. */
export type DriftWatch = () => Promise<Look>;

/** Keeps an eye on schemas and on stopped table groups: stops, releases and heals. */
export class DriftKeeper {
  readonly #running: Running;
  readonly #watch: DriftWatch | null;
  readonly #signal: AbortSignal;
  readonly #replan: () => void;
  #nextLookMs: number;
  #looking = false;
  #warned = false;
  readonly #healing = new Set<Lane>();

  constructor(running: Running, watch: DriftWatch | null, signal: AbortSignal, replan: () => void) {
    this.#running = running;
    this.#watch = watch;
    this.#signal = signal;
    this.#replan = replan;
    this.#nextLookMs = running.context.nowMs() + LOOK_INTERVAL_MS;
  }

  /** Starts what is due and waits for nothing. */
  tick(): void {
    for (const lane of this.#running.lanes) {
      tryRelease(this.#running, lane);
      if (groupOf(this.#running, lane).state === 'healing') this.#heal(lane);
      const { error, state, releaseAt } = groupOf(this.#running, lane);
      if (state !== 'stopped' || releaseAt !== null || error?.code !== 'TD7011') continue;
      if (!awaitsDecision(this.#running, lane)) this.#background(this.#releaseAtEnds([lane]));
    }
    if (this.#watch === null || this.#looking || this.#running.context.nowMs() < this.#nextLookMs) return;
    this.#background(this.#look(this.#watch));
  }

  #background(work: Promise<void>): void {
    work.catch((thrown: unknown) => {
      const { code, message } = asTandemError(thrown);
      this.#running.context.log.debug({ code }, `${message}; looking again later`);
    });
  }

  #heal(lane: Lane): void {
    if (this.#healing.has(lane)) return;
    this.#healing.add(lane);
    this.#background(healGroup(this.#running, lane, this.#signal).finally(() => this.#healing.delete(lane)));
  }

  async #look(watch: DriftWatch): Promise<void> {
    const { context } = this.#running;
    const beganMs = context.nowMs();
    this.#looking = true;
    try {
      const look = await watch();
      if (!this.#signal.aborted) await this.#compare(look);
    } finally {
      this.#looking = false;
      const endedMs = context.nowMs();
      this.#nextLookMs = endedMs + Math.max(LOOK_INTERVAL_MS, (endedMs - beganMs) * LOOK_SHARE);
    }
  }

  async #compare({ plan, findings }: Look): Promise<void> {
    const { lanes } = this.#running;
    if (plan === null) {
      for (const [lane, error] of misfitsOf(
        lanes.map((each) => each.plan),
        findings,
      )) {
        const stopped = lanes.find(({ plan: { id } }) => id === lane);
        if (stopped !== undefined) stopGroup(this.#running, stopped, error);
      }
      return;
    }
    if (!sameGroups(plan.lanes, lanes)) return this.#warnGroups(plan);
    const changed = lanes.filter(
      (lane) => textOf(lane.plan) !== textOf(plan.lanes.find(({ id }) => id === lane.plan.id)),
    );
    const stopped = lanes.filter((lane) => groupOf(this.#running, lane).state === 'stopped');
    const isUnreadable = stopped.some((lane) => groupOf(this.#running, lane).error?.code === 'TD5031');
    if (changed.length > 0 || isUnreadable) return this.#replan();
    await this.#releaseAtEnds(stopped.filter((lane) => !awaitsDecision(this.#running, lane)));
  }

  async #releaseAtEnds(lanes: readonly Lane[]): Promise<void> {
    if (lanes.length === 0) return;
    const { endpoints } = this.#running;
    const ends = { left: await endpoints.left.logEnd(), right: await endpoints.right.logEnd() };
    for (const lane of lanes) planRelease(this.#running, lane, ends);
  }

  #warnGroups({ lanes }: SyncPlan): void {
    if (this.#warned) return;
    this.#warned = true;
    const found = lanes.map(({ links }) => links.map(({ id }) => id).join(' ')).join(', ');
    this.#running.context.log.warn({ code: 'TD5032', found }, 'foreign keys now tie other tables together than before');
  }
}

/** For each lane that errors among the findings speak of, by its id: why it stops. */
export function misfitsOf(lanes: readonly LanePlan[], findings: readonly Finding[]): Map<string, TandemError> {
  const misfits = new Map<string, TandemError>();
  for (const { severity, path, code, message, expected, found, fix, at } of findings) {
    if (severity !== 'error' || path?.[0] !== 'links') continue;
    const lane = lanes.find(({ links }) => links.some(({ id }) => id === path[1]));
    if (lane === undefined || misfits.has(lane.id)) continue;
    misfits.set(
      lane.id,
      new TandemError('TD5030', `${message} (${code})`, {
        ...(expected === undefined ? {} : { expected }),
        ...(found === undefined ? {} : { found }),
        fix: fix ?? 'Change the table back, or change the mapping, run `tandem check`, and start again.',
        at: { ...at, link: String(path[1]), finding: code },
      }),
    );
  }
  return misfits;
}

function sameGroups(plans: readonly LanePlan[], lanes: readonly Lane[]): boolean {
  const text = (groups: readonly LanePlan[]) =>
    groups.map(({ links }) => links.map(({ id }) => id).join(' ')).join(', ');
  return text(plans) === text(lanes.map(({ plan }) => plan));
}

/** A plan as text: equal for plans that were compiled for equal tables. */
function textOf(plan: LanePlan | undefined): string {
  return JSON.stringify(plan, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
