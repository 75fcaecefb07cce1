import { asTandemError } from '../model/error.ts';
import { exitMeaning, exitOf } from './exit-codes.ts';
import { countProblems, problemOf, Refusal, sayProblems } from './problems.ts';
import type { Terminal } from './terminal.ts';

/** Shows what ended a command and returns the exit code. */
export function reportFailure(terminal: Terminal, thrown: unknown): number {
  const error = thrown instanceof Refusal ? thrown : asTandemError(thrown);
  const problems = error instanceof Refusal ? error.problems : [problemOf(error)];
  const exit = exitOf(problems);
  const codes = [...new Set(problems.map((problem) => problem.code))];
  terminal.document('tandem.error/1', {
    exit,
    errors: problems.map((problem) => problem.document),
    next: codes.slice(0, 3).map((code) => `tandem explain ${code}`),
  });
  if (terminal.json) return exit;
  sayProblems(terminal, problems);
  if (terminal.verbose) terminal.warn(`${stackOf(error)}\n`);
  else if (codes.includes('TD9002')) terminal.warn('Run the command again with -v for the stack.\n');
  terminal.warn(`${countProblems(problems)}; exit code ${exit}: ${exitMeaning(exit)}`);
  return exit;
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
