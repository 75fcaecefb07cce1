import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigSource } from '../config/source.ts';
import { loadConfig } from '../config/load.ts';
import type { Declaration } from '../mapping/declaration.ts';
import type { Finding } from '../model/finding.ts';
import { problemOf, Refusal } from './problems.ts';
import type { Session } from './session.ts';

export interface Config {
  /** With secrets in place. */
  readonly declaration: Declaration;
  readonly source: ConfigSource;
  /** What is not wrong enough to refuse. */
  readonly warnings: readonly Finding[];
}

/** Reads the configuration that the flags name. Throws a Refusal with every mistake in it. */
export async function readConfig({ io, options }: Session): Promise<Config> {
  const envFile = options.envFile ?? usualEnvFile(io.cwd);
  const { declaration, findings, source } = await loadConfig({
    cwd: io.cwd,
    file: options.config,
    envFile,
    env: io.env,
  });
  if (declaration === null) throw new Refusal(findings.map((finding) => problemOf(finding, source)));
  return { declaration, source, warnings: findings };
}

export function usualEnvFile(cwd: string): string | undefined {
  return existsSync(resolve(cwd, '.env')) ? '.env' : undefined;
}
