import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import { ServerUnavailable } from '../../src/cli/demo/servers/unavailable.ts';
import { startWanted, type Wanted } from './wanted.ts';

/** What a test learns about a server that the whole run shares. */
export type SharedAnswer =
  | { readonly server: Pick<Server, 'engine' | 'version' | 'url' | 'port' | 'dataDir'> }
  | { readonly unavailable: string }
  | { readonly broken: string };

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for the servers of this run. */
    serverBroker: string;
  }
}

/** These servers hold nothing of value and only have to outlive their own crash, not the machine's. */
const hasty: Readonly<Record<Wanted['engine'], Record<string, string>>> = {
  postgres: { fsync: 'off', full_page_writes: 'off' },
  mysql: { sync_binlog: '0', innodb_flush_log_at_trx_commit: '2', innodb_buffer_pool_size: '64M' },
  mariadb: { sync_binlog: '0', innodb_flush_log_at_trx_commit: '2', innodb_buffer_pool_size: '64M' },
};

/**
 * Runs once for all test files that need servers. A server starts when the first file asks for it, so a run pays only
 * for what it uses; the files run in processes of their own, hence the detour over HTTP.
 */
export default async function broker(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<Server>>();

  async function answer(key: string, response: ServerResponse): Promise<void> {
    const wanted = JSON.parse(key) as Wanted;
    let server = started.get(key);
    if (server === undefined) {
      server = startWanted(wanted, { settings: hasty[wanted.engine], report: (message) => console.log(message) });
      started.set(key, server);
    }
    try {
      const { engine, version, url, port, dataDir } = await server;
      response.end(JSON.stringify({ server: { engine, version, url, port, dataDir } } satisfies SharedAnswer));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const failure: SharedAnswer = error instanceof ServerUnavailable ? { unavailable: reason } : { broken: reason };
      response.end(JSON.stringify(failure));
    }
  }

  const http = createServer((request, response) => {
    void answer(decodeURIComponent((request.url ?? '/').slice(1)), response);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  project.provide('serverBroker', `http://127.0.0.1:${port}`);

  return async () => {
    http.close();
    http.closeAllConnections();
    const outcomes = await Promise.allSettled(started.values());
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value[Symbol.asyncDispose]();
  };
}
