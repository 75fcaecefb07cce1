import { createContext, type LogLevel, type ProcessContext } from '../engine/context.ts';
import { prepareToRun, type Runnable } from '../engine/prepare-run.ts';
import { type Endpoints, labelOf, openEndpoints, prepare, type Prepared } from '../engine/prepare.ts';
import type { ConfigSource } from '../config/source.ts';
import { checkServers, isError } from '../engine/checks.ts';
import type { Declaration } from '../mapping/declaration.ts';
import type { Side } from '../model/policy.ts';
import { logOptions } from './log-lines.ts';
import { problemOf, Refusal } from './problems.ts';
import { readConfig } from './read-config.ts';
import type { Session } from './session.ts';

/** What a command works with that needs a configuration. */
export interface Opened {
  readonly declaration: Declaration;
  /** The file that says so. */
  readonly source: ConfigSource;
  readonly context: ProcessContext;
  readonly labels: Readonly<Record<Side, string>>;
}

export function openContext(session: Session, usual: LogLevel): ProcessContext {
  return createContext(logOptions(session, usual));
}

export function sideLabels(declaration: Declaration): Readonly<Record<Side, string>> {
  return { left: labelOf(declaration, 'left'), right: labelOf(declaration, 'right') };
}

/** For commands that need the databases and not the mapping. */
export async function withEndpoints(
  session: Session,
  work: (opened: Opened & { readonly endpoints: Endpoints }) => Promise<number>,
): Promise<number> {
  const { declaration, source } = await readConfig(session);
  using context = openContext(session, 'warn');
  await using endpoints = await openEndpoints(declaration, context);
  return await work({ declaration, source, context, labels: sideLabels(declaration), endpoints });
}

/** For commands that need a mapping that compiles: where it does not, its findings are the outcome. */
export async function withPrepared(
  session: Session,
  usual: LogLevel,
  work: (opened: Opened & { readonly prepared: Prepared }) => Promise<number>,
): Promise<number> {
  const { declaration, source } = await readConfig(session);
  using context = openContext(session, usual);
  await using prepared = await prepare(declaration, context);
  requirePlan(prepared, source);
  return await work({ declaration, source, context, labels: sideLabels(declaration), prepared });
}

/** As {@link withPrepared}, for commands that also show table groups whose tables no longer fit the mapping. */
export async function withRunnable(
  session: Session,
  usual: LogLevel,
  work: (opened: Opened & { readonly prepared: Runnable }) => Promise<number>,
): Promise<number> {
  const { declaration, source } = await readConfig(session);
  using context = openContext(session, usual);
  await using prepared = await prepareToRun(declaration, context);
  requirePlan(prepared, source);
  return await work({ declaration, source, context, labels: sideLabels(declaration), prepared });
}

/** Refuses a mapping that does not compile, with everything that is wrong with it. */
export function requirePlan({ plan, findings }: Prepared, source: ConfigSource): void {
  if (plan === null) throw new Refusal(findings.map((finding) => problemOf(finding, source)));
}

/** Refuses servers that could not be read or written as the sync needs it, before anything is made or moved. */
export async function requireServers(prepared: Prepared, source: ConfigSource): Promise<void> {
  const errors = (await checkServers(prepared)).filter(isError);
  if (errors.length > 0) throw new Refusal(errors.map((finding) => problemOf(finding, source)));
}
