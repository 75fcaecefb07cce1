import type { Context } from '../../src/model/context.ts';
import type { Endpoint, Engine } from '../../src/model/endpoint.ts';
import type { ColumnDefinition, Fields, TableDefinition } from '../../src/databases/memory/definition.ts';

/** A database of one suite's own, seen from the applications that use it. */
export interface Bench extends AsyncDisposable {
  readonly engine: Engine;
  /** Where the applications' tables are. */
  readonly schema: string;
  /** Another endpoint of the same sync. The caller disposes of it. */
  open(): Promise<Endpoint>;
  createTable(definition: TableDefinition): Promise<void>;
  addColumn(definition: TableDefinition, column: ColumnDefinition): Promise<void>;
  truncate(table: string): Promise<void>;
  /** A transaction in a connection of its own. */
  begin(): Promise<ApplicationTransaction>;
}

/** What an application does. Rows are canonical values by column name; keys are whole primary keys. */
export interface ApplicationTransaction {
  insert(table: string, row: Fields): Promise<void>;
  update(table: string, key: Fields, changes: Fields): Promise<void>;
  delete(table: string, key: Fields): Promise<void>;
  /** Deletes all rows. */
  clear(table: string): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export type OpenBench = () => Promise<Bench>;

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export const context: Context = {
  nowMs: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stopped = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stopped);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stopped, { once: true });
    }),
  log: silent,
  spillFolder: '',
};

/** Asks again until it holds, because servers and readers take their time. Throws when it never does. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`it never came true that ${what}`);
    await context.sleep(5);
  }
}
