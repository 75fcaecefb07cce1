import type { Step } from '../../model/endpoint.ts';
import type { Side } from '../../model/policy.ts';
import { isPending, type Pending, pendingSteps } from '../../engine/provision.ts';
import { exitCodes } from '../exit-codes.ts';
import { withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';

/** Shows what `apply` would do. */
export function plan(session: Session, options: { readonly sql?: boolean }): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared, labels }) => {
    const pending = await pendingSteps(prepared);
    const any = isPending(pending);
    if (options.sql === true) printSql(terminal, pending.steps, labels);
    else printPlan(terminal, pending, labels);
    const next = any ? ['tandem apply'] : ['tandem run'];
    terminal.document('tandem.plan/1', { sync: prepared.declaration.name, ...pending, next });
    if (!any) terminal.say('Everything is in place: apply has nothing to do.');
    else
      terminal.say(
        '\nNothing has been changed. `tandem apply` does all of this; `tandem plan --sql` prints the statements.',
      );
    return exitCodes.fine;
  });
}

/** The plan as a person reads it before saying yes. */
export function printPlan(terminal: Terminal, pending: Pending, labels: Readonly<Record<Side, string>>): void {
  const { paint } = terminal;
  for (const side of ['left', 'right'] as const) {
    const steps = pending.steps[side];
    if (steps.length === 0) continue;
    terminal.print(paint.bold(`${labels[side]} (${side})`));
    for (const step of steps) printStep(terminal, step);
  }
  if (pending.checkpoints.length === 0) return;
  terminal.print(paint.bold('first positions'));
  for (const { stream, lane } of pending.checkpoints) terminal.print(`  ${paint.green('+')} ${stream}, lane ${lane}`);
}

function printStep({ print, paint, verbose }: Terminal, step: Step): void {
  print(`  ${paint.green('+')} ${step.title}`);
  if (!verbose) return;
  for (const line of step.sql.split('\n')) print(paint.dim(`      ${line}`));
}

/** Statements to paste, with comments that say where. */
export function printSql(
  terminal: Terminal,
  steps: Readonly<Record<Side, readonly Step[]>>,
  labels: Readonly<Record<Side, string>>,
): void {
  for (const side of ['left', 'right'] as const) {
    if (steps[side].length === 0) continue;
    terminal.print(`-- ${labels[side]} (${side})`);
    for (const step of steps[side]) terminal.print(`${step.sql.replace(/;?\s*$/, '')};`);
  }
}
