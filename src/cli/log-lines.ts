import type { LogLevel } from '../engine/context.ts';
import { redact } from './redact.ts';
import type { Session } from './session.ts';

interface LogRecord {
  readonly level: string;
  readonly time: string;
  readonly message: string;
}

/**
 * Where log lines go: stderr, as JSON for programs, as short lines for a person at a terminal. `usual` is the level
 * without -v and -q.
 */
export function logOptions(
  session: Session,
  usual: LogLevel,
): { readonly level: LogLevel; readonly output: { write(line: string): void } } {
  const { io, options, terminal } = session;
  const level = options.verbose === true ? 'debug' : options.quiet === true ? 'warn' : usual;
  const pretty = io.stderr.isTTY && options.json !== true;
  const paint = terminal.paintTalk;
  return {
    level,
    output: {
      write(line) {
        if (!pretty) return io.stderr.write(redact(line));
        const { level: name, time, message, ...fields } = JSON.parse(line) as LogRecord;
        const tint = { warn: paint.yellow, error: paint.red }[name] ?? paint.dim;
        const details = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
        const head = `${paint.dim(time.slice(11, 19))} ${tint(name.padEnd(5))} ${message}`;
        io.stderr.write(redact(`${[head, paint.dim(details.join(' '))].join('  ').trimEnd()}\n`));
      },
    },
  };
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
