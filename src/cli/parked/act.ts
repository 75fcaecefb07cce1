import { hostname, userInfo } from 'node:os';
import { randomUUID } from 'node:crypto';
import { findParked, linkOf, listParked, type ParkedEntry } from '../../engine/parked-list.ts';
import {
  discardParked,
  editParked,
  foresee,
  type Operator,
  readBothSides,
  retryParked,
} from '../../engine/parked-actions.ts';
import { type Selection, selectOne, selectParked } from '../../engine/parked-select.ts';
import type { Prepared } from '../../engine/prepare.ts';
import { sourceSide } from '../../engine/provision.ts';
import type { Context } from '../../model/context.ts';
import { TandemError } from '../../model/error.ts';
import type { Value } from '../../model/value.ts';
import { confirm } from '../confirm.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Opened, withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';
import { quoted } from './advice.ts';
import { type Filters, selectionOf } from './filters.ts';
import { givenValues, showValue } from './given-values.ts';
import { directionOf, type Labels } from './show-rows.ts';

export interface ActOptions extends Filters {
  readonly group?: string;
  readonly all?: boolean;
  readonly reason?: string;
  /** Seconds to wait for the engine to answer. */
  readonly wait?: number;
  readonly dryRun?: boolean;
}

export interface EditOptions extends ActOptions {
  readonly set?: readonly string[];
  readonly null?: readonly string[];
  readonly values?: boolean;
}

type Act = Opened & { readonly prepared: Prepared };

/** `tandem parked retry`: asks for the rows' present state at once. Exit code 2 where some are still refused. */
export function retryRows(session: Session, key: string | undefined, options: ActOptions): Promise<number> {
  return withPrepared(session, 'warn', async (act) => {
    const chosen = await choose(act.prepared, key, options);
    await previewRetry(session.terminal, act, chosen);
    if (!(await agreed(session, chosen, options, `Try ${count(chosen)} again now?`))) return exitCodes.fine;
    await retryParked(act.prepared, chosen, operatorOf(act.context, options));
    return report(session, act, 'retry', chosen, options);
  });
}

/** `tandem parked discard`: lets both sides differ in these rows until they change again at their source. */
export function discardRows(session: Session, key: string | undefined, options: ActOptions): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async (act) => {
    const chosen = await choose(act.prepared, key, options);
    for (const entry of chosen.slice(0, shownMax)) {
      terminal.say(`${entry.id}: ${act.labels[targetSide(entry)]} stays as it is, and differs from here on`);
    }
    sayMore(terminal, chosen);
    terminal.say('Rows that are discarded stay in `tandem parked ls`, and come over when they change at their source.');
    if (!(await agreed(session, chosen, options, `Discard ${count(chosen)}?`))) return exitCodes.fine;
    const discarded = await discardParked(act.prepared, chosen, operatorOf(act.context, options));
    terminal.say(`${discarded} discarded.`);
    const { name: sync } = act.prepared.declaration;
    terminal.document('tandem.parked.discard/1', { sync, rows: discarded, ids: chosen.map(({ id }) => id) });
    return exitCodes.fine;
  });
}

/** `tandem parked edit`: changes the row at its source, and waits for it to arrive. */
export function editRow(session: Session, key: string, options: EditOptions): Promise<number> {
  return withPrepared(session, 'warn', async (act) => {
    const { prepared, context } = act;
    const entry = selectOne(await listParked(prepared), { ...selectionOf(options), key });
    const from = sourceSide(entry.stream);
    const link = linkOf(prepared, entry.link);
    if (link === undefined) throw new TandemError('TD9002', `the link '${entry.link}' has gone`);
    const changes = givenValues(link[from], options.set ?? [], options.null ?? []);
    await previewEdit(session.terminal, act, entry, changes, options.values === true);
    const question = `Change this row of ${link[from].ref.table} in ${act.labels[from]}?`;
    if (!(await agreed(session, [entry], options, question))) return exitCodes.fine;
    await editParked(prepared, entry, changes, operatorOf(context, options));
    return report(session, act, 'edit', [entry], options);
  });
}

/** Throws TD9003 where neither a row nor a group nor all are meant, TD8040 where nothing is. */
async function choose(prepared: Prepared, key: string | undefined, options: ActOptions) {
  const selection: Selection = { ...selectionOf(options), group: options.group };
  const entries = await listParked(prepared);
  if (key !== undefined) return [selectOne(entries, { ...selection, key })];
  if (options.group === undefined && options.all !== true) {
    throw new TandemError('TD9003', 'it is not said which rows are meant', {
      expected: 'a row, --group <group>, or --all (which --link, --code and --direction narrow)',
      fix: 'tandem parked ls --group',
    });
  }
  const found = selectParked(entries, selection);
  if (found.length > 0) return found;
  throw new TandemError('TD8040', 'no parked row is meant by that', { fix: 'tandem parked ls --group' });
}

const shownMax = 10;

async function previewRetry(terminal: Terminal, { prepared, labels }: Act, entries: readonly ParkedEntry[]) {
  for (const entry of entries.slice(0, shownMax)) {
    const outlook = await foresee(prepared, entry);
    const to = labels[targetSide(entry)];
    if (outlook === 'gone') terminal.say(`${entry.id}: gone at its source, so it is deleted in ${to}`);
    else if (outlook === 'open') terminal.say(`${entry.id}: is sent to ${to} again as it is now`);
    else terminal.say(`${entry.id}: will be refused again: ${outlook.code} ${outlook.message}`);
  }
  sayMore(terminal, entries);
}

