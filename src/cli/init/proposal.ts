import type { LinkConfidence, Proposal } from '../../mapping/propose.ts';
import { targetOf } from '../../mapping/declaration.ts';
import { alignColumns } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Below this a guess is worth a second look. */
const sureFrom = 0.8;

/** The guesses, each with how sure it is; the doubtful ones stand out. */
export function printProposal(terminal: Terminal, { declaration, confidence, unmatched }: Proposal): void {
  const { print, paint } = terminal;
  for (const [id, link] of Object.entries(declaration.links)) {
    const sure = confidence[id] ?? { table: 0, columns: {} };
    print(`${paint.bold(id)}  ${link.left} <-> ${link.right}  ${percent(sure.table)}`);
    const rows = Object.entries(link.columns).map(([name, column]) => [
      name,
      targetOf(column) ?? '(skipped)',
      typeof column === 'object' && 'codec' in column ? (column.codec?.name ?? '') : '',
      percent(sure.columns[name] ?? 0),
    ]);
    alignColumns(rows, '  ').forEach((line, at) => print(tint(terminal, sure, rows[at]?.[0])(line)));
  }
  for (const side of ['left', 'right'] as const) {
    if (unmatched[side].length > 0) print(`without a counterpart on the ${side}: ${unmatched[side].join(', ')}`);
  }
}

function tint({ paint }: Terminal, { columns }: LinkConfidence, column: string | undefined): (line: string) => string {
  return (columns[column ?? ''] ?? 0) < sureFrom ? paint.yellow : (line) => line;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
