import type { ConflictEntry } from '../engine/conflicts.ts';
import { CODES, type Code } from '../model/codes.ts';
import type { ConflictType, NamedRow, Side } from '../model/policy.ts';
import type { Value } from '../model/value.ts';

type Labels = Readonly<Record<Side, string>>;

const MET: Readonly<Record<ConflictType, string>> = {
  insert_exists: 'Both sides made the row (insert_exists).',
  update_origin_differs: 'Both sides changed the row, and neither had seen the other (update_origin_differs).',
  update_exists: "The new values clash with another row's unique value (update_exists).",
  update_deleted: 'One side changed the row while the other deleted it (update_deleted).',
  update_missing: 'One side changed a row that the other does not have (update_missing).',
  delete_origin_differs: 'One side deleted the row while the other changed it (delete_origin_differs).',
  delete_missing: 'Both sides deleted the row (delete_missing).',
  multiple_unique_conflicts: 'Unique values of the row belong to several others (multiple_unique_conflicts).',
};

/** A conflict told in sentences, without any value of a row. */
export function explainConflict(entry: ConflictEntry, labels: Labels): readonly string[] {
  const { atUs, home, remoteTransaction } = entry;
  const remote = home === 'left' ? 'right' : 'left';
  const transaction = remoteTransaction === null ? '' : `, in its transaction ${remoteTransaction}`;
  return [
    MET[entry.type],
    `${labels[home]} (${home}, home) wrote ${timeText(atUs[home])}.`,
    `${labels[remote]} (${remote}) wrote ${timeText(atUs[remote])}${transaction}.`,
    ...whyWon(entry, labels),
    ...(entry.state === 'resolved'
      ? ['A person has decided it again since: see the entry that refers to this one.']
      : []),
    ...(entry.refers === null ? [] : [`It decides conflict ${entry.refers} again.`]),
  ];
}

function whyWon(entry: ConflictEntry, labels: Labels): readonly string[] {
  const { winner, policy, shares, code } = entry;
  if (winner === 'nobody') {
    const { help } = CODES[(code ?? 'TD8010') as Code];
    return [`Nobody has decided yet (${code ?? 'TD8010'}). ${help}`];
  }
  if (policy === 'by hand') return [`A person decided: ${winner === 'merged' ? 'a row of its own' : labels[winner]}.`];
  if (shares !== null && Object.keys(shares).length > 0) {
    const parts = Object.entries(shares).map(
      ([column, from]) => `${column} ${from === 'sum' ? 'holds what both added' : `is ${labels[from]}'s`}`,
    );
    return [`By its policy (${policy}), the row was merged: ${parts.join('; ')}.`];
  }
  if (winner === 'merged') return [`By its policy (${policy}), the row was merged.`];
  return [`By its policy (${policy}), ${labels[winner]} won${reason(entry, winner)}.`];
}

function reason({ policy, type, atUs, home }: ConflictEntry, winner: Side): string {
  if (!policy.startsWith('newest')) return '';
  if (type.startsWith('delete') || type === 'update_deleted') return ': a delete beats a concurrent update';
  const other = winner === 'left' ? 'right' : 'left';
  const aheadUs = atUs[winner] - atUs[other];
  if (aheadUs > 0) return `: its write was ${durationText(aheadUs)} later`;
  return winner === home ? ': at the same time, home wins' : ': its value of the compared column is higher';
}

function durationText(us: number): string {
  if (us < 1_000) return `${us} \u00b5s`;
  if (us < 1_000_000) return `${Math.round(us / 1_000)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

/** A hybrid time, to the millisecond. */
export function timeText(us: number): string {
  return us === 0 ? 'at an unknown time' : `at ${stamp(us)}`;
}

export function stamp(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString().replace('T', ' ');
}

/** The rows of a conflict beside each other, a line per column; the last column is what came of it. */
export function rowTable(entry: ConflictEntry, labels: Labels): readonly (readonly string[])[] {
  const { base, left, right, result } = entry;
  const names = [...new Set([base, left, right, result].flatMap((row) => Object.keys(row ?? {})))];
  const cell = (row: NamedRow | null, name: string) => (row === null ? '' : valueText(row[name]));
  const head = (label: string, row: NamedRow | null, none: string) => (row === null ? `${label} (${none})` : label);
  return [
    [
      'column',
      head('before', base, 'not known'),
      head(labels.left, left, 'no row'),
      head(labels.right, right, 'no row'),
      head('result', result, entry.winner === 'nobody' ? 'not decided' : 'no row'),
    ],
    ...names.map((name) => [name, cell(base, name), cell(left, name), cell(right, name), cell(result, name)]),
  ];
}

export function valueText(value: Value | undefined): string {
  if (value === undefined) return '';
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'string' ? value : Array.isArray(value) ? JSON.stringify(value) : String(value);
}
