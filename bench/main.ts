import { Command, Option } from 'commander';
import type { SampleEngine } from '../src/cli/demo/database.ts';
import { type Servers, startServers } from './arena.ts';
import { measureCeiling } from './ceiling.ts';
import { measureDrain, measureSingleRows } from './drain.ts';
import { measureLatency } from './latency.ts';
import { describeParked, measureParked } from './parked.ts';
import { describe, document, type Results } from './report.ts';

interface Options {
  readonly right: SampleEngine;
  /** Row changes of a backlog: six tenths inserts, the rest updates of them. */
  readonly rows: number;
  /** Measures what parked rows cost the others, and nothing else. */
  readonly parked?: boolean;
  readonly json?: boolean;
}

const fullRows = 500_000;
const quickRows = 50_000;

function readOptions(): Options {
  const engine = new Option('--right <engine>', 'engine of the right side');
  const program = new Command('npm run bench --')
    .description('Measures how fast a backlog drains, against what the target takes at best.')
    .addOption(engine.choices(['mysql', 'mariadb', 'postgres']).default('mysql'))
    .option('--rows <count>', 'row changes of a backlog', Number)
    .option('--quick', `${quickRows} instead of ${fullRows} row changes`)
    .option('--parked', 'measure instead what parked rows cost the others')
    .option('--json', 'end with one line of JSON')
    .parse();
  const given = program.opts<{ right: SampleEngine; rows?: number; quick?: boolean; json?: boolean }>();
  return { ...given, rows: given.rows ?? (given.quick === true ? quickRows : fullRows) };
}

async function measureAll(servers: Servers, rows: number): Promise<Results> {
  const backlog = { inserts: Math.round(rows * 0.6), updates: Math.round(rows * 0.4) };
  const singleRows = Math.round(rows * 0.12);
  const probes = Math.min(1000, Math.round(rows / 100));
  say('what the targets take without a sync');
  const ceiling = {
    left: await measureCeiling(servers.right, backlog, 'ceiling_right'),
    right: await measureCeiling(servers.left, backlog, 'ceiling_left'),
  };
  say(`a backlog of ${rows} row changes: left to right, right to left, both at once`);
  const drain = {
    left: await measureDrain(servers, ['left'], backlog),
    right: await measureDrain(servers, ['right'], backlog),
  };
  const both = await measureDrain(servers, ['left', 'right'], backlog);
  say(`${singleRows} transactions of one row, each way`);
  const single = {
    left: await measureSingleRows(servers, 'left', singleRows),
    right: await measureSingleRows(servers, 'right', singleRows),
  };
  say('latency, each way');
  const latency = {
    left: await measureLatency(servers, 'left', probes),
    right: await measureLatency(servers, 'right', probes),
  };
  const engines = { left: servers.left.engine, right: servers.right.engine };
  return { engines, rows, singleRows, drain, both, single, ceiling, latency };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const { right, rows, parked, json } = readOptions();
say('starting the servers');
const servers = await startServers(right);
try {
  if (parked === true) {
    const found = await measureParked(servers, rows, say);
    for (const line of describeParked(found)) process.stdout.write(`${line}\n`);
    if (json === true) process.stdout.write(`${JSON.stringify({ schema: 'tandem.bench.parked/1', ...found })}\n`);
  } else {
    const results = await measureAll(servers, rows);
    for (const line of describe(results)) process.stdout.write(`${line}\n`);
    if (json === true) process.stdout.write(`${JSON.stringify(document(results))}\n`);
  }
} finally {
  await servers.left[Symbol.asyncDispose]();
  await servers.right[Symbol.asyncDispose]();
}
