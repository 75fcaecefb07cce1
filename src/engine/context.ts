import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { Context } from '../model/context.ts';
import { makeSpillFolder, removeSpillFolder } from './spill-folder.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface ContextOptions {
  /** `info` unless given. */
  readonly level?: LogLevel;
  /** Takes one JSON line per log record; stderr unless given. */
  readonly output?: { write(line: string): void };
}

/** The context of a real process; disposing of it removes the spill folder. */
export interface ProcessContext extends Context, Disposable {}

/**
 * The one place where Tandem touches the clock, chance and the file system's temporary folder. Everything else is
 * handed a Context, which is why the simulation can run the code that ships.
 */
export function createContext(options: ContextOptions = {}): ProcessContext {
  const level = options.level ?? 'info';
  const settings = { level, base: null, messageKey: 'message', timestamp: pino.stdTimeFunctions.isoTime };
  // Written at once: the last lines before a crash are the ones that matter, and there are few of them.
  const output = options.output ?? pino.destination({ dest: 2, sync: true });
  const log = pino({ ...settings, formatters: { level: (label) => ({ level: label }) } }, output);
  let folder: string | null = null;
  return {
    nowMs: Date.now,
    random: Math.random,
    sleep,
    log,
    // Most commands never spill, so the folder comes into being when it is first asked for.
    get spillFolder() {
      folder ??= makeSpillFolder();
      return folder;
    },
    [Symbol.dispose]() {
      if (folder !== null) removeSpillFolder(folder);
      folder = null;
    },
  };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // The timer wraps the signal's reason in an AbortError of its own.
    signal?.throwIfAborted();
    throw error;
  }
}
