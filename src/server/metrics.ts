import { collectDefaultMetrics, Registry, type Metric } from 'prom-client';
import { Counter, type Histogram, type Meters } from '../engine/meters.ts';
import type { StoredStatus } from '../engine/status.ts';
import type { DirectionStatus, Stream, Sync, SyncStatus } from '../engine/sync-status.ts';
import { SIDES, type Side } from '../model/policy.ts';

/** Above so many links, series by link would cost more than they tell: the label is left out then. */
const LINKS_MAX = 200;

const STREAMS: readonly Stream[] = ['left->right', 'right->left'];
const STATES: readonly DirectionStatus['state'][] = ['recovering', 'running', 'retrying', 'paused', 'stopped', 'off'];

export interface MetricsSource {
  readonly sync: Sync;
  readonly name: string;
  readonly version: string;
  readonly links: number;
  /** What the databases hold, as it was last read; null before the first time. */
  readonly stored: () => StoredStatus | null;
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
}

/** The text of /metrics. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * Everything that a sync counts and knows, in Prometheus' text format. Names of links, codes and sides are all that
 * stands in labels.
 */
export function openMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  const add = (name: string, type: string, help: string, values: () => readonly Sample[]): void => {
    const metric = { name, help, type, get: async () => ({ name, help, type, values: values(), aggregator: 'sum' }) };
    // The registry asks of a metric nothing but its name and what `get` answers.
    registry.registerMetric(metric as unknown as Metric);
  };
  addEngine(add, source);
  addRemembered(add, source);
  addDirections(add, () => source.sync.status());
  addSides(add, () => source.sync.status());
  addSlots(add, () => source.sync.status());
  addCounters(add, source);
  addConflicts(add, source);
  addStored(add, source.stored);
  collectDefaultMetrics({ register: registry });
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

type Add = (
  name: string,
  type: 'gauge' | 'counter' | 'histogram',
  help: string,
  values: () => readonly Sample[],
) => void;

function one(value: number | null | undefined, labels: Sample['labels'] = {}): readonly Sample[] {
  return value === null || value === undefined ? [] : [{ labels, value }];
}

function addEngine(add: Add, { sync, name, version }: MetricsSource): void {
  add('tandem_build_info', 'gauge', 'Version of Tandem and of Node; always 1.', () =>
    one(1, { version, node: process.versions.node, sync: name }),
  );
  add('tandem_healthy', 'gauge', '1 while every check of /readyz passes.', () => one(Number(sync.status().healthy)));
  add('tandem_check', 'gauge', 'One check of /readyz: 1 = passes; code says why not.', () =>
    sync.status().checks.map(({ check, ok, code }) => ({ labels: { check, code: code ?? '' }, value: Number(ok) })),
  );
}

function addRemembered(add: Add, { sync }: MetricsSource): void {
  add('tandem_remembered', 'gauge', 'What the engine remembers of changes, in entries, by kind.', () =>
    Object.entries(sync.remembered()).map(([kind, value]) => ({ labels: { kind }, value })),
  );
}

function addDirections(add: Add, status: () => SyncStatus): void {
  const each = (of: (direction: DirectionStatus) => number | null) => () => {
    const { directions } = status();
    return STREAMS.flatMap((direction) => one(of(directions[direction]), { direction }));
  };
  add('tandem_direction_state', 'gauge', '1 for the state that a direction is in.', () => {
    const { directions } = status();
    return STREAMS.flatMap((direction) =>
      STATES.map((state) => ({ labels: { direction, state }, value: Number(directions[direction].state === state) })),
    );
  });
  add(
    'tandem_replication_lag_seconds',
    'gauge',
    'Age of the oldest change that is not applied; 0 only with a recent proof of it; absent while unknown.',
    each(({ lagMs }) => (lagMs === null ? null : lagMs / 1_000)),
  );
  add(
    'tandem_queue_events',
    'gauge',
    'Row changes that are read and not applied.',
    each((of) => of.queuedRows),
  );
  add(
    'tandem_queue_bytes',
    'gauge',
    'About what they take in the log.',
    each((of) => of.queuedBytes),
  );
  add(
    'tandem_deferred_total',
    'counter',
    "Changes that wait for the home side's decision.",
    each((of) => of.deferred),
  );
  add(
    'tandem_reasserted_total',
    'counter',
    'Decisions sent to the other side.',
    each((of) => of.reasserted),
  );
  add(
    'tandem_side_effects_total',
    'counter',
    'Rows that triggers or cascades changed.',
    each((of) => of.sideEffects),
  );
  add(
    'tandem_parked_rows',
    'gauge',
    'Rows that the target is owed.',
    each((of) => of.parked),
  );
}

