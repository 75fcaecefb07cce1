import { access, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { Declaration, EndpointDeclaration } from '../mapping/declaration.ts';
import type { Code } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import { declarationOf, type OwnFunctions } from './declaration-of.ts';
import { loadModule, loadReference, referencesIn } from './own-functions.ts';
import { literalPassword, literalSecret, resolveSecrets, type SecretScope, withEnvFile } from './secrets.ts';
import { type ConfigSource, codeSource } from './source.ts';
import { validateTree } from './validate.ts';
import { readYaml } from './yaml-source.ts';

export interface LoadOptions {
  readonly cwd: string;
  /** Instead of the usual names. */
  readonly file?: string | undefined;
  readonly envFile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Loaded {
  /** With all secrets in place; null when any finding is an error. Never print it whole. */
  readonly declaration: Declaration | null;
  /** The same with `${env:...}` and `${file:...}` as they were written; null as above. */
  readonly written: Declaration | null;
  readonly findings: readonly Finding[];
  readonly source: ConfigSource;
}

export const CONFIG_FILES: readonly string[] = [
  'tandem.config.ts',
  'tandem.config.mts',
  'tandem.config.js',
  'tandem.yaml',
  'tandem.yml',
];

/**
 * Finds, reads and validates the configuration. What is wrong in it comes back as findings, all at once. Throws
 * TandemError TD1001 where there is no file, and TD1003 where the --env-file cannot be read.
 */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const path = await findConfig(options);
  const folder = dirname(path);
  const scope: SecretScope = { folder, env: await withEnvFile(options.env, options.envFile, options.cwd) };
  const text = await readFile(path, 'utf8');
  const name = relative(options.cwd, path) || path;
  const isYaml = /\.ya?ml$/.test(path);
  const { source, tree: given, findings: unread } = isYaml ? readYaml(name, text) : await readCode(path, name, text);
  if (given === undefined) return refused(unread, source);
  const { tree, findings: misfits } = validateTree(given, !isYaml);
  if (tree === null) return refused(misfits, source);
  const findings: Finding[] = [];
  const own = await loadReferences(tree, folder);
  const written = declarationOf(tree, own, findings);
  const left = await resolveEndpoint(written.left, 'left', scope, findings);
  const right = await resolveEndpoint(written.right, 'right', scope, findings);
  const server = await resolveServer(written.server, scope, findings);
  if (findings.some(({ severity }) => severity === 'error')) return refused(findings, source);
  const secrets = { left, right, ...(server === undefined ? {} : { server }) };
  return { declaration: { ...written, ...secrets }, written, findings, source };
}

function refused(findings: readonly Finding[], source: ConfigSource): Loaded {
  return { declaration: null, written: null, findings, source };
}

async function findConfig({ cwd, file }: LoadOptions): Promise<string> {
  const names = file === undefined ? CONFIG_FILES : [file];
  for (const name of names) {
    const path = isAbsolute(name) ? name : resolve(cwd, name);
    if (await exists(path)) return path;
  }
  throw new TandemError('TD1001', file === undefined ? 'no configuration was found' : `${file} is not there`, {
    expected: names.join(', '),
    fix: 'tandem init',
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

interface ReadFile {
  readonly source: ConfigSource;
  /** undefined where the file could not be read as what it should be. */
  readonly tree: unknown;
  readonly findings: readonly Finding[];
}

async function readCode(path: string, name: string, text: string): Promise<ReadFile> {
  const source = codeSource(name, text);
  try {
    const module = await loadModule(path);
    if (module['default'] !== undefined) return { source, tree: module['default'], findings: [] };
    const fix = 'export default defineConfig({ ... })';
    return { source, tree: undefined, findings: [failure('TD1002', `${name} has no default export`, { fix })] };
  } catch (thrown) {
    return { source, tree: undefined, findings: [failureOf(thrown, name)] };
  }
}

function failureOf(thrown: unknown, name: string): Finding {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof TandemError ? (thrown.code as Code) : 'TD1002';
  return failure(code, `${name} does not load: ${message.split('\n')[0] ?? ''}`, {});
}

function failure(code: Code, message: string, details: Pick<Finding, 'fix' | 'path'>): Finding {
  return { code, severity: 'error', message, ...details };
}

async function loadReferences(tree: unknown, folder: string): Promise<OwnFunctions> {
  const own = new Map<string, { readonly value: unknown } | { readonly failure: string }>();
  for (const reference of referencesIn(tree)) {
    try {
      own.set(reference, { value: await loadReference(reference, folder) });
    } catch (thrown) {
      own.set(reference, { failure: failureOf(thrown, reference).message });
    }
  }
  return own;
}

const PROTOCOLS: Readonly<Record<EndpointDeclaration['engine'], readonly string[]>> = {
  postgres: ['postgres:', 'postgresql:'],
  mysql: ['mysql:'],
  mariadb: ['mariadb:', 'mysql:'],
};

async function resolveEndpoint(
  written: EndpointDeclaration,
  side: 'left' | 'right',
  scope: SecretScope,
  findings: Finding[],
): Promise<EndpointDeclaration> {
  const missingBefore = findings.length;
  const path = [side, 'url'];
  const url = await resolveSecrets(written.url, path, scope, findings);
  if (findings.length === missingBefore && !fitsEngine(url, written.engine)) {
    const expected = `${PROTOCOLS[written.engine][0]}//user@host:port/database`;
    findings.push({ ...failure('TD1002', `the ${side} side's url does not fit its engine`, { path }), expected });
  }
  const literal = literalPassword(written.url, path);
  if (literal !== null) findings.push(literal);
  if (written.tls === undefined) return { ...written, url };
  const tls: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(written.tls) as [string, string | boolean][]) {
    tls[name] = typeof value === 'string' ? await resolveSecrets(value, [side, 'tls', name], scope, findings) : value;
  }
  return { ...written, url, tls };
}

async function resolveServer(
  written: Declaration['server'],
  scope: SecretScope,
  findings: Finding[],
): Promise<Declaration['server']> {
  if (written?.token === undefined) return written;
  const path = ['server', 'token'];
  if (!written.token.includes('${')) findings.push(literalSecret('a token', path));
  return { ...written, token: await resolveSecrets(written.token, path, scope, findings) };
}

function fitsEngine(url: string, engine: EndpointDeclaration['engine']): boolean {
  return URL.canParse(url) && PROTOCOLS[engine].includes(new URL(url).protocol);
}
