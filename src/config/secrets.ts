import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { TandemError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';

export interface SecretScope {
  /** Files are looked up from here. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Variables of the process before those of the file, as Node's own --env-file has it. Throws TD1003 where the file
 * cannot be read.
 */
export async function withEnvFile(
  env: SecretScope['env'],
  envFile: string | undefined,
  cwd: string,
): Promise<SecretScope['env']> {
  if (envFile === undefined) return env;
  try {
    return { ...parseEnv(await readFile(resolve(cwd, envFile), 'utf8')), ...env };
  } catch (cause) {
    throw new TandemError('TD1003', `the file ${envFile} cannot be read`, { fix: 'pass another --env-file', cause });
  }
}

const REFERENCE = /\$\{(env|file):([^}]*)\}/g;

/** Text with every `${env:NAME}` and `${file:PATH}` replaced; what is missing becomes a finding that names it. */
export async function resolveSecrets(
  text: string,
  path: readonly (string | number)[],
  scope: SecretScope,
  findings: Finding[],
): Promise<string> {
  let resolved = '';
  let at = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, kind, name = ''] = match;
    const value = kind === 'env' ? scope.env[name] : await contentOf(resolve(scope.folder, name));
    if (value === undefined || value === '') findings.push(missing(kind === 'env' ? 'variable' : 'file', name, path));
    resolved += text.slice(at, match.index) + (value ?? '');
    at = match.index + whole.length;
  }
  return resolved + text.slice(at);
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}

function missing(kind: 'variable' | 'file', name: string, path: readonly (string | number)[]): Finding {
  return {
    code: 'TD1003',
    severity: 'error',
    message:
      kind === 'variable' ? `the environment variable ${name} is not set` : `the file ${name} is not there or empty`,
    path,
    fix: kind === 'variable' ? `export ${name}=...\nor pass --env-file FILE` : `write the secret into ${name}`,
  };
}

/** A password in the file itself ends up in version control; a warning says what to write instead. */
export function literalPassword(url: string, path: readonly (string | number)[]): Finding | null {
  // A reference holds a colon itself, so it is emptied before user and password are told apart.
  const password = /^[a-z]+:\/\/[^:@/]*:([^@]*)@/.exec(url.replaceAll(REFERENCE, '${}'))?.[1];
  if (password === undefined || password === '' || password.includes('${')) return null;
  return literalSecret('a password', path);
}

/** What is secret and stands in the file itself ends up in version control. */
export function literalSecret(what: string, path: readonly (string | number)[]): Finding {
  return {
    code: 'TD1201',
    severity: 'warning',
    message: `${what} is written in the configuration itself`,
    path,
    fix: "${env:NAME} in YAML, env('NAME') in TypeScript",
  };
}
