import picocolors from 'picocolors';
import type { Io, OutputStream } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { redact } from './redact.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** How a command speaks: data to stdout, talk to stderr, never a secret to either. */
export interface Terminal {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Colours of stdout. */
  readonly paint: Colors;
  /** Colours of stderr. */
  readonly paintTalk: Colors;
  /** A line of data; left out when a document is asked for. */
  readonly print: (line: string) => void;
  /** The one JSON document of a command; left out unless asked for. */
  readonly document: (schema: string, content: object) => void;
  /** A line of talk; left out when quiet. */
  readonly say: (line: string) => void;
  /** A line that even quiet does not leave out. */
  readonly warn: (line: string) => void;
}

export function openTerminal(io: Io, options: GlobalOptions): Terminal {
  const json = options.json === true;
  const quiet = options.quiet === true;
  const write = (stream: OutputStream, text: string) => stream.write(redact(`${text}\n`));
  return {
    json,
    verbose: options.verbose === true,
    paint: picocolors.createColors(wantsColor(io.stdout, io.env, options)),
    paintTalk: picocolors.createColors(wantsColor(io.stderr, io.env, options)),
    print: (line) => {
      if (!json) write(io.stdout, line);
    },
    document: (schema, content) => {
      if (json) write(io.stdout, JSON.stringify({ schema, ...content }, jsonValue, 2));
    },
    say: (line) => {
      if (!quiet) write(io.stderr, line);
    },
    warn: (line) => write(io.stderr, line),
  };
}

/** JSON has no bigint; a document that must hold one holds its digits. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** As https://no-color.org and https://force-color.org have it: the flag, NO_COLOR, FORCE_COLOR, then the terminal. */
export function wantsColor(stream: OutputStream, env: Io['env'], options: GlobalOptions): boolean {
  if (options.color === false) return false;
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['FORCE_COLOR'])) return env['FORCE_COLOR'] !== '0';
  return stream.isTTY && env['TERM'] !== 'dumb';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
