import { randomBytes } from 'node:crypto';
import { describe, inject, test } from 'vitest';
import type { PostgresMajor } from '../src/cli/demo/servers/postgres.ts';
import type { Engine } from '../src/cli/demo/servers/clients.ts';
import type { Server, ServerOptions } from '../src/cli/demo/servers/server.ts';
import { ServerUnavailable } from '../src/cli/demo/servers/unavailable.ts';
import type { SharedAnswer } from './servers/broker.ts';
import { borrowed, foreignUrl, startWanted, type Wanted } from './servers/wanted.ts';

/** An engine, for PostgreSQL also with its major version. */
export type ServerName = Engine | `postgres-${PostgresMajor}`;

/**
 * Defines tests that need servers, for use in `*.server.test.ts` with `await` at the top level of the file. The
 * servers are shared by the whole run: take a database of your own from each with `freshDatabase`. Where a server
 * cannot be had, the tests are skipped with the reason in their place; with `CI=true` the file fails.
 */
export async function describeServers<Role extends string>(
  title: string,
  wanted: Readonly<Record<Role, ServerName>>,
  body: (servers: Readonly<Record<Role, Server>>) => void,
): Promise<void> {
  const servers: Partial<Record<Role, Server>> = {};
  try {
    for (const role of Object.keys(wanted) as Role[]) servers[role] = await sharedServer(wanted[role]);
  } catch (error) {
    if (process.env['CI'] === 'true' || !(error instanceof ServerUnavailable)) throw error;
    const reason = error.message;
    console.warn(`SKIPPED: ${title}\n${reason}`);
    describe(title, () => {
      // Skipped because this machine has no such server and it is not CI, where the same is a failure (above).
      test.skip(reason.split('\n')[0] ?? reason);
    });
    return;
  }
  describe(title, () => body(servers as Record<Role, Server>));
}

/** The run's server of that name; it cannot be stopped. Throws with the line that fixes it where there is none. */
export async function sharedServer(name: ServerName): Promise<Server> {
  const key = encodeURIComponent(JSON.stringify(parseName(name)));
  const response = await fetch(`${inject('serverBroker')}/${key}`);
  const answer = (await response.json()) as SharedAnswer;
  if ('unavailable' in answer) throw new ServerUnavailable(answer.unavailable);
  if ('broken' in answer) throw new Error(answer.broken);
  return borrowed(answer.server, 'the whole test run; start one of your own with startServer()');
}

/**
 * A server of the test's own, to be stopped, killed and started at will: `await using server = await
 * startServer('mysql')`.
 */
export function startServer(name: ServerName, options: ServerOptions = {}): Promise<Server> {
  return startWanted(parseName(name), options);
}

/**
 * Whether that server is somebody else's, by an environment variable, so that tests must not try to stop or kill it.
 */
export function isForeign(name: ServerName): boolean {
  return foreignUrl(parseName(name).engine) !== undefined;
}

/** Creates an empty database under a name nobody else has, and returns its address. */
export function freshDatabase(server: Server): Promise<string> {
  return server.createDatabase(`test_${randomBytes(6).toString('hex')}`);
}

function parseName(name: ServerName): Wanted {
  const [engine, major] = name.split('-') as [Engine, string | undefined];
  return major === undefined ? { engine } : { engine, major: Number(major) as PostgresMajor };
}