async function previewEdit(
  terminal: Terminal,
  { prepared, labels }: Act,
  entry: ParkedEntry,
  changes: Readonly<Record<string, Value>>,
  withValues: boolean,
): Promise<void> {
  const before = withValues ? (await readBothSides(prepared, entry)).source : null;
  terminal.say(`${entry.id} (${directionOf(entry, labels)}), in ${labels[sourceSide(entry.stream)]}:`);
  for (const [column, value] of Object.entries(changes)) {
    const old = before === null ? '' : `${showValue(before[column])} -> `;
    terminal.say(`  ${column}: ${old}${showValue(value)}`);
  }
  const outlook = await foresee(prepared, entry, changes);
  if (outlook === 'open') terminal.say(`The row can then be sent to ${labels[targetSide(entry)]}.`);
  else if (outlook === 'gone') terminal.warn('The row is gone at its source.');
  else terminal.warn(`That does not mend it: ${outlook.code} ${outlook.message}`);
}

function sayMore(terminal: Terminal, entries: readonly ParkedEntry[]): void {
  if (entries.length > shownMax) terminal.say(`... and ${entries.length - shownMax} more`);
}

/** False for a dry run. Throws TD9004 for a no, and where nobody can be asked. */
async function agreed(
  session: Session,
  entries: readonly ParkedEntry[],
  { dryRun }: ActOptions,
  question: string,
): Promise<boolean> {
  if (dryRun === true) {
    session.terminal.say('Nothing was changed: this was a dry run.');
    session.terminal.document('tandem.parked.preview/1', { rows: entries.length, ids: entries.map(({ id }) => id) });
    return false;
  }
  await confirm(session, question);
  return true;
}

const pollMs = 100;
const waitSeconds = 10;

interface Outcome {
  readonly id: string;
  readonly outcome: 'healed' | 'parked' | 'waiting';
  readonly code?: string;
}

/** Waits for the engine and says what came of it. */
async function report(
  { terminal, io }: Session,
  { prepared, context }: Act,
  action: 'retry' | 'edit',
  entries: readonly ParkedEntry[],
  options: ActOptions,
): Promise<number> {
  const stopped = new AbortController();
  const unsubscribe = io.onSignal(() => stopped.abort());
  const until = context.nowMs() + (options.wait ?? waitSeconds) * 1000;
  let outcomes: readonly Outcome[] = [];
  try {
    for (;;) {
      outcomes = await readOutcomes(prepared, entries);
      const isOver = outcomes.every(({ outcome }) => outcome !== 'waiting');
      if (isOver || stopped.signal.aborted || context.nowMs() >= until) break;
      await context.sleep(pollMs, stopped.signal).catch(() => undefined);
    }
  } finally {
    unsubscribe();
  }
  const counted = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const [healed, parked, waiting] = [counted('healed'), counted('parked'), counted('waiting')];
  const refused = outcomes.find(({ outcome }) => outcome === 'parked');
  if (healed > 0) terminal.say(healed === 1 ? `${first(outcomes, 'healed')} is healed.` : `${healed} rows are healed.`);
  if (refused !== undefined) {
    terminal.say(`${parked === 1 ? `${refused.id} is` : `${parked} rows are`} still refused: ${refused.code}`);
  }
  if (waiting > 0) terminal.say(`${waiting} not answered yet: an engine does it as soon as one runs (tandem run).`);
  const next = refused === undefined ? ['tandem parked ls'] : [`tandem parked show ${quoted(refused.id)}`];
  const { name: sync } = prepared.declaration;
  terminal.document(`tandem.parked.${action}/1`, { sync, healed, parked, waiting, rows: outcomes, next });
  return parked + waiting > 0 ? exitCodes.attention : exitCodes.fine;
}

/** One look at each row where they are few, one look at all where they are many. */
async function readOutcomes(prepared: Prepared, entries: readonly ParkedEntry[]): Promise<readonly Outcome[]> {
  const nameOf = ({ stream, id }: ParkedEntry) => `${stream} ${id}`;
  const now = new Map<string, ParkedEntry>();
  const found =
    entries.length > shownMax
      ? await listParked(prepared)
      : await Promise.all(entries.map((entry) => findParked(prepared, entry)));
  for (const entry of found) if (entry !== null) now.set(nameOf(entry), entry);
  return entries.map((entry) => {
    const left = now.get(nameOf(entry));
    if (left === undefined) return { id: entry.id, outcome: 'healed' };
    const isTried = left.attempts > entry.attempts;
    return { id: entry.id, outcome: isTried ? 'parked' : 'waiting', code: left.code };
  });
}

function first(outcomes: readonly Outcome[], wanted: Outcome['outcome']): string {
  return outcomes.find(({ outcome }) => outcome === wanted)?.id ?? '';
}

function count(entries: readonly ParkedEntry[]): string {
  return entries.length === 1 ? `${entries[0]?.id}` : `${entries.length} rows`;
}

function targetSide({ stream }: ParkedEntry): keyof Labels {
  return stream === 'left->right' ? 'right' : 'left';
}

function operatorOf(context: Context, { reason }: ActOptions): Operator {
  const actor = `${userInfo().username}@${hostname()}`;
  return { id: randomUUID(), atUs: context.nowMs() * 1000, actor, reason: reason ?? null };
}
