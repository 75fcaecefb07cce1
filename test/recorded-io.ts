import type { Io } from '../src/cli/io.ts';

export interface RecordedIo extends Io {
  /** What was written so far. */
  readonly out: () => string;
  readonly talk: () => string;
  /** As if the process had received it. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM') => void;
  /** Exit codes of `exitNow`. */
  readonly exits: readonly number[];
}

export interface RecordedIoOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly isTTY?: boolean;
}

/** The outside world of a command that runs inside a test. */
export function recordIo(options: RecordedIoOptions = {}): RecordedIo {
  const out: string[] = [];
  const talk: string[] = [];
  const exits: number[] = [];
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const isTTY = options.isTTY ?? false;
  return {
    stdout: { write: (text) => void out.push(text), isTTY },
    stderr: { write: (text) => void talk.push(text), isTTY },
    stdin: { isTTY },
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
    onSignal(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    exitNow: (code) => void exits.push(code),
    out: () => out.join(''),
    talk: () => talk.join(''),
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
    exits,
  };
}
