import type { Endpoint } from '../../src/model/endpoint.ts';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import { createMemoryDatabase } from '../../src/databases/memory/server.ts';
import { type ApplicationTransaction, type Bench, context } from './bench.ts';

let opened = 0;

export async function openMemoryBench(): Promise<Bench> {
  opened += 1;
  const database = createMemoryDatabase({ name: `bench${opened}` });
  const open = (): Promise<Endpoint> =>
    database.open(
      { url: `memory:${database.name}`, label: 'bench', side: 'left', sync: 'bench', stateSchema: 'tandem' },
      context,
    );
  const definitions = new Map<string, TableDefinition>();
  return {
    engine: 'memory',
    schema: 'public',
    open,
    async createTable(definition) {
      definitions.set(definition.table, definition);
      database.createTable(definition);
    },
    addColumn: async (definition, column) =>
      database.alterTable({ ...definition, columns: [...definition.columns, column] }),
    truncate: (table) => database.transact((transaction) => transaction.truncate(table)),
    async begin(): Promise<ApplicationTransaction> {
      const transaction = database.begin();
      return {
        insert: async (table, row) => void (await transaction.insert(table, row)),
        update: async (table, key, changes) => void (await transaction.update(table, key, changes)),
        delete: async (table, key) => void (await transaction.delete(table, key)),
        async clear(table) {
          const key = definitions.get(table)?.key ?? [];
          for (const row of await transaction.select(table)) {
            await transaction.delete(table, Object.fromEntries(key.map((name) => [name, row[name] ?? null])));
          }
        },
        commit: () => transaction.commit(),
        rollback: () => transaction.rollback(),
      };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
