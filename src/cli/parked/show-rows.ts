import { type ParkedEntry } from '../../engine/parked-list.ts';
import type { BothSides } from '../../engine/parked-actions.ts';
import type { ParkedGroup } from '../../engine/parked-select.ts';
import type { Opened } from '../open-sync.ts';
import { alignColumns } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { adviceFor, quoted } from './advice.ts';
import { showValue } from './given-values.ts';

export type Labels = Opened['labels'];

/** A row as JSON documents have it. */
export function entryDocument(entry: ParkedEntry): object {
  const { stored: _stored, parkedAtUs, nextRetryUs, discarded, ...rest } = entry;
  return {
    ...rest,
    parkedAt: instant(parkedAtUs),
    nextRetryAt: entry.state === 'discarded' ? null : nextRetryUs === 0 ? 'now' : instant(nextRetryUs),
    discarded: discarded === null ? null : { ...discarded, atUs: undefined, at: instant(discarded.atUs) },
  };
}

export function printEntries(terminal: Terminal, entries: readonly ParkedEntry[], labels: Labels, nowMs: number): void {
  const rows = entries.map((entry) => [
    entry.id,
    directionOf(entry, labels),
    `${entry.code} ${entry.name}`,
    placeOf(entry),
    entry.blockedBy ?? '',
    age(nowMs, entry.parkedAtUs),
    String(entry.attempts),
    turnOf(entry, nowMs),
  ]);
  const heads = ['row', 'direction', 'why', 'where', 'waits for', 'since', 'tries', 'next'];
  const [head = '', ...lines] = alignColumns([heads, ...rows]);
  terminal.print(terminal.paint.dim(head));
  lines.forEach((line, at) => terminal.print(entries[at]?.state === 'discarded' ? terminal.paint.dim(line) : line));
}

export function printGroups(terminal: Terminal, groups: readonly ParkedGroup[], nowMs: number): void {
  const rows = groups.map((group) => [
    group.group,
    group.name,
    String(group.rows),
    String(group.blocked),
    String(group.discarded),
    age(nowMs, group.oldestUs),
  ]);
  const heads = ['group', 'why', 'rows', 'waiting', 'discarded', 'oldest'];
  const [head = '', ...lines] = alignColumns([heads, ...rows]);
  terminal.print(terminal.paint.dim(head));
  for (const line of lines) terminal.print(line);
}

export function printEntry(terminal: Terminal, entry: ParkedEntry, labels: Labels, nowMs: number): void {
  const { paint, print } = terminal;
  const places = Object.entries(entry.at).map(([name, value]) => `${name} ${value}`);
  print(`${paint.bold(entry.id)}  ${paint.yellow(`${entry.code} ${entry.name}`)}  ${directionOf(entry, labels)}`);
  const lines: [string, string][] = [
    ['what', `${entry.op} of ${entry.link} (${keyOf(entry)}), transaction ${entry.transaction}`],
    ['why', entry.message],
    ['where', places.join(', ')],
    ['expected', entry.expected ?? ''],
    ['found', entry.found ?? ''],
    ['since', `${instant(entry.parkedAtUs)} (${age(nowMs, entry.parkedAtUs)}), ${entry.attempts} tries`],
    ['next try', turnOf(entry, nowMs)],
    ['waits for', entry.blockedBy ?? ''],
    ['blocks', entry.blocks === 0 ? '' : `${entry.blocks} rows (tandem parked ls --blocked-by ${quoted(entry.id)})`],
    ['discarded', discardText(entry)],
    ['group', entry.group],
    ['explain', `tandem explain ${entry.code}`],
  ];
  for (const [name, text] of lines) if (text !== '') print(`  ${paint.dim(name.padEnd(10))}${text}`);
  print(`  ${paint.dim('mend')}`);
  for (const advice of adviceFor(entry)) print(`    ${advice}`);
}

/** Both sides' rows as they are now, one column to a line. */
export function printSides(
  terminal: Terminal,
  entry: ParkedEntry,
  { source, target }: BothSides,
  labels: Labels,
): void {
  const [from, to] = entry.stream === 'left->right' ? (['left', 'right'] as const) : (['right', 'left'] as const);
  for (const [label, row] of [
    [labels[from], source],
    [labels[to], target],
  ] as const) {
    terminal.print(`  ${terminal.paint.dim(`in ${label} now`)}${row === null ? '  (absent)' : ''}`);
    if (row === null) continue;
    const cells = Object.entries(row).map(([name, value]) => [name, showValue(value)]);
    for (const line of alignColumns(cells, '    ')) terminal.print(line);
  }
}

function discardText({ discarded }: ParkedEntry): string {
  if (discarded === null) return '';
  const why = discarded.reason === null ? '' : `: ${discarded.reason}`;
  return `by ${discarded.actor} at ${instant(discarded.atUs)}${why}`;
}

function keyOf({ key }: ParkedEntry): string {
  return Object.entries(key)
    .map(([name, value]) => `${name} = ${showValue(value)}`)
    .join(', ');
}

function placeOf({ at }: ParkedEntry): string {
  return String(at['constraint'] ?? at['column'] ?? at['parent'] ?? '');
}

export function directionOf({ stream }: Pick<ParkedEntry, 'stream'>, labels: Labels): string {
  return stream === 'left->right' ? `${labels.left} -> ${labels.right}` : `${labels.right} -> ${labels.left}`;
}

function turnOf(entry: ParkedEntry, nowMs: number): string {
  if (entry.state === 'discarded') return 'discarded';
  const seconds = Math.ceil((entry.nextRetryUs / 1000 - nowMs) / 1000);
  return entry.nextRetryUs === 0 || seconds <= 0 ? 'now' : `in ${duration(seconds)}`;
}

function age(nowMs: number, us: number): string {
  return `${duration(Math.max(0, Math.round((nowMs - us / 1000) / 1000)))} ago`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

function instant(us: number): string {
  return new Date(us / 1000).toISOString();
}
