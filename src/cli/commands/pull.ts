import { readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { type Endpoints, labelOf, openEndpoints, ownTables } from '../../engine/prepare.ts';
import type { Declaration } from '../../mapping/declaration.ts';
import { schemaFile } from '../../mapping/schema-file.ts';
import { TandemError } from '../../model/error.ts';
import type { Side } from '../../model/policy.ts';
import { exitCodes } from '../exit-codes.ts';
import { type DiffLine, diffLines } from '../line-diff.ts';
import { openContext } from '../open-sync.ts';
import { readConfig } from '../read-config.ts';
import type { Session } from '../session.ts';
import type { Terminal } from '../terminal.ts';

export const schemaFileName = 'tandem.schema.ts';

/** Writes both sides' tables where the compiler sees them; with --check it only says whether that would change them. */
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
  const after = await describeDatabases(endpoints, declaration);
  const before = await readIfThere(path);
  const diff = before === after ? [] : diffLines(before ?? '', after);
  const checking = options.check === true;
  if (!checking && diff.length > 0) await writeFile(path, after);
  if (before !== null) printDiff(terminal, diff);
  const drifted = diff.length > 0;
  const next = drifted ? [checking ? 'tandem pull' : 'tandem check'] : [];
  terminal.document('tandem.pull/1', { file: shown, drifted, written: drifted && !checking, diff, next });
  if (!drifted) terminal.say(`${shown} matches both databases.`);
  else if (checking)
    terminal.warn(`TD2401 SCHEMA_DRIFTED: ${shown} no longer matches both databases; tandem pull writes it anew.`);
  else terminal.say(`${shown} is written.`);
  return checking && drifted ? exitCodes.attention : exitCodes.fine;
}

/** The text of the schema file for what both databases hold now. */
export async function describeDatabases(endpoints: Endpoints, declaration: Declaration): Promise<string> {
  const describe = async (side: Side) => ({
    engine: declaration[side].engine,
    label: labelOf(declaration, side),
    tables: await endpoints[side].inspect(await ownTables(endpoints[side], declaration[side])),
  });
  return schemaFile({ left: await describe('left'), right: await describe('right') });
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function printDiff(terminal: Terminal, diff: readonly DiffLine[]): void {
  for (const { sign, text } of diff)
    terminal.print((sign === '+' ? terminal.paint.green : terminal.paint.red)(`${sign} ${text}`));
}
