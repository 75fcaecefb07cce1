import type { Change } from '../../model/change.ts';
import type { Database, Endpoint, EndpointOptions } from '../../model/endpoint.ts';
import type { Row } from '../../model/value.ts';
import { beginTransaction, type MemoryTransaction, selectRows } from './application.ts';
import type { Fields, TableDefinition } from './definition.ts';
import { MemoryEndpoint } from './endpoint.ts';
import { type Client, createClient } from './session.ts';
import { type MemoryOptions, Store } from './store.ts';

/** A server that outlives the engines connected to it, with what tests need to be its applications and its bad luck. */
export interface MemoryDatabase extends Database {
  readonly name: string;
  createTable(definition: TableDefinition): void;
  /** Gives a table without foreign keys other columns; rows keep the values of the columns that stay. */
  alterTable(definition: TableDefinition): void;
  /** An application's transaction, in a connection of its own. */
  begin(): MemoryTransaction;
  /** Runs the work in a transaction of an application: commits, or rolls back and throws on. */
  transact<T>(work: (transaction: MemoryTransaction) => Promise<T>): Promise<T>;
  /** The committed rows of a table now, without a step. */
  rows(table: string, where?: Fields): readonly Fields[];
  /** Tells every transaction from here on in the moment in which it is logged, before anybody sees what it did. */
  watchLog(watch: (changes: readonly Change[]) => void): void;
  /** Number of transactions in the log so far, purged ones included. */
  logged(): number;
  /** Drops the log up to and including a transaction. */
  purgeLog(upTo: number): void;
  /** Empties the log and begins a new history. */
  resetLog(): void;
  dropSlot(sync: string): void;
  /** Cuts the connections of one endpoint, or of everybody; they may connect again. */
  cut(endpoint?: Endpoint): void;
  /** The process that holds the endpoint has died: its connections are cut and it never connects again. */
  crash(endpoint: Endpoint): void;
  /** Committed rows, counters and the end of the log, to be given to {@link MemoryDatabase.restore}. */
  backup(): MemoryBackup;
  /** Goes back to a backup, as a lossy failover does: what was committed since is gone, and a new history begins. */
  restore(backup: MemoryBackup): void;
}

export interface MemoryBackup {
  readonly logEnd: number;
  readonly tables: ReadonlyMap<string, { readonly rows: readonly Row[]; readonly counted: number }>;
}

/** Creates a server without tables. */
export function createMemoryDatabase(options: MemoryOptions): MemoryDatabase {
  const store = new Store(options);
  const applications = createClient('application', false);
  const endpoints = new Map<Endpoint, Client>();
  const cutClient = (client: Client): void => {
    client.cuts += 1;
    for (const session of client.sessions) session.sever();
  };

  return {
    name: options.name,
    ...applicationSide(store, applications),
    async open(endpointOptions: EndpointOptions): Promise<Endpoint> {
      const client = createClient(endpointOptions.label, true);
      await store.yieldPoint(`${client.label}.open`);
      const endpoint = new MemoryEndpoint(store, client, endpointOptions);
      endpoints.set(endpoint, client);
      return endpoint;
    },
    watchLog: (watch) => void store.log.watchers.push(watch),
    logged: () => store.log.end,
    purgeLog: (upTo) => store.log.purge(upTo),
    resetLog() {
      store.log.reset();
      store.log.announce();
    },
    dropSlot: (sync) => void store.log.slots.delete(sync),
    cut(endpoint) {
      for (const [candidate, client] of endpoints) {
        if (endpoint === undefined || candidate === endpoint) cutClient(client);
      }
      if (endpoint === undefined) cutClient(applications);
      store.log.announce();
    },
    crash(endpoint) {
      const client = endpoints.get(endpoint);
      if (client === undefined) return;
      client.crashed = true;
      cutClient(client);
      endpoints.delete(endpoint);
      store.log.announce();
    },
    backup: () => backupOf(store),
    restore(backup) {
      for (const client of [...endpoints.values(), applications]) {
        client.cuts += 1;
        for (const session of client.sessions) session.halt();
      }
      restoreTo(store, backup);
      store.log.announce();
    },
  };
}

function applicationSide(
  store: Store,
  client: Client,
): Pick<MemoryDatabase, 'createTable' | 'alterTable' | 'begin' | 'transact' | 'rows'> {
  const begin = (): MemoryTransaction => beginTransaction(store, client);
  return {
    createTable: (definition) => store.createTable(definition),
    alterTable: (definition) => store.alterTable(definition),
    begin,
    async transact(work) {
      const transaction = begin();
      try {
        const result = await work(transaction);
        await transaction.commit();
        return result;
      } catch (error) {
        // The first error tells more than one that the rollback of a cut connection may add.
        await transaction.rollback().catch(() => undefined);
        throw error;
      }
    },
    rows: (table, where = {}) => selectRows(store.tableOf(table), where, null),
  };
}

function backupOf(store: Store): MemoryBackup {
  const tables = new Map<string, { readonly rows: readonly Row[]; readonly counted: number }>();
  for (const table of store.tables.values()) {
    const rows = [...table.cells.values()].flatMap(({ committed }) => (committed === null ? [] : [committed]));
    tables.set(table.name, { rows, counted: table.counted });
  }
  return { logEnd: store.log.end, tables };
}

function restoreTo(store: Store, backup: MemoryBackup): void {
  for (const table of store.tables.values()) {
    const saved = backup.tables.get(table.name);
    for (const index of table.indexes()) index.clear();
    table.cells.clear();
    table.counted = saved?.counted ?? 0;
    for (const row of saved?.rows ?? []) store.place(table, row);
  }
  store.log.fork(backup.logEnd);
}
