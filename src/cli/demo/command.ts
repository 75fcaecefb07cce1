import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { compareSample } from './compare.ts';
import type { SampleEngine } from './database.ts';
import { createLatencyProbe, type Latencies } from './latency.ts';
import { createLoad } from './load.ts';
import { describeReport, makeReport, passed } from './report.ts';
import { createScreen } from './screen.ts';
import { ServerUnavailable } from './servers/unavailable.ts';
import { settle } from './settle.ts';
import { openStage, type Stage } from './stage.ts';
import { countEchoes, countRepeats, readWrites } from './writes.ts';

export interface DemoOptions {
  /** `mysql` unless given. */
  readonly right?: SampleEngine;
  /** Ends by itself after so many seconds; otherwise on Ctrl-C. */
  readonly seconds?: number;
  /** Leaves the databases and the sync running after the report, until Ctrl-C. */
  readonly keep?: boolean;
}

const ratePerSecond = 60;
const seed = 1;
const glanceEveryMs = 200;
const unavailableExit = 5;

/** `tandem demo`: both databases, the sample and a two-sided load, from nothing; returns the exit code. */
export async function demo(session: Session, options: DemoOptions): Promise<number> {
  const { io, terminal } = session;
  const interrupt = new AbortController();
  const forget = io.onSignal(() => {
    // Whoever presses twice does not want to wait; the servers' watchdog cleans up behind us.
    if (interrupt.signal.aborted) io.exitNow(exitCodes.interrupted);
    interrupt.abort();
  });
  let note: string | null = null;
  try {
    await using stage = await openStage({
      right: options.right ?? 'mysql',
      report: (message) => terminal.say(message),
      log: (line) => {
        note = messageOf(line);
        if (!io.stderr.isTTY) terminal.say(line.trimEnd());
      },
    });
    return await play(session, options, stage, { interrupt: interrupt.signal, note: () => note });
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    terminal.warn(error.message);
    return unavailableExit;
  } finally {
    forget();
  }
}

interface Cues {
  readonly interrupt: AbortSignal;
  readonly note: () => string | null;
}

async function play(session: Session, options: DemoOptions, stage: Stage, cues: Cues): Promise<number> {
  const { io, terminal } = session;
  await using load = await createLoad({ ...stage.sides, seed, ratePerSecond });
  await using probe = await createLatencyProbe(stage.sides);
  const ended = new AbortController();
  const stop = ended.signal;
  // Not AbortSignal.any over AbortSignal.timeout: Node 20 may collect such a timer as garbage before it fires.
  const timer = options.seconds === undefined ? null : setTimeout(() => ended.abort(), options.seconds * 1000);
  cues.interrupt.addEventListener('abort', () => ended.abort(), { once: true });
  const screen = createScreen(io.stderr, stage);
  const startedMs = performance.now();
  const glances = async (): Promise<void> => {
    while (!stop.aborted) {
      const { directions } = stage.sync.status();
      const elapsedMs = performance.now() - startedMs;
      screen({ elapsedMs, directions, latenciesMs: probe.latenciesMs, counts: load.counts(), note: cues.note() });
      await sleep(glanceEveryMs, undefined, { signal: stop }).catch(() => undefined);
    }
  };
  // The sync's own end, before anybody asked for it, is the demo's end; so is any failure of the load.
  const work = [load.run(stop), probe.run(stop), glances()].map((each) => each.finally(() => ended.abort()));
  await Promise.race([Promise.all(work), stage.sync.finished.finally(() => ended.abort())]);
  if (timer !== null) clearTimeout(timer);
  terminal.say('\nthe applications have stopped; waiting until both logs are silent, then comparing');
  const exitCode = await judge(session, stage, probe.latenciesMs);
  if (options.keep === true) await keepRunning(session, stage, cues.interrupt);
  return exitCode;
}

async function judge(session: Session, stage: Stage, latenciesMs: Latencies): Promise<number> {
  const { left, right } = stage.connections;
  const silent = await settle(stage.sync, stage.connections);
  const comparison = await compareSample(left, right);
  const status = stage.sync.status();
  const reasserted = status.directions['left->right'].reasserted + status.directions['right->left'].reasserted;
  const writes = await readWrites(left, right);
  const excess = { echoes: countEchoes(writes, reasserted), repeats: countRepeats(writes) };
  const report = makeReport({ status, comparison, ...excess, silent, latenciesMs });
  for (const line of describeReport(report, comparison)) session.terminal.say(line);
  if (session.terminal.json) session.io.stdout.write(`${JSON.stringify(report)}\n`);
  return passed(report) ? exitCodes.fine : exitCodes.attention;
}

async function keepRunning({ io }: Session, { sides, sync, configFile }: Stage, interrupt: AbortSignal): Promise<void> {
  // Written past the terminal, which would hide the passwords: they open nothing but these two throw-away databases.
  io.stderr.write(
    `\nboth databases and the sync stay until Ctrl-C:\n  ${sides.left.url}\n  ${sides.right.url}\n  ${configFile}\n`,
  );
  if (interrupt.aborted) return;
  const released = new Promise<void>((resolve) => interrupt.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([released, sync.finished]);
}

function messageOf(line: string): string {
  try {
    return (JSON.parse(line) as { message?: string }).message ?? line.trim();
  } catch {
    return line.trim();
  }
}
