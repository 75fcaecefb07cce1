import { CommanderError } from 'commander';
import { TandemError } from '../model/error.ts';
import type { Io } from './io.ts';
import { guessOptions } from './options.ts';
import { buildProgram } from './program.ts';
import { reportFailure } from './report-failure.ts';
import { openSession, type Session } from './session.ts';

/** Runs one command line and returns its exit code; never throws. `argv` is without node and script. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let session: Session = openSession(io, guessOptions(argv));
  let exitCode = 0;
  const program = buildProgram(io, async (options, body) => {
    session = openSession(io, options);
    exitCode = await body(session);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    // Help and version end the parse by throwing; their text is already out.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    return reportFailure(session.terminal, thrown instanceof CommanderError ? usageError(thrown) : thrown);
  }
}

function usageError(thrown: CommanderError): TandemError {
  const message = thrown.message.replace(/^error: /, '');
  return new TandemError('TD9003', message, { fix: 'tandem --help lists all commands and flags' });
}
