import type { Stream, SyncStatus } from '../../engine/sync-status.ts';
import type { Comparison } from './compare.ts';
import { type Latencies, percentile } from './latency.ts';

/** What a run of the demo proved; `--json` prints it as one line. */
export interface DemoReport {
  readonly schema: 'tandem.demo/1';
  /** Row changes written by the sync, by its own count. */
  readonly applied: Readonly<Record<Stream, number>>;
  readonly conflicts: number;
  /** Rows that one side is owed at the end; see `tandem parked`. */
  readonly parked: number;
  /** Writes that came back, by the count of triggers; see writes.ts. */
  readonly echoes: number;
  /** Rows written more often than there was cause for; see writes.ts. */
  readonly repeats: number;
  /** Rows that differ at the end, by a full comparison; see compare.ts. */
  readonly differences: number;
  /** Both logs fell silent once nobody wrote any more. */
  readonly silent: boolean;
  readonly rows: number;
  /** From a commit acknowledged on one side until it is visible on the other. */
  readonly latencyMs: Readonly<Record<Stream, { readonly p50: number | null; readonly p99: number | null }>>;
}

export interface Findings {
  readonly status: SyncStatus;
  readonly comparison: Comparison;
  readonly echoes: number;
  readonly repeats: number;
  readonly silent: boolean;
  readonly latenciesMs: Latencies;
}

export function makeReport({ status, comparison, echoes, repeats, silent, latenciesMs }: Findings): DemoReport {
  const { 'left->right': toRight, 'right->left': toLeft } = status.directions;
  return {
    schema: 'tandem.demo/1',
    applied: { 'left->right': toRight.rows, 'right->left': toLeft.rows },
    conflicts: toRight.conflicts + toLeft.conflicts,
    parked: toRight.parked + toLeft.parked,
    echoes,
    repeats,
    differences: comparison.differences.length,
    silent,
    rows: comparison.rows,
    latencyMs: { 'left->right': percentiles(latenciesMs.left), 'right->left': percentiles(latenciesMs.right) },
  };
}

export function percentiles(samples: readonly number[]): { readonly p50: number | null; readonly p99: number | null } {
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

/** Did everything hold that the demo is there to show? */
export function passed(report: DemoReport): boolean {
  return report.differences === 0 && report.echoes === 0 && report.silent;
}

/** The report for people. */
export function describeReport(report: DemoReport, comparison: Comparison): readonly string[] {
  const { applied, conflicts, differences, echoes, latencyMs, parked, rows, silent } = report;
  const shown = comparison.differences.slice(0, 10);
  const toRight = latencyMs['left->right'];
  const toLeft = latencyMs['right->left'];
  return [
    `${rows} rows on each side compared in full: ${differences === 0 ? 'no difference' : `${differences} differ`}`,
    ...shown.map(({ table, row, found, columns }) => `  ${table} ${row}: ${found} ${columns.join(', ')}`.trimEnd()),
    ...(parked === 0 ? [] : [`${parked} rows are parked: they differ until they are mended`]),
    `${applied['left->right']} row changes went left to right, ${applied['right->left']} right to left`,
    `${conflicts} conflicts decided, ${echoes} writes came back, ` +
      (silent ? 'both logs fell silent afterwards' : 'the logs did NOT fall silent afterwards'),
    `latency, commit acknowledged to visible, p50 / p99: ${toRight.p50} / ${toRight.p99} ms to the right, ` +
      `${toLeft.p50} / ${toLeft.p99} ms to the left`,
  ];
}
