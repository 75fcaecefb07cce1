import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { TandemError } from '../../model/error.ts';
import { urlVariables } from './addresses.ts';
import { addLines, addToEnvFile } from './env-file.ts';

export interface InitFiles {
  readonly cwd: string;
  /** By file name. */
  readonly texts: Readonly<Record<string, string>>;
  /** Goes into .env, and nowhere else. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly force: boolean;
}

/** Throws TD9003 where one of the files is there already. */
export function refuseExisting(cwd: string, names: readonly string[], force: boolean): void {
  const there = names.filter((name) => existsSync(resolve(cwd, name)));
  if (there.length === 0 || force) return;
  throw new TandemError('TD9003', `${there.join(' and ')} would be overwritten`, {
    fix: 'pass --force to replace it, or run in another folder',
  });
}

/** Writes everything and returns the names of what was written, the secrets first: the other files need them. */
export async function writeInitFiles({ cwd, texts, secrets, force }: InitFiles): Promise<readonly string[]> {
  const written: string[] = [];
  if (Object.keys(secrets).length > 0) {
    await addToEnvFile(resolve(cwd, '.env'), secrets, force);
    written.push('.env');
  }
  const example = Object.values(urlVariables).map((name) => `${name}=`);
  if ((await addLines(resolve(cwd, '.env.example'), example)).length > 0) written.push('.env.example');
  if (existsSync(resolve(cwd, '.git')) || existsSync(resolve(cwd, '.gitignore'))) {
    if ((await addLines(resolve(cwd, '.gitignore'), ['.env'])).length > 0) written.push('.gitignore');
  }
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(resolve(cwd, name), text);
    written.push(name);
  }
  return written;
}
