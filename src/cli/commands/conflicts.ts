import { listConflicts, readConflict } from '../../engine/conflicts.ts';
import { planOf } from '../../engine/prepare.ts';
import { TandemError } from '../../model/error.ts';
import { explainConflict, rowTable, stamp } from '../conflict-words.ts';
import { exitCodes } from '../exit-codes.ts';
import { sideLabels, withEndpoints, withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import { alignColumns } from '../table.ts';

interface ListOptions {
  readonly link?: string;
  readonly type?: string;
  readonly since?: string;
  readonly open?: boolean;
  readonly limit: number;
  readonly values?: boolean;
}

/** Lists the ledger. Keys are values of rows, so they are shown on demand only. */
export function listed(session: Session, options: ListOptions): Promise<number> {
  const { terminal } = session;
  return withEndpoints(session, async ({ endpoints, context, labels }) => {
    const { link, type, since, open, limit } = options;
    const found = await listConflicts(endpoints, {
      limit,
      ...(link === undefined ? {} : { link }),
      ...(type === undefined ? {} : { type }),
      ...(since === undefined ? {} : { sinceUs: sinceUs(since, context.nowMs()) }),
      ...(open === undefined ? {} : { isOpen: open }),
    });
    const shown = found.map(({ keys, ...rest }) => (options.values === true ? { ...rest, keys } : rest));
    const waiting = found.find((entry) => entry.state === 'open');
    const next = waiting === undefined ? [] : [`tandem conflicts show ${waiting.id}`];
    terminal.document('tandem.conflicts/1', { conflicts: shown, next });
    const heads = ['id', 'decided', 'link', 'type', 'state', 'winner', 'policy'];
    const withKeys = (cells: readonly string[], left: string, right: string) =>
      options.values === true ? [...cells, left, right] : cells;
    const rows = found.map((entry) => {
      const winner = entry.winner === 'left' || entry.winner === 'right' ? labels[entry.winner] : entry.winner;
      const cells = [entry.id, stamp(entry.decidedUs), entry.link, entry.type, entry.state, winner, entry.policy];
      return withKeys(cells, entry.keys.left, entry.keys.right);
    });
    if (found.length === 0) terminal.say('There are no such conflicts.');
    else for (const line of alignColumns([withKeys(heads, labels.left, labels.right), ...rows])) terminal.print(line);
    return exitCodes.fine;
  });
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `30m`, `12h`, `7d`, or anything that a date may look like, as microseconds since 1970. Throws TD9003. */
function sinceUs(text: string, nowMs: number): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return (nowMs - Number(amount) * (UNITS[unit] ?? 1) * 1000) * 1000;
  const date = Date.parse(text);
  if (Number.isFinite(date)) return date * 1000;
  throw new TandemError('TD9003', `--since '${text}' is no time`, { expected: '30m, 12h, 7d, or a date' });
}

/** Tells one conflict in words; with --values, its rows as well. */
export function shown(session: Session, id: string, options: { readonly values?: boolean }): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared, declaration }) => {
    const entry = await readConflict(prepared, planOf(prepared), id);
    const labels = sideLabels(declaration);
    const words = explainConflict(entry, labels);
    const { base, left, right, result, keys, ...rest } = entry;
    const values = options.values === true ? { keys, base, left, right, result } : {};
    const next = entry.state === 'resolved' ? [] : [`tandem conflicts resolve ${id} --take left|right`];
    terminal.document('tandem.conflict/1', { ...rest, words, ...values, next });
    const { bold } = terminal.paint;
    terminal.print(`${bold(entry.id)}  link ${entry.link}, ${entry.state}, ${stamp(entry.decidedUs)}`);
    for (const line of words) terminal.print(line);
    if (options.values === true) for (const line of alignColumns(rowTable(entry, labels))) terminal.print(line);
    else terminal.say('(--values shows the rows.)');
    return exitCodes.fine;
  });
}
