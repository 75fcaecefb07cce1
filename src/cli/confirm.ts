import { TandemError } from '../model/error.ts';
import type { Session } from './session.ts';

/** May a question be asked? Only of a person: both ends of the conversation are terminals. */
export function mayAsk({ io, options }: Session): boolean {
  return io.stdin.isTTY && io.stderr.isTTY && options.input !== false && options.json !== true;
}

/**
 * Asks for a yes, unless --yes gave it. Throws TD9004 for a no, and where nobody can be asked.
 */
export async function confirm(session: Session, question: string): Promise<void> {
  if (session.options.yes === true) return;
  if (!mayAsk(session)) throw notConfirmed('nobody can be asked here: this is no terminal, or --no-input was given');
  const prompts = await import('@clack/prompts');
  const answer = await prompts.confirm({ message: question, initialValue: false, output: process.stderr });
  if (answer !== true) throw notConfirmed('the question was answered with no');
}

function notConfirmed(found: string): TandemError {
  return new TandemError('TD9004', 'nothing was changed', { found, expected: 'a confirmation', fix: 'pass --yes' });
}
