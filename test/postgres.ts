import pg from 'pg';
import { createContext } from '../src/engine/context.ts';
import { database } from '../src/databases/postgres/index.ts';
import type { Position, Transaction } from '../src/model/change.ts';
import type { Context } from '../src/model/context.ts';
import type { Endpoint, Source } from '../src/model/endpoint.ts';
import type { TableShape } from '../src/model/plan.ts';
import type { TableRef, TableSchema } from '../src/model/schema.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { freshDatabase } from './servers.ts';

/** A PostgreSQL database of the test's own, with an endpoint on it. */
export interface PostgresBench extends AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly url: string;
  readonly sync: string;
  /** Of the slot and the publication. */
  readonly slot: string;
  readonly context: Context;
  /** Runs SQL as the user's own application would, several statements in one transaction. */
  sql(text: string): Promise<string[][]>;
  /** Runs every missing step of a sync over these tables. */
  provision(tables: readonly TableRef[]): Promise<void>;
  inspect(table: string): Promise<TableSchema>;
}

export async function openPostgres(server: Server, url?: string): Promise<PostgresBench> {
  const address = url ?? (await freshDatabase(server));
  const sync = new URL(address).pathname.slice(1);
  const context = createContext({ level: 'silent' });
  const endpoint = await database.open(
    { url: address, label: 'revamp', side: 'left', sync, stateSchema: 'tandem' },
    context,
  );
  const client = new pg.Client({ connectionString: address, types: { getTypeParser: () => (text: string) => text } });
  client.on('error', () => undefined);
  await client.connect();
  return {
    endpoint,
    url: address,
    sync,
    slot: `tandem_${sync}_left`,
    context,
    async sql(text) {
      const result = await client.query<string[]>({ text, rowMode: 'array' });
      return Array.isArray(result) ? [] : result.rows;
    },
    async provision(tables) {
      for (const step of await endpoint.missing(tables)) await endpoint.run(step);
    },
    async inspect(table) {
      const [found] = await endpoint.inspect([ref(table)]);
      if (found === undefined) throw new Error(`no table ${table}`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      // A slot outlives its database's tests and would keep the log of the whole server.
      for (const step of await endpoint.removal().catch(() => [])) await endpoint.run(step).catch(() => undefined);
      await endpoint[Symbol.asyncDispose]();
      context[Symbol.dispose]();
    },
  };
}

export function ref(table: string): TableRef {
  return { schema: 'public', table };
}

/** All columns of a table as a shape. */
export function shapeOf(schema: TableSchema): TableShape {
  const key = schema.key.map((name) => schema.columns.findIndex((column) => column.name === name));
  return { ref: schema.ref, columns: schema.columns, key };
}

/** Reads on until `enough` says so, and returns what came; leaves the source as a crash would. */
export async function readUntil(
  source: Source,
  from: Position,
  enough: (seen: readonly Transaction[]) => boolean,
): Promise<Transaction[]> {
  const seen: Transaction[] = [];
  for await (const transaction of source.read(from, new AbortController().signal)) {
    seen.push(transaction);
    if (enough(seen)) break;
  }
  return seen;
}
