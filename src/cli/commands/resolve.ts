import { imageOfNamed } from '../../arbiter/custom.ts';
import { summedColumns } from '../../arbiter/groups.ts';
import { type ConflictEntry, linkOf, presentRow, readConflict, requestResolution } from '../../engine/conflicts.ts';
import { planOf } from '../../engine/prepare.ts';
import { TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { NamedRow, Side } from '../../model/policy.ts';
import type { Kind, Value } from '../../model/value.ts';
import type { Resolution } from '../../pipeline/lane/lane.ts';
import { explainConflict, valueText } from '../conflict-words.ts';
import { confirm } from '../confirm.ts';
import { exitCodes } from '../exit-codes.ts';
import { sideLabels, withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import { alignColumns } from '../table.ts';

interface ResolveOptions {
  readonly take?: Side;
  readonly set?: readonly string[];
  readonly delete?: boolean;
  readonly force?: boolean;
  readonly values?: boolean;
}

/** A running engine answers within a second; half a minute is for one that is busy. */
const PATIENCE_TRIES = 300;

/** Shows what would change, asks, and has the running engine do it, so that both sides get it like any decision. */
export function resolve(session: Session, id: string, options: ResolveOptions): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared, declaration, context }) => {
    const plan = planOf(prepared);
    const entry = await readConflict(prepared, plan, id);
    if (entry.state === 'resolved') throw alreadyResolved(id);
    if (entry.code === 'TD7001' || entry.code === 'TD8003') throw notToDecide(id);
    const link = linkOf(plan, entry.link);
    const wanted = wantedOf(options, link);
    const present = await presentRow(prepared, plan, entry);
    refuseChanged(entry, present, options);
    const after = rowAfter(link, entry, present, wanted);
    for (const line of explainConflict(entry, sideLabels(declaration))) terminal.say(line);
    const changes = changesOf(present, after);
    terminal.say('');
    for (const line of preview(changes, present, after, options.values === true)) terminal.say(line);
    await confirm(session, 'Make the row so on both sides?');
    const { lane, home } = entry;
    const request: Resolution = { lane, id, want: asWant(wanted, link, home), force: options.force === true };
    const sleep = (ms: number) => context.sleep(ms);
    await requestResolution(prepared[home], request, { sleep, tries: PATIENCE_TRIES });
    terminal.say('Done: the row is so at home, and on its way to the other side.');
    const columns = changes.map(({ column }) => column);
    terminal.document('tandem.conflict-resolved/1', { id, columns, next: [`tandem conflicts show ${id}`] });
    return exitCodes.fine;
  });
}

type Wanted = { readonly take: Side } | { readonly set: NamedRow } | 'delete';

/** Throws TD9003 unless exactly one way is given. */
function wantedOf({ take, set, delete: remove }: ResolveOptions, link: LinkPlan): Wanted {
  const given = [take, set, remove].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw new TandemError('TD9003', 'say what the row is to be', {
      expected: 'one of --take left|right, --set column=value, --delete',
    });
  }
  if (take !== undefined) return { take };
  return remove === true ? 'delete' : { set: parseSets(set ?? [], link) };
}

function parseSets(sets: readonly string[], link: LinkPlan): NamedRow {
  const names = link.pairs.map((pair) => pair.left.name);
  const row: Record<string, Value> = {};
  for (const each of sets) {
    const at = each.indexOf('=');
    const name = each.slice(0, Math.max(0, at));
    const index = names.indexOf(name);
    if (index < 0 || link.left.key.includes(index)) {
      const expected = names.filter((_name, nth) => !link.left.key.includes(nth)).join(', ');
      throw new TandemError('TD9003', '--set needs column=value', { expected: `a column of ${expected}`, found: name });
    }
    row[name] = parseValue(link.pairs[index]?.left.kind ?? 'text', each.slice(at + 1), name);
  }
  return row;
}

/** `null` is NULL; a text that begins with a quotation mark is JSON, so that every text can be written. */
function parseValue(kind: Kind, text: string, name: string): Value {
  if (text === 'null') return null;
  try {
    if (text.startsWith('"')) return String(JSON.parse(text));
    if (kind === 'bigint') return BigInt(text);
    if (kind === 'bool') return parseBool(text);
    if (kind === 'int' || kind === 'float4' || kind === 'float8') return parseNumber(text);
    return text;
  } catch {
    throw new TandemError('TD9003', `the value for ${name} does not fit`, { expected: `a value of kind ${kind}` });
  }
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new RangeError('no number');
  return value;
}

function parseBool(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new RangeError('neither true nor false');
  return text === 'true';
}

function asWant(wanted: Wanted, link: LinkPlan, home: Side): Resolution['want'] {
  if (wanted === 'delete' || 'take' in wanted) return wanted;
  return { set: imageOfNamed(link, home, wanted.set) };
}

function alreadyResolved(id: string): TandemError {
  return new TandemError('TD8014', `conflict ${id} was resolved already`, {
    expected: 'the newest entry about the row, which refers to this one',
    fix: 'tandem conflicts ls',
  });
}

function notToDecide(id: string): TandemError {
  return new TandemError('TD8017', `conflict ${id} is a clash of unique values, which is not for Tandem to decide`, {
    fix: 'Change one of the two rows at its own side; the one that waits is tried again.',
    at: { conflict: id },
  });
}

function refuseChanged(entry: ConflictEntry, present: NamedRow | null, { force }: ResolveOptions): void {
  const expected = entry.state === 'open' ? entry[entry.home] : entry.result;
  if (force === true || changesOf(expected, present).length === 0) return;
  throw new TandemError('TD8013', `the row of conflict ${entry.id} has changed since`, {
    fix: 'Look at it, then pass --force to overwrite it all the same.',
    at: { link: entry.link, conflict: entry.id },
  });
}

/** What the engine will make of it; counters stay the sums that they are. */
function rowAfter(link: LinkPlan, entry: ConflictEntry, present: NamedRow | null, wanted: Wanted): NamedRow | null {
  if (wanted === 'delete') return null;
  if ('set' in wanted) return { ...(present ?? entry.left ?? entry.right), ...wanted.set };
  const row = wanted.take === entry.home && entry.state === 'open' ? present : entry[wanted.take];
  if (row === null || present === null) return row;
  const counters = summedColumns(link).map((at) => link.pairs[at]?.left.name ?? '');
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, counters.includes(name) ? (present[name] ?? null) : value]),
  );
}

interface ColumnChange {
  readonly column: string;
  readonly from: string;
  readonly to: string;
}

function changesOf(before: NamedRow | null, after: NamedRow | null): readonly ColumnChange[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((column) => {
    const [from, to] = [valueText(before?.[column]), valueText(after?.[column])];
    return from === to ? [] : [{ column, from, to }];
  });
}

function preview(
  changes: readonly ColumnChange[],
  before: NamedRow | null,
  after: NamedRow | null,
  values: boolean,
): readonly string[] {
  if (after === null)
    return [before === null ? 'The row stays away from both sides.' : 'The row goes from both sides.'];
  if (before === null) return ['The row comes back on both sides.'];
  if (changes.length === 0) return ['The row stays as it is at home, and the other side gets it.'];
  if (!values)
    return [`These columns change: ${changes.map(({ column }) => column).join(', ')}. (--values shows how.)`];
  return alignColumns(changes.map(({ column, from, to }) => [column, from, '->', to]));
}
