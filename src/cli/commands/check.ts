import type { CheckOptions } from '../../engine/check-codecs.ts';
import { check as checkAll, type LinkCount } from '../../engine/checks.ts';
import { closeAll, compileOver, pairOf, tryEndpoints } from '../../engine/prepare.ts';
import { TandemError } from '../../model/error.ts';
import { exitCodes, exitMeaning, exitOf } from '../exit-codes.ts';
import { openContext, sideLabels } from '../open-sync.ts';
import { countProblems, type Problem, problemOf, sayProblems } from '../problems.ts';
import { readConfig } from '../read-config.ts';
import type { Session } from '../session.ts';
import { alignColumns } from '../table.ts';

/** Lists everything that is wrong or risky; changes nothing. */
export async function check(session: Session, options: CheckOptions): Promise<number> {
  const { declaration, source, warnings } = await readConfig(session);
  using context = openContext(session, 'warn');
  const { left, right } = await tryEndpoints(declaration, context);
  if (left instanceof TandemError || right instanceof TandemError) {
    await closeAll([left, right]);
    const failures = [left, right].filter((one) => one instanceof TandemError);
    return conclude(
      session,
      declaration.name,
      failures.map((failure) => problemOf(failure)),
    );
  }
  await using prepared = await compileOver(pairOf(left, right), declaration);
  const { findings, counts } = await checkAll(prepared, context, options);
  printCounts(session, counts, sideLabels(declaration));
  return conclude(
    session,
    declaration.name,
    [...warnings, ...findings].map((finding) => problemOf(finding, source)),
    counts,
  );
}

function printCounts(session: Session, counts: readonly LinkCount[], labels: { left: string; right: string }): void {
  if (counts.length === 0) return;
  const rows = counts.map(({ link, left, right, filtered }) => [
    link,
    `${left}`,
    `${right}`,
    filtered ? 'filtered' : '',
  ]);
  const { terminal } = session;
  const [head = '', ...lines] = alignColumns([['link', `rows ${labels.left}`, `rows ${labels.right}`, ''], ...rows]);
  terminal.print(terminal.paint.bold(head));
  for (const line of lines) terminal.print(line);
  terminal.say('');
}

/** Notes are for reading; warnings are no reason to stop either. */
function conclude(
  session: Session,
  sync: string,
  problems: readonly Problem[],
  counts: readonly LinkCount[] = [],
): number {
  const { terminal } = session;
  const exit = exitOf(problems);
  const next = exit === exitCodes.fine ? ['tandem plan', 'tandem apply'] : ['tandem explain CODE', 'tandem check'];
  terminal.document('tandem.check/1', {
    sync,
    exit,
    findings: problems.map((problem) => problem.document),
    counts,
    next,
  });
  if (terminal.json) return exit;
  sayProblems(terminal, problems);
  const count = countProblems(problems);
  terminal.print(count === '' ? terminal.paint.green('Everything is in order.') : count);
  if (exit !== exitCodes.fine) terminal.say(`exit code ${exit}: ${exitMeaning(exit)}`);
  return exit;
}
