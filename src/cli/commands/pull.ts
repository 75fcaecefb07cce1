import { readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { type Endpoints, labelOf, openEndpoints, ownTables } from '../../engine/prepare.ts';
import { loadModule } from '../../config/own-functions.ts';
import type { Declaration } from '../../mapping/declaration.ts';
import { type SchemaDifference, schemaDifferences } from '../../mapping/schema-diff.ts';
import { schemaFile, type SchemaFileSide } from '../../mapping/schema-file.ts';
import { TandemError } from '../../model/error.ts';
import type { Side } from '../../model/policy.ts';
import { exitCodes } from '../exit-codes.ts';
import { openContext } from '../open-sync.ts';
import { readConfig } from '../read-config.ts';
import type { Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export const schemaFileName = 'tandem.schema.ts';

/** Writes both sides' tables where the compiler sees them; with --check it only says in what they differ. */
export async function pull(session: Session, options: { readonly check?: boolean }): Promise<number> {
  const { io, terminal } = session;
  const { declaration, source } = await readConfig(session);
  if (/\.ya?ml$/.test(source.file)) {
    throw new TandemError('TD9003', `${source.file} needs no schema file`, {
      fix: 'tandem check compares it with both databases',
    });
  }
  using context = openContext(session, 'warn');
  await using endpoints = await openEndpoints(declaration, context);
  const path = resolve(io.cwd, dirname(source.file), schemaFileName);
  const shown = relative(io.cwd, path);
  const sides = await inspectSides(endpoints, declaration);
  const after = schemaFile(sides);
  const before = await readIfThere(path);
  const checking = options.check === true;
  const differences = before === null || before === after ? [] : await compareFile(path, shown, sides, checking);
  const drifted = before === null || differences.length > 0;
  const written = !checking && before !== after;
  if (written) await writeFile(path, after);
  printDifferences(terminal, differences, declaration);
  const next = drifted ? [checking ? 'tandem pull' : 'tandem check'] : [];
  terminal.document('tandem.pull/1', { file: shown, drifted, written, differences, next });
  if (written) terminal.say(`${shown} is written.`);
  else if (!drifted) terminal.say(`${shown} matches both databases.`);
  else terminal.warn(driftText(shown, before));
  return checking && drifted ? exitCodes.attention : exitCodes.fine;
}

function driftText(shown: string, before: string | null): string {
  const what = before === null ? 'is not there' : 'no longer matches both databases';
  return `TD2401 SCHEMA_DRIFTED: ${shown} ${what}; tandem pull writes it anew.`;
}

/** A file that does not load has nothing to compare, and is replaced unless it is only being checked. */
async function compareFile(
  path: string,
  shown: string,
  sides: Readonly<Record<Side, SchemaFileSide>>,
  checking: boolean,
): Promise<readonly SchemaDifference[]> {
  try {
    return schemaDifferences(await loadModule(path), sides);
  } catch (thrown) {
    if (!checking) return [];
    const found = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
    throw new TandemError('TD1002', `${shown} does not load`, { found, fix: 'tandem pull writes it anew' });
  }
}

/** The text of the schema file for what both databases hold now. */
export async function describeDatabases(endpoints: Endpoints, declaration: Declaration): Promise<string> {
  return schemaFile(await inspectSides(endpoints, declaration));
}

async function inspectSides(
  endpoints: Endpoints,
  declaration: Declaration,
): Promise<Readonly<Record<Side, SchemaFileSide>>> {
  const describe = async (side: Side) => ({
    engine: declaration[side].engine,
    label: labelOf(declaration, side),
    tables: await endpoints[side].inspect(await ownTables(endpoints[side], declaration[side])),
  });
  return { left: await describe('left'), right: await describe('right') };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** By side: `+` and `-` for what has come and gone in the database, `~` for what has changed there. */
function printDifferences(
  { print, paint }: Terminal,
  all: readonly SchemaDifference[],
  declaration: Declaration,
): void {
  for (const side of ['left', 'right'] as const) {
    const differences = all.filter((each) => each.side === side);
    if (differences.length > 0) print(paint.bold(labelOf(declaration, side)));
    for (const difference of differences) print(`  ${differenceLine(difference, paint)}`);
  }
}

function differenceLine(difference: SchemaDifference, paint: Terminal['paint']): string {
  const { change, aspect, table, column, file, database } = difference;
  const name = column === null ? table : `${table}.${column}`;
  if (change === 'added') return paint.green(`+ ${aspect} ${name}  ${database ?? ''}`);
  if (change === 'removed') return paint.red(`- ${aspect} ${name}  ${file ?? ''}`);
  return paint.yellow(`~ ${aspect} ${name}  ${file ?? ''} -> ${database ?? ''}`);
}
