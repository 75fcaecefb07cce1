import type { Change } from '../model/change.ts';
import type { Side } from '../model/policy.ts';
import type { LaneItem } from '../pipeline/lane/linked.ts';

/** Sums by a few labels. */
export class Counter<Label extends string> {
  readonly labels: readonly Label[];
  readonly #sums = new Map<string, { readonly values: readonly string[]; sum: number }>();

  constructor(labels: readonly Label[]) {
    this.labels = labels;
  }

  /** `values` in the order of the labels. */
  add(values: readonly string[], by = 1): void {
    const key = values.join('\u0000');
    const found = this.#sums.get(key);
    if (found === undefined) this.#sums.set(key, { values, sum: by });
    else found.sum += by;
  }

  entries(): Iterable<{ readonly values: readonly string[]; readonly sum: number }> {
    return this.#sums.values();
  }
}

/** How often what was measured fell below each of the bounds (seconds), by a few labels. */
export class Histogram<Label extends string> {
  readonly labels: readonly Label[];
  readonly bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(labels: readonly Label[], bounds: readonly number[]) {
    this.labels = labels;
    this.bounds = bounds;
  }

  observe(values: readonly string[], ms: number): void {
    const key = values.join('\u0000');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { values, counts: Array.from({ length: this.bounds.length + 1 }, () => 0), sumSeconds: 0 };
      this.#series.set(key, series);
    }
    const seconds = Math.max(0, ms) / 1_000;
    let at = 0;
    while (at < this.bounds.length && seconds > (this.bounds[at] as number)) at++;
    series.counts[at] = (series.counts[at] as number) + 1;
    series.sumSeconds += seconds;
  }

  entries(): Iterable<Series> {
    return this.#series.values();
  }
}

/** `counts[i]` fell between the bounds i - 1 and i; the last one beyond all of them. */
export interface Series {
  readonly values: readonly string[];
  readonly counts: number[];
  sumSeconds: number;
}

/** Where the time of a change goes: to being read, to waiting for its turn, to being mapped, to being written. */
export type Stage = 'capture' | 'wait' | 'map' | 'apply';

/** Why a row change that was read is not sent on. */
export type DropReason = 'echo' | 'unchanged' | 'filtered' | 'unmapped';

const COMMIT_TO_APPLY_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const STAGE_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/**
 * What a running engine counts, for whoever wants to show it. Counted once per transaction or batch; where rows have to
 * be told apart, once per run of equal ones. Labels are names of the configuration and codes, never values.
 */
export class Meters {
  readonly captured = new Counter(['side', 'link', 'op']);
  readonly capturedBytes = new Counter(['side']);
  readonly dropped = new Counter(['direction', 'reason']);
  /** Row changes whose turn has come: written, or decided not to be; parked ones included. */
  readonly applied = new Counter(['direction', 'link', 'op']);
  readonly transactions = new Counter(['direction']);
  readonly parked = new Counter(['direction', 'link', 'code']);
  /** Attempts that failed and were made again, and errors that ended something. */
  readonly retries = new Counter(['direction', 'stage', 'code']);
  readonly halts = new Counter(['direction', 'lane', 'code']);
  readonly commitToApply = new Histogram(['direction'], COMMIT_TO_APPLY_S);
  readonly stages = new Histogram(['direction', 'stage'], STAGE_S);

  capture(side: Side, items: readonly { readonly item: LaneItem }[], bytes: number): void {
    this.capturedBytes.add([side], bytes);
    for (const { item } of items) countRuns(item, (link, op, rows) => this.captured.add([side, link, op], rows));
  }

  drop(direction: string, reasons: Readonly<Record<DropReason, number>>): void {
    for (const [reason, rows] of Object.entries(reasons)) if (rows > 0) this.dropped.add([direction, reason], rows);
  }

  apply(direction: string, items: readonly LaneItem[], ageMs: (item: LaneItem) => number): void {
    let transactions = 0;
    for (const item of items) {
      countRuns(item, (link, op, rows) => this.applied.add([direction, link, op], rows));
      if (!item.last) continue;
      transactions++;
      this.commitToApply.observe([direction], ageMs(item));
    }
    if (transactions > 0) this.transactions.add([direction], transactions);
  }

  stage(direction: string, stage: Stage, ms: number): void {
    this.stages.observe([direction, stage], ms);
  }
}

type Op = Change['op'] | 'reassert' | 'refresh' | 'recall';

/** Neighbours mostly are of one kind, so a map is asked once per run and not once per row. */
function countRuns({ changes }: LaneItem, count: (link: string, op: Op, rows: number) => void): void {
  let from = 0;
  for (let at = 1; at <= changes.length; at++) {
    const first = changes[from];
    const next = changes[at];
    if (first === undefined || (next !== undefined && next.op === first.op && next.link === first.link)) continue;
    count(first.link.id, first.op, at - from);
    from = at;
  }
}
