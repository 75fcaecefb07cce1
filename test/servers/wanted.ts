import { startMariadb, startMysql, startPostgres } from '../../src/cli/demo/servers/index.ts';
import { clients, type Engine } from '../../src/cli/demo/servers/clients.ts';
import type { PostgresMajor } from '../../src/cli/demo/servers/postgres.ts';
import type { Server, ServerOptions } from '../../src/cli/demo/servers/server.ts';

/** Which server a test asks for. */
export interface Wanted {
  readonly engine: Engine;
  readonly major?: PostgresMajor;
}

/**
 * Starts a server, or takes the running one that `TANDEM_TEST_POSTGRES_URL`, `TANDEM_TEST_MYSQL_URL` or
 * `TANDEM_TEST_MARIADB_URL` names: its user must be allowed to create databases.
 */
export async function startWanted(wanted: Wanted, options: ServerOptions): Promise<Server> {
  const url = foreignUrl(wanted.engine);
  if (url !== undefined) return attach(wanted.engine, url);
  switch (wanted.engine) {
    case 'postgres':
      return startPostgres({ ...options, ...(wanted.major === undefined ? {} : { major: wanted.major }) });
    case 'mysql':
      return startMysql(options);
    case 'mariadb':
      return startMariadb(options);
    default:
      throw new Error(`unknown engine ${String(wanted.engine satisfies never)}`);
  }
}

/** The address of a running server that the environment names for an engine. */
export function foreignUrl(engine: Engine): string | undefined {
  const url = process.env[variableName(engine)];
  return url === '' ? undefined : url;
}

function variableName(engine: Engine): string {
  return `TANDEM_TEST_${engine.toUpperCase()}_URL`;
}

/** A server that somebody else runs; it cannot be stopped from here. */
export function borrowed(
  facts: Pick<Server, 'engine' | 'version' | 'url' | 'port' | 'dataDir'>,
  owner: string,
): Server {
  const refuse = (action: string) => async (): Promise<never> => {
    throw new Error(`cannot ${action} this ${facts.engine} server: it belongs to ${owner}`);
  };
  return {
    ...facts,
    stop: refuse('stop'),
    kill: refuse('kill'),
    start: refuse('start'),
    createDatabase: (name) => clients[facts.engine].createDatabase(facts.url, name),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function attach(engine: Engine, url: string): Promise<Server> {
  const version = await clients[engine].version(url);
  const port = Number(new URL(url).port) || (engine === 'postgres' ? 5432 : 3306);
  return borrowed({ engine, version, url, port, dataDir: '' }, `the environment (${variableName(engine)})`);
}
