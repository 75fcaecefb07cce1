import { promises as disk } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

// Every word that the engine exchanges with a database goes through a socket, and everything that it keeps on disk goes
// through node:fs/promises. That is where calls are made to fail here, below the code and the drivers that ship.

/**
 * How a call fails: a connection is `refused`; it breaks `before` a word is sent, or `after`, so that the answer is
 * lost; or the `disk` says that it is broken.
 */
export type Failure = 'refused' | 'before' | 'after' | 'disk';

/** Stands between this process and its sockets and files. A place: how a call fails there, and who makes it. */
export interface Chaos extends Disposable {
  /** Every place that a call came by. */
  readonly visited: ReadonlySet<string>;
  /** The places that failed; each of them once. */
  readonly failed: ReadonlySet<string>;
  /** Lets so many calls fail, the next ones that are made at places which have not failed yet. */
  arm(faults: number): void;
  /** Breaks every connection by which a log is being read. */
  breakLogs(): void;
}

/** Says whether a call at this place is to fail; `at`: who makes it, from the inside out. */
type Fails = (failure: Failure, at: readonly string[]) => boolean;
type Undo = () => void;

/** A place is told by the function that makes the call and, where nothing was sent, by whose behalf that was on. */
const framesMax: Readonly<Record<Failure, number>> = { refused: 2, before: 2, after: 1, disk: 1 };

/** Calls fail in these ways only. */
export function openChaos(...failures: readonly Failure[]): Chaos {
  const visited = new Set<string>();
  const failed = new Set<string>();
  let faults = 0;
  const fails: Fails = (failure, at) => {
    if (at.length === 0 || !failures.includes(failure)) return false;
    const place = `${failure} ${at.slice(0, framesMax[failure]).join(' < ')}`;
    visited.add(place);
    if (faults === 0 || failed.has(place)) return false;
    faults -= 1;
    failed.add(place);
    return true;
  };
  const logs = new Set<Socket>();
  const undo = [...replaceSocket(fails, logs), ...replaceDisk(fails)];
  syncBuiltinESMExports();
  return {
    visited,
    failed,
    arm: (wanted) => void (faults = wanted),
    breakLogs() {
      for (const log of logs) log.destroy(failureOf('ECONNRESET', 'read'));
      logs.clear();
    },
    [Symbol.dispose]() {
      for (const each of undo) each();
      syncBuiltinESMExports();
    },
  };
}

/** A log is read where our own code writes to the socket; elsewhere it is a driver that does. */
function replaceSocket(fails: Fails, logs: Set<Socket>): Undo[] {
  /** Their next answer is lost. */
  const doomed = new WeakSet<Socket>();
  return [
    replace(Socket.prototype, 'connect', function (was, ...given) {
      if (!fails('refused', callers().ours)) return Reflect.apply(was, this, given);
      process.nextTick(() => this.destroy(failureOf('ECONNREFUSED', 'connect')));
      return this;
    }),
    replace(Socket.prototype, 'write', function (was, ...given) {
      const { ours, isDirect } = callers();
      if (isDirect && !this.destroyed) logs.add(this);
      if (fails('before', ours)) this.destroy(failureOf('ECONNRESET', 'write'));
      else if (fails('after', ours)) doomed.add(this);
      return Reflect.apply(was, this, given);
    }),
    replace(Socket.prototype, 'push', function (was, ...given) {
      if (!doomed.has(this)) return Reflect.apply(was, this, given);
      this.destroy(failureOf('ECONNRESET', 'read'));
      return false;
    }),
  ];
}

function replaceDisk(fails: Fails): Undo[] {
  return (['mkdir', 'writeFile', 'readFile', 'rm'] as const).map((name) =>
    replace(disk, name, async function (was, ...given) {
      if (fails('disk', callers().ours)) throw failureOf('EIO', name);
      return Reflect.apply(was, disk, given);
    }),
  );
}

/** Puts `instead` in the place of a method; it is handed the method itself in front of what that would be given. */
function replace<Host extends object>(
  host: Host,
  name: keyof Host,
  instead: (this: Host, was: (...given: unknown[]) => unknown, ...given: unknown[]) => unknown,
): Undo {
  const was = Object.getOwnPropertyDescriptor(host, name);
  const method = host[name] as (...given: unknown[]) => unknown;
  const value = function (this: Host, ...given: unknown[]): unknown {
    return Reflect.apply(instead, this, [method, ...given]);
  };
  Object.defineProperty(host, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: was?.enumerable ?? false,
  });
  return () => {
    if (was === undefined) Reflect.deleteProperty(host, name);
    else Object.defineProperty(host, name, was);
  };
}

function failureOf(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

const sourceFolder = fileURLToPath(new URL('../../src/', import.meta.url));
/** The demo's own connections, by which tests write and look, are applications. */
const application = /^cli\//;
/** Everybody's calls go through these. */
const connector = /^databases\/(postgres\/(session|connect)|mysql\/(session|pool))\.ts/;
const stackMax = 60;

/** Our functions on the stack, from the inside out, waiting ones included; empty where the call is not the engine's. */
function callers(): { readonly ours: readonly string[]; readonly isDirect: boolean } {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = stackMax;
  const lines = (new Error().stack ?? '').split('\n').filter((line) => !line.includes(import.meta.filename));
  Error.stackTraceLimit = limit;
  const ours = lines.flatMap((line) => nameOf(line) ?? []);
  if (ours[0] === undefined || application.test(ours[0])) return { ours: [], isDirect: false };
  const beyond = ours.filter((frame) => !connector.test(frame));
  return { ours: beyond.length > 0 ? beyond : ours, isDirect: lines[1]?.includes(sourceFolder) === true };
}

/** `databases/mysql/apply.ts:75 MysqlTarget.begin` */
function nameOf(line: string): string | null {
  const at = line.indexOf(sourceFolder);
  if (at === -1) return null;
  const place = /^[^:]+:\d+/.exec(line.slice(at + sourceFolder.length))?.[0] ?? '';
  const name = /at (?:async )?(\S+) \(/.exec(line)?.[1] ?? '';
  return `${place} ${name}`.trimEnd();
}
