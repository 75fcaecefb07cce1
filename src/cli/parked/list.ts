import { listParked } from '../../engine/parked-list.ts';
import { foresee, readBothSides } from '../../engine/parked-actions.ts';
import { groupParked, selectOne, selectParked } from '../../engine/parked-select.ts';
import { withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import { adviceFor } from './advice.ts';
import { plainValues } from './export.ts';
import { type Filters, selectionOf } from './filters.ts';
import { entryDocument, printEntries, printEntry, printGroups, printSides } from './show-rows.ts';

export interface ListOptions extends Filters {
  /** Causes with counts instead of rows. */
  readonly group?: boolean;
  readonly limit?: number;
}

const limitUsual = 50;

/** `tandem parked ls`: what each side is owed, and why. */
export function listRows(session: Session, options: ListOptions): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared, labels, context }) => {
    const entries = selectParked(await listParked(prepared), selectionOf(options));
    const sync = prepared.declaration.name;
    if (options.group === true) {
      const groups = groupParked(entries);
      terminal.document('tandem.parked.groups/1', { sync, rows: entries.length, groups });
      if (groups.length > 0) printGroups(terminal, groups, context.nowMs());
    } else {
      const shown = entries.slice(0, options.limit ?? (terminal.json ? entries.length : limitUsual));
      const next = shown[0] === undefined ? [] : [`tandem parked show ${shown[0].id}`];
      terminal.document('tandem.parked/1', { sync, rows: entries.length, parked: shown.map(entryDocument), next });
      if (shown.length > 0) printEntries(terminal, shown, labels, context.nowMs());
      if (shown.length < entries.length)
        terminal.say(`${entries.length - shown.length} more; --limit, --group and filters show them`);
    }
    if (entries.length === 0) terminal.say('No row is parked.');
    else if (options.group !== true) terminal.say('\ntandem parked show <row> tells more, and what would mend it');
    return 0;
  });
}

export interface ShowOptions extends Filters {
  readonly values?: boolean;
}

/** `tandem parked show`: everything about one row; its values only where they are asked for. */
export function showRow(session: Session, key: string, options: ShowOptions): Promise<number> {
  const { terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared, labels, context }) => {
    const entry = selectOne(await listParked(prepared), { ...selectionOf(options), key });
    const outlook = await foresee(prepared, entry);
    const sides = options.values === true ? await readBothSides(prepared, entry) : null;
    terminal.document('tandem.parked.row/1', {
      ...entryDocument(entry),
      outlook: typeof outlook === 'string' ? outlook : outlook.toJSON(),
      mend: adviceFor(entry),
      ...(sides === null ? {} : { source: plainValues(sides.source), target: plainValues(sides.target) }),
    });
    printEntry(terminal, entry, labels, context.nowMs());
    if (outlook === 'gone') terminal.print(`  ${terminal.paint.dim('note')}      the row is gone at its source`);
    if (sides !== null) printSides(terminal, entry, sides, labels);
    else terminal.say('\n--values shows the row on both sides as it is now');
    return 0;
  });
}
