import type { Position, Positions } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Checkpoint } from '../model/endpoint.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { Applied } from '../pipeline/apply/apply.ts';
import type { Lane, Task } from '../pipeline/lane/lane.ts';
import type { LaneItem, Unread } from '../pipeline/lane/linked.ts';
import type { GroupNote, Owing } from '../pipeline/write/owe.ts';
import { run, type Route, type Turn } from '../pipeline/apply/run.ts';
import { answered, type Applier } from '../pipeline/write/transact.ts';
import { Backoff, isWorthRetrying } from './backoff.ts';
import { Notice } from './notice.ts';
import type { RetryDelays } from './limits.ts';
import type { Meters } from './meters.ts';
import type { ItemQueue, Size } from './queue.ts';
import type { RateLimit } from './rate-limit.ts';
import { Stopwatch } from './stopwatch.ts';
import type { DirectionStatus, Stream } from './sync-status.ts';

/** An idle route remembers its position this often, so that its log can be released (design README 2). */
const SAVE_INTERVAL_MS = 10_000;

const RECOVERY_POLL_MS = 20;

export interface LaneRouteOptions {
  readonly stream: Stream;
  readonly applier: Applier;
  readonly lane: Lane;
  readonly queue: ItemQueue;
  readonly context: Context;
  /** What one target transaction holds at most. */
  readonly batchMax: Readonly<Size>;
  readonly retries: RetryDelays;
  readonly meters: Meters;
  /** The source's clock minus ours. */
  readonly skewMs: () => number;
  /** Shared by all lanes of the direction. */
  readonly rate: RateLimit;
  /** Positions of the source's log. */
  readonly positions: Positions;
  /** Have both readers re-read up to the durable checkpoints? */
  readonly isRecovered: () => boolean;
  /** Keys of one table that are noted at most while the group is stopped. */
  readonly dirtyRows: number;
  /** A stopped group does no work of the protocol's own: the rows that it was about are owed to the other side. */
  readonly handOver: (route: LaneRoute, tasks: readonly Task[]) => void;
  /** Is something that was handed over not noted yet? */
  readonly hasHandedOver: (route: LaneRoute) => boolean;
  /** Wakes the opposite route and whoever waits for idleness, and acknowledges. */
  readonly onDone: (route: LaneRoute, turn: Turn, applied: Applied | null) => void;
}

/** One lane of one route: its queue, its turn to act, its counters, its retries. */
export class LaneRoute implements Route {
  readonly stream: Stream;
  readonly applier: Applier;
  readonly lane: Lane;
  readonly queue: ItemQueue;
  readonly notice: Notice;
  readonly tasks: Task[] = [];
  readonly counters = { rows: 0, transactions: 0, conflicts: 0, deferred: 0, reasserted: 0, parked: 0 };
  /** Read and of no concern to this lane, beyond the last item. */
  skipped: Position | null = null;
  paused = false;
  retrying = false;
  /** The table group is stopped: what changes is noted instead of being applied. */
  stopped = false;
  /** To be noted with the next transaction: rows, whole tables that are in step again, what stands about the group. */
  readonly owed: Unread[] = [];
  readonly paidWholes: string[] = [];
  readonly postponed: Task[] = [];
  groupNote: GroupNote | null = null;
  lastError: TandemError | null = null;
  /** How many audits home changes from an ordinal on must wait for; set on the route that leaves home. */
  readonly auditsOpen = new Map<number, number>();
  /** Since when attempts fail without one that succeeds, milliseconds since 1970. */
  failingSinceMs: number | null = null;
  readonly #stopwatch: Stopwatch;
  #inFlight: readonly LaneItem[] = [];
  #ending = false;
  /** Take-overs of our own whose answer was lost: each may have raised the epoch. */
  #unanswered = 0;
  /** Until the first new item, what the reader delivers may be in the target already. */
  #mayRepeat = true;
  #savedAtMs: number;
  readonly #options: LaneRouteOptions;

