import { engineTitle } from '../src/cli/demo/stage.ts';
import type { SampleEngine } from '../src/cli/demo/database.ts';
import { alignColumns } from '../src/cli/table.ts';
import type { Side } from '../src/model/policy.ts';
import type { Ceiling } from './ceiling.ts';
import type { Drain } from './drain.ts';
import type { Latency } from './latency.ts';

/** Everything that one run measured; `Record<Side, ...>` is by the side that the rows come from. */
export interface Results {
  readonly engines: Readonly<Record<Side, SampleEngine>>;
  readonly rows: number;
  readonly singleRows: number;
  readonly drain: Readonly<Record<Side, Drain>>;
  readonly both: Drain;
  readonly single: Readonly<Record<Side, Drain>>;
  readonly ceiling: Readonly<Record<Side, Ceiling>>;
  readonly latency: Readonly<Record<Side, Latency>>;
}

const bulkTool = { postgres: 'COPY', mysql: 'LOAD DATA', mariadb: 'LOAD DATA' };

export function describe({ engines, rows, singleRows, drain, both, single, ceiling, latency }: Results): string[] {
  const [left, right] = [engineTitle(engines.left), engineTitle(engines.right)];
  const names = { left: `${left} -> ${right}`, right: `${right} -> ${left}` };
  const row = (name: string, measured: Drain, ...limits: readonly string[]): string[] => {
    const [driver = '', bulk = ''] = limits;
    return [
      name,
      grouped(measured.perSecond),
      driver,
      bulk,
      String(measured.cpuMicrosPerRow),
      `${measured.peakRssMb} MB`,
    ];
  };
  const backlog = (from: Side, target: SampleEngine): string[] => {
    const share = Math.round((drain[from].perSecond / ceiling[from].driver) * 100);
    const driver = `${grouped(ceiling[from].driver)} (${share} %)`;
    const bulk = `${grouped(ceiling[from].bulk)} by ${bulkTool[target]}`;
    return row(`${names[from]}, ${grouped(rows)} rows`, drain[from], driver, bulk);
  };
  return [
    ...alignColumns([
      ['', 'per second', 'driver alone', 'bulk tool', 'CPU us a row', 'peak memory'],
      backlog('left', engines.right),
      backlog('right', engines.left),
      row(`both at once, ${grouped(rows)} rows each`, both),
      row(`${names.left}, ${grouped(singleRows)} transactions of one row`, single.left),
      row(`${names.right}, ${grouped(singleRows)} transactions of one row`, single.right),
    ]),
    `latency at 100 transactions a second, p50 / p99: ${names.left} ${latency.left.p50} / ${latency.left.p99} ms, ` +
      `${names.right} ${latency.right.p50} / ${latency.right.p99} ms`,
  ];
}

function grouped(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}

export function document({ drain, both, single, ceiling, latency }: Results): object {
  const backlog = (from: Side): object => ({
    rowsPerSecond: drain[from].perSecond,
    ceilingRowsPerSecond: ceiling[from].driver,
    ofCeiling: Math.round((drain[from].perSecond / ceiling[from].driver) * 1000) / 1000,
    bulkRowsPerSecond: ceiling[from].bulk,
  });
  const all = [drain.left, drain.right, both, single.left, single.right];
  return {
    schema: 'tandem.bench/1',
    drain: { 'left->right': backlog('left'), 'right->left': backlog('right'), both: { rowsPerSecond: both.perSecond } },
    singleRow: {
      'left->right': { transactionsPerSecond: single.left.perSecond },
      'right->left': { transactionsPerSecond: single.right.perSecond },
    },
    latencyMs: { 'left->right': latency.left, 'right->left': latency.right },
    cpuMicrosPerRow: Math.max(drain.left.cpuMicrosPerRow, drain.right.cpuMicrosPerRow),
    peakRssMb: Math.max(...all.map((each) => each.peakRssMb)),
  };
}
