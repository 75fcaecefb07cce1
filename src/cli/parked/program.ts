import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Session } from '../session.ts';

type Body = (session: Session, command: Command) => Promise<number> | number;

type Add = (usage: string, description: string, body: Body) => Command;

/** `tandem parked ...`: rows that could not be applied, and what to do about them. */
export function addParked(addTo: Add): void {
  const add: Add = (usage, description, body) => narrowed(addTo(usage, description, body));
  add('ls', 'list parked rows, or their causes', async (session, command) =>
    (await import('./list.ts')).listRows(session, command.opts()),
  )
    .option('--group', 'causes with counts instead of rows')
    .option('--blocked-by <row>', 'rows that wait for this one')
    .option('--limit <n>', 'so many rows at most', parseCount);
  add('show <row>', 'why a row is parked, since when, and what would mend it', async (session, command) =>
    (await import('./list.ts')).showRow(session, command.args[0] ?? '', command.opts()),
  ).option('--values', 'show the row on both sides as it is now');
  acting(
    add('retry [row]', 'send rows again as they are now', async (session, command) =>
      (await import('./act.ts')).retryRows(session, command.args[0], command.opts()),
    ),
  )
    .option('--group <group>', 'rows of one cause')
    .option('--all', 'all that the other flags leave');
  acting(
    add('edit <row>', 'change a row at its source, so that it fits', async (session, command) =>
      (await import('./act.ts')).editRow(session, command.args[0] ?? '', command.opts()),
    ),
  )
    .option('--set <column=value>', 'a column of the source and its new value; may be repeated', collect, [])
    .option('--null <column>', 'a column that becomes NULL; may be repeated', collect, [])
    .option('--values', 'show in the preview what the columns hold now');
  acting(
    add('discard [row]', 'let both sides differ in rows until they change again', async (session, command) =>
      (await import('./act.ts')).discardRows(session, command.args[0], command.opts()),
    ),
  )
    .option('--group <group>', 'rows of one cause')
    .option('--all', 'all that the other flags leave');
  add('export [row]', 'write parked rows to stdout, one line each', async (session, command) =>
    (await import('./export.ts')).exportRows(session, command.args[0], command.opts()),
  )
    .option('--group <group>', 'rows of one cause')
    .addOption(new Option('--format <format>', 'form of a line').choices(['jsonl', 'sql']).default('jsonl'))
    .option('--values', 'with the values of both sides');
}

function narrowed(command: Command): Command {
  return command
    .option('--link <link>', 'rows of this link')
    .option('--code <code>', 'rows with this code')
    .addOption(new Option('--direction <direction>', 'rows on this way').choices(['toRight', 'toLeft']));
}

function acting(command: Command): Command {
  return command
    .option('--reason <text>', 'why, for the audit table')
    .option('--wait <seconds>', 'how long to wait for the engine (default: 10)', parseCount)
    .option('--dry-run', 'show what would happen, and change nothing');
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new InvalidArgumentError('expected a whole number');
}