  constructor(options: LaneRouteOptions) {
    this.stream = options.stream;
    this.applier = options.applier;
    this.lane = options.lane;
    this.queue = options.queue;
    this.notice = new Notice(options.context);
    this.#options = options;
    this.#savedAtMs = options.context.nowMs();
    this.#stopwatch = new Stopwatch(options.stream, options.meters, options.context.nowMs);
  }

  /** What the target has already, which a restarted reader reads again, is left out. */
  push(item: LaneItem): void {
    if (this.#mayRepeat && this.#options.positions.covers(this.applier.held.position, item.position)) return;
    this.#mayRepeat = false;
    this.queue.push(item);
    this.#stopwatch.arrived(item);
  }

  noteMapped(): void {
    this.#stopwatch.mapped();
  }

  /** The log was read up to here and held nothing to apply; saved by timer, as soon as nothing waits. */
  remember(position: Position): void {
    // The first one starts the timer of a route that sleeps without one.
    if (this.skipped === null) this.notice.ring();
    this.skipped = position;
  }

  get target(): Side {
    return this.applier.arena.target;
  }

  /** Nothing read, queued or on its way that is not applied. */
  get isIdle(): boolean {
    const isNoted = this.owed.length === 0 && this.paidWholes.length === 0 && this.groupNote === null;
    return isNoted && this.#inFlight.length === 0 && this.queue.isEmpty && this.tasks.length === 0;
  }

  /** Is there something to apply, or work of the protocol's own? */
  get hasWork(): boolean {
    return this.oldest !== null || !this.queue.isEmpty || this.tasks.length > 0;
  }

  /** The oldest item that is not applied yet. */
  get oldest(): LaneItem | null {
    return this.#inFlight[0] ?? this.queue.peek();
  }

  /** Have both readers re-read what the durable checkpoints hold? */
  get isRecovered(): boolean {
    return this.#options.isRecovered();
  }

  get state(): DirectionStatus['state'] {
    if (this.stopped) return 'stopped';
    if (this.retrying) return 'retrying';
    if (this.paused) return 'paused';
    return this.#options.isRecovered() ? 'running' : 'recovering';
  }

  get isEnding(): boolean {
    return this.#ending;
  }

  end(): void {
    this.#ending = true;
    this.notice.ring();
  }

  /** Runs to the end, across everything that is transient. Throws what is not. */
  async run(signal: AbortSignal): Promise<void> {
    const { context } = this.#options;
    const backoff = new Backoff(context, this.#options.retries, {
      stream: this.stream,
      lane: this.lane.plan.id,
      stage: 'apply',
    });
    let mustTakeOver = false;
    while (!this.#ending) {
      try {
        if (mustTakeOver) await this.#takeOver();
        mustTakeOver = false;
        await run({
          applier: this.applier,
          next: () => this.next(),
          done: (turn, applied) => {
            backoff.reset();
            this.done(turn, applied);
          },
        });
      } catch (thrown) {
        const error = asTandemError(thrown);
        this.lastError = error;
        if (!isWorthRetrying(error)) throw error;
        if (this.#ending) return;
        this.retrying = true;
        this.failingSinceMs ??= context.nowMs();
        this.#options.meters.retries.add([this.stream, 'apply', error.code]);
        mustTakeOver = true;
        // Each take-over counts one seq and one epoch; what remains grows with what was committed.
        const { seq, epoch } = this.applier.held;
        await backoff.wait(error, signal, seq - epoch).catch(() => undefined);
      }
    }
  }

  /**
   * Our transaction may have been committed or not: the row under lock tells, and nobody else can write it meanwhile.
   * Throws TD9001 for a successor and TD6030 where the row went back to before what it had held: what is missing was
   * dropped from memory long ago, and only a start from the row's position brings it again.
   */
  async #takeOver(): Promise<void> {
    const { applier, stream, lane } = this;
    const { epoch } = applier.held;
    const epochMax = epoch + this.#unanswered;
    this.#unanswered++;
    const taken = await applier.target.takeOver(stream, lane.plan.id, epochMax);
    this.#unanswered = 0;
    if (!this.#options.positions.covers(taken.position, applier.held.position)) throw this.#rewound(taken);
    applier.held = taken;
    // Each take-over counts one epoch and one seq; what remains is the last transaction that was committed.
    const seq = taken.seq - (taken.epoch - epoch);
    answered(applier, applier.unanswered?.seq === seq);
    lane.sides[this.target].echoes.withdrawFrom(seq + 1);
    this.#dropApplied();
    this.retrying = false;
    if (!this.stopped) this.lastError = null;
  }

  /** Throws TD9001 where the checkpoint row is a successor's. */
  verifyLease(found: Checkpoint | null): void {
    if (found !== null && found.epoch > this.applier.held.epoch + this.#unanswered) throw this.#succeeded();
  }

  #rewound(taken: Checkpoint): TandemError {
    return new TandemError('TD6030', `the ${this.target} side lost changes that it had confirmed`, {
      expected: `a checkpoint at or after ${this.applier.held.position}`,
      found: taken.position,
      at: { stream: this.stream, lane: this.lane.plan.id },
    });
  }

  #dropApplied(): void {
    const { positions } = this.#options;
    this.#inFlight = this.#inFlight.filter((item) => !positions.covers(this.applier.held.position, item.position));
  }

