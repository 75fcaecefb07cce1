import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server's command line. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The user to run as, when this process is root and the server refuses root. */
  readonly owner?: Owner;
  /** Name of the container in which the server really runs. */
  readonly container?: string;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A server's processes. */
export interface Running {
  readonly pid: number;
  readonly container: string | undefined;
  isRunning(): boolean;
  /** Sends a signal and waits for the end; after `timeoutMs` it kills. */
  end(signal: NodeJS.Signals, timeoutMs: number): Promise<void>;
  /** Kills the process and all its children with SIGKILL and waits until they are gone. */
  killAll(): Promise<void>;
}

/** Starts a command in a process group of its own, with its output appended to a file. */
export async function launch(command: Command, logFile: string): Promise<Running> {
  await using log = await open(logFile, 'a');
  const child = spawn(command.file, command.args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C', ...command.env },
    ...command.owner,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command.file} has no process id`);
  // A script that forgets to stop its servers ends all the same; the watchdog then clears them away.
  child.unref();

  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  async function killAll(): Promise<void> {
    const all = isRunning() && pid !== undefined ? [pid, ...(await descendantsOf(pid))] : [];
    if (command.container !== undefined) await run('docker', ['kill', command.container]).catch(() => undefined);
    child.ref();
    for (const each of all) sendSignal(each, 'SIGKILL');
    if (all.length > 0) await ended;
    await untilGone(all);
  }

  async function end(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    if (!isRunning()) return;
    child.ref();
    child.kill(signal);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const outcome = await Promise.race([ended, tooLong]);
    clearTimeout(timer);
    if (outcome === 'late') await killAll();
  }

  return { pid, container: command.container, isRunning, end, killAll };
}

/** Runs a program to its end and returns its standard output. Throws with its error output when it fails. */
export async function runToEnd(
  file: string,
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly owner?: Owner; readonly cwd?: string } = {},
): Promise<string> {
  const { stdout } = await run(file, args, {
    timeout: options.timeoutMs ?? 300_000,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C' },
    cwd: options.cwd ?? '/',
    ...options.owner,
  });
  return stdout;
}

/** Runs a program, feeds it its standard input, and throws with its output when it fails. */
export async function feed(command: Command, input: string): Promise<void> {
  const child = spawn(command.file, command.args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C', ...command.env },
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = `${output}${chunk.toString()}`.slice(-4_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  // A program that ends early closes its input; its exit code tells why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command.file} ended with ${code}\n${output}`);
}

/** The last lines of a log, for an error message. */
export async function tailOf(logFile: string, lines = 25): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** Sends a signal to a process, or with a negative number to its group; one that has ended is left in peace. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended on its own in the meantime, which is what the signal was for.
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    while (await isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether the process still runs. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // In a container without a real init process an orphan stays a zombie for ever; it is dead all the same.
  return (await readStat(pid))?.state !== 'Z';
}

async function descendantsOf(root: number): Promise<number[]> {
  const parents = process.platform === 'linux' ? await parentsFromProc() : await parentsFromPs();
  const found = [root];
  for (const parent of found) {
    for (const [pid, itsParent] of parents) if (itsParent === parent) found.push(pid);
  }
  return found.slice(1);
}

// Slim Debian images have no `ps`, so Linux is asked directly.
async function parentsFromProc(): Promise<Map<number, number>> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readStat(Number(name));
    if (stat !== undefined) parents.set(Number(name), stat.parent);
  }
  return parents;
}

async function parentsFromPs(): Promise<Map<number, number>> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout.trim().split('\n');
  return new Map(pairs.map((pair) => pair.trim().split(/\s+/).map(Number) as [number, number]));
}

async function readStat(pid: number): Promise<{ state: string; parent: number } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === undefined || parent === undefined ? undefined : { state, parent: Number(parent) };
}
