import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** What every command body is given. */
export interface Session {
  readonly io: Io;
  readonly options: GlobalOptions;
  readonly terminal: Terminal;
}

export function openSession(io: Io, options: GlobalOptions): Session {
  return { io, options, terminal: openTerminal(io, options) };
}
