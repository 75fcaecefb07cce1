import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { runToEnd } from './process.ts';

/** A server image: how its container takes the administrator's password, and where it keeps its data. */
export interface Image {
  readonly name: string;
  readonly passwordVariable: string;
  readonly dataPath: string;
  readonly port: number;
}

/** Throws unless a docker engine answers. */
export async function requireDocker(): Promise<void> {
  await runToEnd('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: 10_000 }).catch(() => {
    throw new Error('no docker engine answers');
  });
}

/** A name for both the container and the volume that keeps its data while it is stopped. */
export function nameContainer(): string {
  return `tandem-${randomBytes(6).toString('hex')}`;
}

/** The arguments of a `docker run` that stays in the foreground, so that the container is handled like any process. */
export function dockerArguments(
  image: Image,
  container: string,
  place: { readonly port: number; readonly password: string },
  settings: readonly string[],
): string[] {
  const keep = ['--name', container, '--volume', `${container}:${image.dataPath}`];
  const reach = ['--publish', `127.0.0.1:${place.port}:${image.port}`];
  const account = ['--env', `${image.passwordVariable}=${place.password}`];
  return ['run', '--rm', ...keep, ...reach, ...account, image.name, ...settings];
}

/** Removes a container and its data; nothing happens when they are already gone. */
export function removeContainer(name: string): void {
  spawnSync('docker', ['rm', '--force', '--volumes', name], { stdio: 'ignore' });
  spawnSync('docker', ['volume', 'rm', '--force', name], { stdio: 'ignore' });
}
