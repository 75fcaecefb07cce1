import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { CONFIGS } from './scenarios.ts';
import { simulate, type Outcome } from './simulate.ts';

/** `npm run simulate -- [--seeds 10000] [--config register] [--from 1]`, or `-- --seed 42 --config register` alone. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      config: { type: 'string' },
    },
  });
  const configs = values.config === undefined ? CONFIGS : [values.config];
  if (values.seed !== undefined) {
    const seed = Number(values.seed);
    for (const config of configs) report(await simulate(seed, config, 200), true);
    return;
  }
  const [first, count] = [Number(values.from), Number(values.seeds)];
  const outcomes = await inWorkers(first, count, configs);
  summarise(outcomes);
}

function inWorkers(first: number, count: number, configs: readonly string[]): Promise<Outcome[]> {
  const workers = Math.max(1, Math.min(cpus().length, count));
  const share = Math.ceil(count / workers);
  const runs = Array.from({ length: workers }, (_, at) =>
    runWorker(first + at * share, Math.min(share, count - at * share), configs),
  );
  return Promise.all(runs).then((lists) => lists.flat());
}

function runWorker(first: number, count: number, configs: readonly string[]): Promise<Outcome[]> {
  return new Promise((resolve, reject) => {
    const outcomes: Outcome[] = [];
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { first, count, configs } });
    worker.on('message', (outcome: Outcome) => {
      outcomes.push(outcome);
      if (outcome.wrong.length > 0) report(outcome, false);
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(outcomes));
  });
}

async function work({
  first,
  count,
  configs,
}: {
  first: number;
  count: number;
  configs: readonly string[];
}): Promise<void> {
  for (let seed = first; seed < first + count; seed++) {
    const outcome = await simulate(seed, configs[seed % configs.length] as string);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, not a window
    parentPort?.postMessage({ ...outcome, log: [], trace: [] });
  }
}

function report(outcome: Outcome, whole: boolean): void {
  const { seed, config, wrong, deeds, log, trace, ...figures } = outcome;
  if (whole) console.log([...log, ...deeds, ...trace].join('\n'));
  console.log(`seed ${seed} config ${config}: ${wrong.length === 0 ? 'right' : 'WRONG'} ${JSON.stringify(figures)}`);
  for (const each of wrong.slice(0, 8)) console.log(`  ${each}`);
  if (wrong.length > 0) {
    process.exitCode = 1;
    console.log(`  again: npm run simulate -- --seed ${seed} --config ${config}`);
  }
}

function summarise(outcomes: readonly Outcome[]): void {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  for (const config of new Set(outcomes.map((outcome) => outcome.config))) {
    const own = outcomes.filter((outcome) => outcome.config === config);
    const parked = own.filter((outcome) => outcome.parked > 0).length;
    const wrong = own.filter((outcome) => outcome.wrong.length > 0).length;
    console.log(`${config}: ${own.length} runs, ${wrong} wrong, ${parked} ended with parked rows`);
  }
  const figures = {
    turns: sum((o) => o.turns),
    transactions: sum((o) => o.transactions),
    conflicts: sum((o) => o.conflicts),
  };
  console.log(
    `${outcomes.length} runs: ` +
      JSON.stringify({ ...figures, crashes: sum((o) => o.crashes), parked: sum((o) => o.parked) }),
  );
}

if (isMainThread) await main();
else await work(workerData as { first: number; count: number; configs: readonly string[] });
