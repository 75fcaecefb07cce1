import { deprovision, removalSteps } from '../../engine/provision.ts';
import { TandemError } from '../../model/error.ts';
import { mayAsk } from '../confirm.ts';
import { withEndpoints } from '../open-sync.ts';
import type { Session } from '../session.ts';

/** Removes what `apply` made, after the sync's name was typed or given. Works for a mapping that no longer compiles. */
export function teardown(session: Session, options: { readonly confirm?: string }): Promise<number> {
  const { terminal } = session;
  return withEndpoints(session, async ({ declaration, endpoints, labels }) => {
    const removable = { ...endpoints, declaration };
    const steps = await removalSteps(removable);
    const document = { sync: declaration.name, removed: steps };
    if (steps.left.length + steps.right.length === 0) {
      terminal.say('Nothing is left to remove.');
      terminal.document('tandem.teardown/1', document);
      return 0;
    }
    for (const side of ['left', 'right'] as const) {
      if (steps[side].length > 0) terminal.print(terminal.paint.bold(`${labels[side]} (${side})`));
      for (const step of steps[side]) terminal.print(`  ${terminal.paint.red('-')} ${step.title}`);
    }
    await requireName(session, declaration.name, options.confirm);
    await deprovision(removable, (side, step) => terminal.say(`${labels[side]}: ${step.title}`));
    terminal.say('\nDone. Your own tables were not touched.');
    terminal.document('tandem.teardown/1', { ...document, next: ['tandem apply'] });
    return 0;
  });
}

async function requireName(session: Session, name: string, given: string | undefined): Promise<void> {
  const answer = given ?? (mayAsk(session) ? await askName(name) : undefined);
  if (answer === name) return;
  throw new TandemError('TD9004', 'nothing was removed', {
    expected: `the name of the sync, ${name}`,
    found: answer === undefined ? 'no name' : 'another name',
    fix: `tandem teardown --confirm ${name}`,
  });
}

async function askName(name: string): Promise<string | undefined> {
  const { text } = await import('@clack/prompts');
  const message = `The sync cannot go on from where it is after this. Type its name, ${name}, to remove it`;
  const answer = await text({ message, output: process.stderr });
  return typeof answer === 'string' ? answer : undefined;
}
