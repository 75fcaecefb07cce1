import { CODES } from '../model/codes.ts';
import type { Problem } from './problems.ts';

export const exitCodes = { fine: 0, attention: 2, interrupted: 130 } as const;

/** What an exit code means, for the last line of a failed command. */
export function exitMeaning(code: number): string {
  return meanings[code] ?? 'failed';
}

const meanings: Readonly<Record<number, string>> = {
  0: 'fine',
  1: 'failed',
  2: 'differences found',
  3: 'configuration not valid',
  4: 'cannot connect, or not permitted',
  5: 'a precondition is not met',
  6: 'not confirmed',
  7: 'position lost, the sides must be brought in step again',
  64: 'wrong usage',
  130: 'interrupted',
};

/** The exit code of the first error that has one of its own; 0 where there is no error. */
export function exitOf(problems: readonly Problem[]): number {
  const codes = problems.filter((problem) => problem.severity === 'error').map((problem) => CODES[problem.code].exit);
  return codes.find((code) => code !== 1) ?? codes[0] ?? exitCodes.fine;
}