function addSides(add: Add, status: () => SyncStatus): void {
  const each = (of: (side: SyncStatus['sides'][Side]) => number | null) => () => {
    const { sides } = status();
    return SIDES.flatMap((side) => one(of(sides[side]), { side }));
  };
  add(
    'tandem_server_silent_seconds',
    'gauge',
    'Since the server last answered.',
    each((of) => of.silentMs / 1_000),
  );
  add(
    'tandem_clock_skew_seconds',
    'gauge',
    "The server's clock minus ours.",
    each((of) => seconds(of.skewMs)),
  );
  add(
    'tandem_read_until_timestamp_seconds',
    'gauge',
    'Everything committed until then has been read.',
    each((of) => seconds(of.readUntilMs)),
  );
  add(
    'tandem_retention_used_ratio',
    'gauge',
    'Of the log that may be kept; 1 = lost.',
    each((of) => of.retention.used),
  );
  add(
    'tandem_retention_left_seconds',
    'gauge',
    'Until log that is needed is lost, at the present pace; absent where it does not shrink.',
    each((of) => of.retention.secondsLeft),
  );
  add(
    'tandem_mysql_binlog_expire_seconds',
    'gauge',
    'How long the server keeps its binary log; absent = for ever.',
    each(({ kept }) => (kept?.kind === 'files' ? seconds(kept.expireMs) : null)),
  );
  add(
    'tandem_mysql_binlog_position_age_seconds',
    'gauge',
    'How long ago the binary log went beyond what is still needed.',
    each(({ kept, neededForMs }) => (kept?.kind === 'files' ? neededForMs / 1_000 : null)),
  );
}

function addSlots(add: Add, status: () => SyncStatus): void {
  const slots = (of: (kept: Slot) => number | null) => () => {
    const { sides } = status();
    return SIDES.flatMap((side) => {
      const { kept } = sides[side];
      return kept?.kind === 'slot' ? one(of(kept), { side, slot: kept.slot }) : [];
    });
  };
  add(
    'tandem_pg_slot_active',
    'gauge',
    '1 while the slot is read.',
    slots((kept) => Number(kept.active)),
  );
  add(
    'tandem_pg_slot_retained_bytes',
    'gauge',
    'Log that the slot keeps.',
    slots((kept) => kept.retainedBytes),
  );
  add(
    'tandem_pg_slot_safe_wal_bytes',
    'gauge',
    'What may be written before it is lost.',
    slots((kept) => kept.safeBytes),
  );
}

type Slot = Extract<SyncStatus['sides'][Side]['kept'], { readonly kind: 'slot' }>;

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

function addConflicts(add: Add, { sync, links }: MetricsSource): void {
  add('tandem_conflicts_total', 'counter', 'Conflicts, by what they came to.', () => {
    const counter = new Counter(['direction', 'link', 'type', 'resolution']);
    const { directions } = sync.status();
    for (const direction of STREAMS) {
      for (const { link, type, resolution, count } of directions[direction].conflictCounts) {
        counter.add([direction, link, type, resolution], count);
      }
    }
    return withoutLinks(counter, links);
  });
  add('tandem_conflicts_open', 'gauge', 'Conflicts that wait for a person.', () => {
    const { directions } = sync.status();
    return STREAMS.map((direction) => ({ labels: { direction }, value: directions[direction].conflictsOpen }));
  });
}

