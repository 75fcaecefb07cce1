import { readFile } from 'node:fs/promises';
import type { Engine } from './clients.ts';

/**
 * No way was found to get a server of this engine here. The message ends with the line that fixes it on this system.
 */
export class ServerUnavailable extends Error {
  override readonly name = 'ServerUnavailable';
}

const remedies: Readonly<Record<Engine, { brew: string; apt: string; docker: string }>> = {
  postgres: {
    brew: 'brew install postgresql@17',
    apt: 'sudo apt-get install -y postgresql',
    docker: 'install PostgreSQL 15 or newer, so that `postgres` is on the PATH',
  },
  mysql: {
    brew: 'brew install mysql',
    apt: 'sudo apt-get install -y docker.io && sudo docker pull mysql:9',
    docker: 'install Docker, start it, and run: docker pull mysql:9',
  },
  mariadb: {
    brew: 'brew install mariadb',
    apt: 'sudo apt-get install -y mariadb-server-core',
    docker: 'install Docker, start it, and run: docker pull mariadb:10.11',
  },
};

/** Builds the error out of every attempt that failed, in the order they were made. */
export async function unavailable(engine: Engine, attempts: readonly unknown[]): Promise<ServerUnavailable> {
  const reasons = attempts.map((attempt) => `  - ${attempt instanceof Error ? attempt.message : String(attempt)}`);
  const fix = remedies[engine][await systemKind()];
  return new ServerUnavailable(`no ${engine} server can be had here:\n${reasons.join('\n')}\nTo fix it: ${fix}`);
}

async function systemKind(): Promise<'brew' | 'apt' | 'docker'> {
  if (process.platform === 'darwin') return 'brew';
  const { ids } = await readSystem();
  return ids.includes('debian') ? 'apt' : 'docker';
}

/** The distribution's names, its own first, and its release's code name; empty where there are none. */
export async function readSystem(): Promise<{ ids: string[]; codename: string }> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const ids = [value('ID'), ...value('ID_LIKE').split(' ')].filter((id) => id !== '');
  return { ids, codename: value('VERSION_CODENAME') };
}
