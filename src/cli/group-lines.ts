import type { GroupReason, StoredGroup } from '../engine/stored-groups.ts';
import { CODES, type Code } from '../model/codes.ts';
import type { Side } from '../model/policy.ts';
import { ageText } from './age-text.ts';
import { alignColumns } from './table.ts';

/** A table group that is not simply running, in words: the first line says which and what, the others why. */
export function groupLines(
  group: StoredGroup,
  labels: Readonly<Record<Side, string>>,
  nowMs: number,
): readonly string[] {
  const { lane, tables, owed } = group;
  const rows = [
    [labels.left, tables.left.join(' ')],
    [labels.right, tables.right.join(' ')],
    ['owed', `${owed.left} to ${labels.left}, ${owed.right} to ${labels.right}`],
    ...(group.reason === null ? [] : reasonRows(group.reason)),
    // What the catalogues show is the cause where the log only showed that something is different.
    ...(group.misfit === null || isSaidBy(group.reason, group.misfit) ? [] : reasonRows(group.misfit)),
  ];
  return [`table group ${lane}  ${stateText(group, nowMs)}`, ...alignColumns(rows, '  ')];
}

function isSaidBy(reason: GroupReason | null, misfit: GroupReason): boolean {
  return reason?.code === misfit.code && reason.message === misfit.message;
}

function stateText({ state, sinceUs, misfit }: StoredGroup, nowMs: number): string {
  const since = sinceUs === null ? '' : ` since ${new Date(sinceUs / 1000).toISOString()} (${ageText(sinceUs, nowMs)})`;
  if (state === 'stopped') return `stopped${since}`;
  if (misfit !== null) return 'does not fit; it stops as soon as an engine looks';
  return state === 'healing' ? `healing, stopped${since}` : state;
}

function reasonRows({ code, message, expected, found, fix, at }: GroupReason): readonly (readonly string[])[] {
  const place = Object.entries(at ?? {}).map(([name, value]) => `${name} ${value}`);
  const rows: readonly (readonly [string, string | undefined])[] = [
    [code, `${CODES[code as Code].name}: ${message}`],
    ['at', place.length === 0 ? undefined : place.join(', ')],
    ['expected', expected],
    ['found', found],
    ['next', fix ?? `tandem explain ${code}`],
  ];
  return rows.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
}