function addCounters(add: Add, { sync, links }: MetricsSource): void {
  // An engine that begins anew counts anew.
  const sums = (of: (meters: Meters) => Counter<string>) => () => withoutLinks(of(sync.meters), links);
  const times = (of: (meters: Meters) => Histogram<string>, name: string) => () => buckets(of(sync.meters), name);
  add(
    'tandem_events_captured_total',
    'counter',
    'Row changes read and to be sent on.',
    sums(({ captured }) => captured),
  );
  add(
    'tandem_captured_bytes_total',
    'counter',
    'About what they took in the log.',
    sums(({ capturedBytes }) => capturedBytes),
  );
  add(
    'tandem_events_dropped_total',
    'counter',
    'Row changes read and not sent on, by why.',
    sums(({ dropped }) => dropped),
  );
  add(
    'tandem_events_applied_total',
    'counter',
    'Row changes whose turn has come.',
    sums(({ applied }) => applied),
  );
  add(
    'tandem_transactions_applied_total',
    'counter',
    'Source transactions applied.',
    sums(({ transactions }) => transactions),
  );
  add(
    'tandem_parked_total',
    'counter',
    'Times that a row was parked, by why.',
    sums(({ parked }) => parked),
  );
  add(
    'tandem_retries_total',
    'counter',
    'Attempts that failed and were made again.',
    sums(({ retries }) => retries),
  );
  add(
    'tandem_halts_total',
    'counter',
    'Errors that stopped a table group.',
    sums(({ halts }) => halts),
  );
  const age = 'tandem_commit_to_apply_seconds';
  add(
    age,
    'histogram',
    "From the source's commit to the target's.",
    times(({ commitToApply }) => commitToApply, age),
  );
  const stage = 'tandem_stage_seconds';
  add(
    stage,
    'histogram',
    'Where the time goes: capture, wait, map, apply.',
    times(({ stages }) => stages, stage),
  );
}

function withoutLinks(counter: Counter<string>, links: number): readonly Sample[] {
  const isCapped = links > LINKS_MAX && counter.labels.includes('link');
  const sums = new Map<string, { readonly labels: Record<string, string>; value: number }>();
  for (const { values, sum } of counter.entries()) {
    const pairs = counter.labels.map((label, at) => [label, values[at] ?? ''] as const);
    const labels = Object.fromEntries(pairs.filter(([label]) => !isCapped || label !== 'link'));
    const key = JSON.stringify(labels);
    const found = sums.get(key);
    if (found === undefined) sums.set(key, { labels, value: sum });
    else found.value += sum;
  }
  return [...sums.values()];
}

function buckets(histogram: Histogram<string>, name: string): readonly Sample[] {
  return [...histogram.entries()].flatMap(({ values, counts, sumSeconds }) => {
    const labels = Object.fromEntries(histogram.labels.map((label, at) => [label, values[at] ?? '']));
    let value = 0;
    const samples: Sample[] = counts.map((count, at) => {
      value += count;
      const le = at < histogram.bounds.length ? String(histogram.bounds[at]) : '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value };
    });
    return [
      ...samples,
      { metricName: `${name}_sum`, labels, value: sumSeconds },
      { metricName: `${name}_count`, labels, value },
    ];
  });
}

/** What only the databases know, read when /status was last asked for or every half minute. */
function addStored(add: Add, stored: () => StoredStatus | null): void {
  const lanes = (of: (lane: StoredStatus['directions'][Stream]['lanes'][number]) => number | null) => () => {
    const { directions } = stored() ?? { directions: null };
    if (directions === null) return [];
    return STREAMS.flatMap((direction) =>
      directions[direction].lanes.flatMap((lane) => one(of(lane), { direction, lane: lane.lane })),
    );
  };
  add(
    'tandem_checkpoint_timestamp_seconds',
    'gauge',
    'Commit time of the last change that the checkpoint holds.',
    lanes(({ effectiveUs }) => (effectiveUs === 0 ? null : effectiveUs / 1_000_000)),
  );
  add(
    'tandem_capture_lag_bytes',
    'gauge',
    'Log written since the checkpoint (PostgreSQL).',
    lanes(({ behind }) => (behind?.unit === 'bytes' ? behind.amount : null)),
  );
  add('tandem_schema_drift', 'gauge', '1 where the tables of a table group do not fit the mapping.', () =>
    (stored()?.groups ?? []).flatMap(({ lane, misfit }) => one(misfit === null ? 0 : 1, { lane })),
  );
}
