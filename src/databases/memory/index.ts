import type { Database } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { MemoryDatabase } from './server.ts';

const servers = new Map<string, MemoryDatabase>();

/** Makes a server reachable in this process as `memory:<name>`; the returned function takes it off again. */
export function listen(server: MemoryDatabase): () => void {
  servers.set(server.name, server);
  return () => {
    if (servers.get(server.name) === server) servers.delete(server.name);
  };
}

/** Databases of this process, by `memory:<name>`: for the simulation and for fast tests. */
export const database: Database = {
  async open(options, context) {
    const name = options.url.replace(/^memory:(\/\/)?/, '');
    const server = servers.get(name);
    if (server !== undefined) return server.open(options, context);
    throw new TandemError('TD4004', `no memory database is called ${name}`, { at: { label: options.label } });
  },
};
