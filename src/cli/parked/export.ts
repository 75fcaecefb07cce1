import { listParked, type ParkedEntry } from '../../engine/parked-list.ts';
import { readBothSides } from '../../engine/parked-actions.ts';
import { selectParked } from '../../engine/parked-select.ts';
import type { Prepared } from '../../engine/prepare.ts';
import { linkOf } from '../../engine/parked-list.ts';
import { sourceSide } from '../../engine/provision.ts';
import { tableName } from '../../model/schema.ts';
import type { Value } from '../../model/value.ts';
import { withPrepared } from '../open-sync.ts';
import type { Session } from '../session.ts';
import { type Filters, selectionOf } from './filters.ts';
import { showValue } from './given-values.ts';
import { entryDocument } from './show-rows.ts';

export interface ExportOptions extends Filters {
  readonly group?: string;
  readonly format?: 'jsonl' | 'sql';
  readonly values?: boolean;
}

/** `tandem parked export`: one line per row, to be kept or worked with elsewhere. */
export function exportRows(session: Session, key: string | undefined, options: ExportOptions): Promise<number> {
  const { io, terminal } = session;
  return withPrepared(session, 'warn', async ({ prepared }) => {
    const selection = { ...selectionOf(options), key, group: options.group };
    const entries = selectParked(await listParked(prepared), selection);
    for (const entry of entries) {
      const sides = options.values === true ? await readBothSides(prepared, entry) : null;
      // Past the terminal's own form for lines: this is data, with --json as well as without.
      if (options.format === 'sql') io.stdout.write(`${sqlOf(prepared, entry, sides?.source ?? null)}\n`);
      else {
        const values = sides === null ? {} : { source: plainValues(sides.source), target: plainValues(sides.target) };
        io.stdout.write(`${JSON.stringify({ schema: 'tandem.parked.row/1', ...entryDocument(entry), ...values })}\n`);
      }
    }
    terminal.say(`${entries.length} rows`);
    return 0;
  });
}

/** Values as JSON has them. */
export function plainValues(row: Readonly<Record<string, Value>> | null): object | null {
  if (row === null) return null;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, JSON.parse(showPlain(value)) as unknown]),
  );
}

function showPlain(value: Value): string {
  return value instanceof Uint8Array || typeof value === 'bigint' ? JSON.stringify(showValue(value)) : showValue(value);
}

/** A statement that finds the row at its source, with why it is parked and, if asked for, what it holds beside it. */
function sqlOf(prepared: Prepared, entry: ParkedEntry, source: Readonly<Record<string, Value>> | null): string {
  const from = sourceSide(entry.stream);
  const table = linkOf(prepared, entry.link)?.[from].ref;
  const where = Object.entries(entry.key).map(([name, value]) => `${name} = ${literal(value)}`);
  const holds = source === null ? '' : `\n-- ${showValue(JSON.stringify(plainValues(source)))}`;
  return (
    `-- ${entry.id}: ${entry.code} ${entry.name}, ${oneLine(entry.message)}${holds}\n` +
    `SELECT * FROM ${table === undefined ? entry.link : tableName(table)} WHERE ${where.join(' AND ')};`
  );
}

function literal(value: Value): string {
  return typeof value === 'number' || typeof value === 'bigint'
    ? `${value}`
    : `'${String(value).replaceAll("'", "''")}'`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
