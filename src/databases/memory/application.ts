import type { Row, Value } from '../../model/value.ts';
import type { Fields } from './definition.ts';
import { type Client, Session } from './session.ts';
import type { Store } from './store.ts';
import { type Table, visible } from './table.ts';
import { deleteRow, insertRow, lockForUpdate, truncateTable, updateRow } from './write.ts';

/**
 * A transaction of an application at READ COMMITTED. Every call may wait for a lock, and throws TandemError as a server
 * would; after any throw only `rollback` is allowed. Tables are `table` (of schema `public`) or `schema.table`.
 */
export interface MemoryTransaction {
  /** Inserts a row and returns it as stored, with defaults and counted keys. */
  insert(table: string, row: Fields): Promise<Fields>;
  /** Changes the row with this key. False where there is none. */
  update(table: string, key: Fields, changes: Fields): Promise<boolean>;
  /** False where there is none. */
  delete(table: string, key: Fields): Promise<boolean>;
  /** The row without a lock. */
  get(table: string, key: Fields): Promise<Fields | null>;
  /** The row locked for update. */
  lock(table: string, key: Fields): Promise<Fields | null>;
  /** All rows that agree with `where`, without locks. */
  select(table: string, where?: Fields): Promise<readonly Fields[]>;
  truncate(table: string): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export function beginTransaction(store: Store, client: Client): MemoryTransaction {
  const session = new Session(store, client);
  session.begin();
  const keyOf = (table: Table, key: Fields): string => table.keyOf(table.row(key));
  const fieldsOf = (table: Table, row: Row | null): Fields | null => (row === null ? null : table.fields(row));
  return {
    insert: (name, row) =>
      session.perform('insert', async () => {
        const table = store.tableOf(name);
        return table.fields(await insertRow(session, table, table.row(row)));
      }),
    update: (name, key, changes) =>
      session.perform('update', async () => {
        const table = store.tableOf(name);
        return (await updateRow(session, table, keyOf(table, key), table.row(changes))) !== null;
      }),
    delete: (name, key) =>
      session.perform('delete', async () => {
        const table = store.tableOf(name);
        return (await deleteRow(session, table, keyOf(table, key))) !== null;
      }),
    get: (name, key) =>
      session.perform('get', async () => {
        const table = store.tableOf(name);
        const cell = table.cells.get(keyOf(table, key));
        return fieldsOf(table, cell === undefined ? null : visible(cell, session));
      }),
    lock: (name, key) =>
      session.perform('lock', async () => {
        const table = store.tableOf(name);
        return fieldsOf(table, await lockForUpdate(session, table, keyOf(table, key)));
      }),
    select: (name, where = {}) =>
      session.perform('select', async () => selectRows(store.tableOf(name), where, session)),
    truncate: (name) => session.perform('truncate', () => truncateTable(session, store.tableOf(name))),
    commit: () => session.perform('commit', () => session.commit()).finally(() => session.close()),
    rollback: () => session.perform('rollback', async () => session.rollback()).finally(() => session.close()),
  };
}

/** Rows as `viewer` sees them (null: what is committed), in the order of their keys' text. */
export function selectRows(table: Table, where: Fields, viewer: object | null): readonly Fields[] {
  const wanted: [number, Value][] = Object.entries(where).map(([column, value]) => [table.place(column), value]);
  const found: Fields[] = [];
  for (const cell of table.cells.values()) {
    const row = visible(cell, viewer);
    if (row?.length !== undefined && wanted.every(([at, value]) => row[at] === value)) found.push(table.fields(row));
  }
  return found;
}
