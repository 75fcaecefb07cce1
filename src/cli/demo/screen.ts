import { extname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DirectionStatus, Stream } from '../../engine/sync-status.ts';
import type { OutputStream } from '../io.ts';
import { alignColumns } from '../table.ts';
import type { LoadCounts } from './load.ts';
import { type Latencies, percentile } from './latency.ts';
import type { Stage } from './stage.ts';
import { DATABASE, PLATFORM } from './sample.ts';
import { engineTitle } from './stage.ts';

/** What the demo shows of itself while it runs. */
export interface Glance {
  readonly elapsedMs: number;
  readonly directions: Readonly<Record<Stream, DirectionStatus>>;
  readonly latenciesMs: Latencies;
  readonly counts: LoadCounts;
  /** The sync's latest warning. */
  readonly note: string | null;
}

/** To be called often; draws as often as the output can bear. */
export type Screen = (glance: Glance) => void;

const lineEveryMs = 5000;

/** On a terminal a picture that is redrawn, otherwise a line every five seconds. */
export function createScreen(output: OutputStream, stage: Stage): Screen {
  return output.isTTY ? createPicture(output, stage) : createLines(output);
}

function createPicture(output: OutputStream, stage: Stage): Screen {
  let drawn = 0;
  const rate = createRate();
  // What does not change is written once: its lines are long, and one that wraps would upset the redrawing.
  output.write(`\n${[...invitation(stage), '', ...header(stage)].join('\n')}\n\n`);
  return (glance) => {
    const lines = [...alignColumns(figures(glance, rate), '  '), '', ...summary(glance)];
    // Up to where the last picture began, then over it: no flicker, and the scroll-back stays clean.
    const up = drawn === 0 ? '' : `\u001B[${drawn}A`;
    output.write(`${up}${lines.map((line) => `\u001B[2K${line}\n`).join('')}\u001B[J`);
    drawn = lines.length;
  };
}

function createLines(output: OutputStream): Screen {
  let shownAtMs = 0;
  const rate = createRate();
  return (glance) => {
    if (glance.elapsedMs - shownAtMs < lineEveryMs) return;
    shownAtMs = glance.elapsedMs;
    const seconds = Math.round(glance.elapsedMs / 1000);
    const [, ...streams] = figures(glance, rate);
    for (const [name, rows, perSecond, lag, latency, conflicts] of streams) {
      output.write(
        `${seconds} s  ${name}: ${rows} rows, ${perSecond}/s, lag ${lag}, p50/p99 ${latency}, conflicts ${conflicts}\n`,
      );
    }
  };
}

function header({ servers }: Stage): string[] {
  const name = (side: 'left' | 'right'): string =>
    `${PLATFORM[side]} (${engineTitle(servers[side].engine)} ${servers[side].version.split('-')[0]})`;
  return [`${name('left')} <-> ${name('right')}, both being written`];
}

function figures({ directions, latenciesMs, elapsedMs }: Glance, rate: Rate): string[][] {
  const row = (stream: Stream, name: string, samples: readonly number[]): string[] => {
    const { rows, lagMs, conflicts, deferred, state } = directions[stream];
    const recent = samples.slice(-100);
    const lag = state === 'running' ? (lagMs === null ? '?' : `${Math.round(lagMs)} ms`) : state;
    const latency = `${percentile(recent, 0.5) ?? '?'} / ${percentile(recent, 0.99) ?? '?'} ms`;
    return [name, String(rows), String(rate(stream, rows, elapsedMs)), lag, latency, String(conflicts + deferred)];
  };
  return [
    ['', 'rows', 'per s', 'lag', 'latency p50 / p99', 'conflicts'],
    row('left->right', `${PLATFORM.left} -> ${PLATFORM.right}`, latenciesMs.left),
    row('right->left', `${PLATFORM.right} -> ${PLATFORM.left}`, latenciesMs.right),
  ];
}

type Rate = (stream: Stream, rows: number, elapsedMs: number) => number;

/** Rows per second over the last two seconds or so. */
function createRate(): Rate {
  const memory = new Map<Stream, { rows: number; atMs: number; perSecond: number }>();
  return (stream, rows, atMs) => {
    const last = memory.get(stream) ?? { rows: 0, atMs: 0, perSecond: 0 };
    if (atMs - last.atMs < 2000) return last.perSecond;
    const perSecond = Math.round(((rows - last.rows) * 1000) / (atMs - last.atMs));
    memory.set(stream, { rows, atMs, perSecond });
    return perSecond;
  };
}

const noteCharsMax = 60;

function summary({ counts, elapsedMs, note }: Glance): string[] {
  const { inserts, updates, deletes, clashes } = counts;
  const seconds = Math.floor(elapsedMs / 1000);
  const lines = [
    `  After ${seconds} s the applications made ${inserts} inserts, ${updates} updates and ${deletes} deletes,`,
    `  ${clashes} times on the same row of both sides at the same moment.`,
  ];
  return note === null ? lines : [...lines, `  Latest warning: ${note.slice(0, noteCharsMax)}`];
}

/** Things to try, with addresses of servers that live only as long as the demo. */
function invitation({ sides, configFile }: Stage): string[] {
  const left = `psql '${sides.left.url}'`;
  const right = clientCommand(sides.right);
  const [yours, theirs] = ["'you@example.com'", `in ${DATABASE.right}`];
  return [
    'Try it, in another terminal:',
    `  1. Sign up in ${PLATFORM.left}, and find yourself ${theirs} under other names and another key:`,
    `     ${left} -c "insert into legacy_users (username, email) values ('you', ${yours})"`,
    `     ${right} "select * from revamp_users where email_address = ${yours}"`,
    `  2. Change yourself in ${PLATFORM.right}, and see it in ${PLATFORM.left}, where 'Inactive' is 'inactive':`,
    `     ${right} "update revamp_users set account_status = 'Inactive' where email_address = ${yours}"`,
    `     ${left} -c "select * from legacy_users where email = ${yours}"`,
    `  3. Break it: ${PLATFORM.right} has no such date. The row parks alone, and everything else goes on. Mend it:`,
    `     ${left} -c "insert into legacy_users (id, ${POISON.columns}) values (${POISON.id}, ${POISON.values})"`,
    `     alias tandem="${ownCommand()} -c ${configFile}"`,
    '     tandem parked',
    `     tandem parked show users:${POISON.id}`,
    `     tandem parked edit users:${POISON.id} --set created_at='1970-07-20 20:17:40'`,
    `     ${right} "select * from revamp_users where user_name = 'neil'"`,
    '',
    'Ctrl-C stops, compares both databases in full, and cleans up.',
  ];
}

/** MySQL's and MariaDB's timestamps begin in 1970. */
const POISON = {
  id: 1_000_000,
  columns: 'username, email, created_at',
  values: "'neil', 'neil@example.com', '1969-07-20 20:17:40'",
};

/** This very program: `npx tandem` would find another one in a checkout. */
function ownCommand(): string {
  const main = new URL(`../main${extname(import.meta.url)}`, import.meta.url);
  return `node ${relative(process.cwd(), fileURLToPath(main))}`;
}

function clientCommand({ engine, url }: Stage['sides']['right']): string {
  if (engine === 'postgres') return `psql '${url}' -c`;
  const { hostname, port, username, password, pathname } = new URL(url);
  return `mysql -h ${hostname} -P ${port} -u ${username} -p${password} ${pathname.slice(1)} -e`;
}