  /** A successor has taken over while this engine was away: taking the lease back would only make both fight for it. */
  #succeeded(): TandemError {
    return new TandemError('TD9001', 'another engine has taken over this sync', {
      fix: 'Run one engine for a sync; `tandem status` shows its positions.',
      at: { stream: this.stream, lane: this.lane.plan.id },
    });
  }

  async next(): Promise<Turn> {
    for (;;) {
      if (this.#ending) return { kind: 'end' };
      if (this.#options.isRecovered() && !this.paused) {
        const turn = await this.#turn();
        if (turn !== null) return turn;
      }
      await this.notice.wait(this.#patienceMs());
    }
  }

  /** Recovery shows in positions that move without a ring; an idle position is saved by timer; all else rings. */
  #patienceMs(): number {
    if (!this.#options.isRecovered()) return RECOVERY_POLL_MS;
    const owedMs = this.#options.rate.waitMs(this.#options.context.nowMs());
    if (owedMs > 0) return Math.min(owedMs, SAVE_INTERVAL_MS / 10);
    if (this.skipped === null || this.paused || !this.queue.isEmpty) return SAVE_INTERVAL_MS / 10;
    // What is left of the interval: a timer that fires a moment early must not wait for another whole one.
    return Math.max(1, this.#savedAtMs + SAVE_INTERVAL_MS - this.#options.context.nowMs());
  }

  async #turn(): Promise<Turn | null> {
    if (this.stopped && this.tasks.length > 0) {
      const tasks = this.tasks.splice(0);
      // What a person has decided about a row waits until the group goes on.
      this.postponed.push(...tasks.filter(({ kind }) => kind === 'resolve'));
      this.#options.handOver(this, tasks);
    }
    if (this.stopped || this.owed.length > 0 || this.paidWholes.length > 0 || this.groupNote !== null) {
      const owing = await this.#owing();
      if (owing !== null) return { kind: 'owe', owing, rowsMax: this.#options.dirtyRows };
      return this.#save();
    }
    const { context, rate } = this.#options;
    if (this.tasks.length > 0) return { kind: 'tasks', tasks: [...this.tasks] };
    if (this.#inFlight.length > 0) this.#dropApplied();
    if (this.#inFlight.length === 0 && rate.waitMs(context.nowMs()) === 0) this.#inFlight = await this.#gather();
    if (this.#inFlight.length > 0) {
      this.#stopwatch.begun(this.#inFlight, this.queue.isEmpty);
      return { kind: 'items', items: this.#inFlight };
    }
    return this.#save();
  }

  async #owing(): Promise<Owing | null> {
    if (this.stopped && this.#inFlight.length > 0) this.#dropApplied();
    if (this.stopped && this.#inFlight.length === 0) this.#inFlight = await this.#gather();
    const items = this.stopped ? this.#inFlight : [];
    const { owed, paidWholes, groupNote: group } = this;
    if (items.length === 0 && owed.length === 0 && paidWholes.length === 0 && group === null) return null;
    const keepsKnown = this.tasks.length > 0 || this.#options.hasHandedOver(this);
    return { items, rows: [...owed], paidWholes: [...paidWholes], group, keepsKnown };
  }

  #save(): Turn | null {
    const { context } = this.#options;
    if (this.skipped !== null && this.queue.isEmpty && context.nowMs() - this.#savedAtMs >= SAVE_INTERVAL_MS) {
      const source = otherSide(this.target);
      return { kind: 'save', position: this.skipped, seen: this.lane.sides[source].seen };
    }
    return null;
  }

  /** Whole transactions, as many as fit. */
  async #gather(): Promise<LaneItem[]> {
    const firstAudit = Math.min(Infinity, ...this.auditsOpen.keys());
    const { batchMax, rate } = this.#options;
    const max = { rows: rate.rowsMax(batchMax.rows), bytes: batchMax.bytes };
    return this.queue.take(max, (item) => item.ordinal < firstAudit);
  }

  done(turn: Turn, applied: Applied | null): void {
    const { context } = this.#options;
    this.retrying = false;
    this.failingSinceMs = null;
    if (!this.stopped) this.lastError = null;
    if (turn.kind === 'tasks') this.tasks.splice(0, turn.tasks.length);
    if (turn.kind === 'items') this.#measure(turn.items);
    if (turn.kind === 'items') this.#inFlight = [];
    if (turn.kind === 'owe') this.#noted(turn.owing);
    this.#savedAtMs = context.nowMs();
    if (turn.kind === 'save') this.skipped = null;
    if (applied !== null) this.#count(applied);
    this.#options.onDone(this, turn, applied);
  }

  #measure(items: readonly LaneItem[]): void {
    const { context, meters, skewMs } = this.#options;
    this.#stopwatch.ended();
    const nowUs = (context.nowMs() + skewMs()) * 1_000;
    meters.apply(this.stream, items, ({ committedAtUs }) => (nowUs - committedAtUs) / 1_000);
  }

  #noted({ items, rows, paidWholes, group }: Owing): void {
    if (items.length > 0) this.#inFlight = [];
    this.owed.splice(0, rows.length);
    this.paidWholes.splice(0, paidWholes.length);
    if (this.groupNote === group) this.groupNote = null;
  }

  #count(applied: Applied): void {
    const { counters } = this;
    counters.rows += applied.rows;
    this.#options.rate.spend(applied.rows);
    counters.transactions += applied.transactions;
    counters.conflicts += applied.conflicts;
    counters.deferred += applied.deferred;
    counters.reasserted += applied.reasserted;
    counters.parked += applied.parked.length;
    this.#tellParked(applied.parked);
  }

  /** Once per cause, however many rows it has; and once per row, however often it is tried again. */
  #tellParked(rows: Applied['parked']): void {
    const counts = new Map<string, { readonly link: string; readonly code: string; rows: number }>();
    for (const { link, code, attempts } of rows) {
      this.#options.meters.parked.add([this.stream, link, code]);
      if (attempts > 1) continue;
      const cause = counts.get(`${link} ${code}`) ?? { link, code, rows: 0 };
      cause.rows++;
      counts.set(`${link} ${code}`, cause);
    }
    for (const cause of counts.values()) {
      const message = cause.rows === 1 ? 'parked a row' : 'parked rows';
      this.#options.context.log.warn({ stream: this.stream, ...cause }, message);
    }
  }
}
