import { isPending, pendingSteps, provision, verifyPositions } from '../../engine/provision.ts';
import { confirm } from '../confirm.ts';
import { requireServers, withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import { printPlan } from './plan.ts';

/** Makes everything that `plan` shows. A second run does nothing; a run after a crash completes the first. */
export function apply(session: Session): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared, labels, source }) => {
    const sync = prepared.declaration.name;
    await verifyPositions(prepared);
    const pending = await pendingSteps(prepared);
    if (!isPending(pending)) {
      terminal.say('Everything is in place already.');
      terminal.document('tandem.apply/1', { sync, done: pending, next: ['tandem run'] });
      return 0;
    }
    await requireServers(prepared, source);
    if (session.options.yes !== true) printPlan(terminal, pending, labels);
    await confirm(session, 'Make all of this now?');
    await provision(prepared, {
      step: (side, step) => terminal.say(`${labels[side]}: ${step.title}`),
      checkpoint: ({ stream, lane }) => terminal.say(`${stream}: first position of lane ${lane}`),
    });
    terminal.say('\nDone. From here on the logs are kept for this sync; `tandem run` reads them.');
    terminal.document('tandem.apply/1', { sync, done: pending, next: ['tandem run', 'tandem status'] });
    return 0;
  });
}
