import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { TandemError } from '../../model/error.ts';
import type { Side } from '../../model/policy.ts';
import { mayAsk } from '../confirm.ts';
import { usualEnvFile } from '../read-config.ts';
import type { Session } from '../session.ts';
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts';

export const urlVariables = { left: 'LEFT_DATABASE_URL', right: 'RIGHT_DATABASE_URL' } as const;

export interface Addresses {
  readonly urls: Readonly<Record<Side, DatabaseUrl>>;
  /** Those that no environment variable holds yet, by the variable's name. */
  readonly unsaved: Readonly<Record<string, string>>;
}

/** The two databases' addresses: from the flags, else from the environment, else from the person at the terminal. */
export async function findAddresses(
  session: Session,
  flags: Readonly<Partial<Record<Side, string>>>,
): Promise<Addresses> {
  const known = await readEnvironment(session);
  const unsaved: Record<string, string> = {};
  const find = async (side: Side): Promise<DatabaseUrl> => {
    const variable = urlVariables[side];
    const saved = known[variable];
    const given = flags[side] ?? saved ?? (await ask(session, side));
    if (given !== saved) unsaved[variable] = given;
    return parseDatabaseUrl(given);
  };
  const left = await find('left');
  return { urls: { left, right: await find('right') }, unsaved };
}

async function readEnvironment({ io, options }: Session): Promise<Readonly<Record<string, string | undefined>>> {
  const file = options.envFile ?? usualEnvFile(io.cwd);
  const ofFile = file === undefined ? {} : parseEnv(await readFile(resolve(io.cwd, file), 'utf8'));
  return { ...ofFile, ...io.env };
}

async function ask(session: Session, side: Side): Promise<string> {
  if (!mayAsk(session)) {
    throw new TandemError('TD9003', `the address of the ${side} database is not given`, {
      fix: `pass --${side} URL, or set ${urlVariables[side]}`,
    });
  }
  const { password } = await import('@clack/prompts');
  // Hidden while it is typed, because it holds a password.
  const answer = await password({
    message: `Address of the ${side} database (postgres://, mysql:// or mariadb://)`,
    validate: refuseUrl,
    output: process.stderr,
  });
  if (typeof answer === 'string') return answer;
  throw new TandemError('TD9004', 'nothing was written', { found: 'the question was not answered' });
}

function refuseUrl(text: string | undefined): string | undefined {
  try {
    parseDatabaseUrl(text ?? '');
    return undefined;
  } catch (error) {
    return error instanceof TandemError ? `${error.message}: ${error.details.expected ?? ''}` : String(error);
  }
}
