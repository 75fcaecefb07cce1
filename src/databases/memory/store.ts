import { TandemError } from '../../model/error.ts';
import type { TableRef } from '../../model/schema.ts';
import type { Row } from '../../model/value.ts';
import { type ForeignKeyDefinition, type TableDefinition, refOf } from './definition.ts';
import { Locks } from './locks.ts';
import { Log } from './log.ts';
import { type Index, type Reference, Table } from './table.ts';

/**
 * What a test makes happen to one operation: the connection breaks before the server did it, after it did it but before
 * it answered, or at once while the server still goes on with it.
 */
export type Fault = 'before' | 'after' | 'lost';

export interface MemoryOptions {
  readonly name: string;
  /** Every operation waits here before it does anything: who resolves these promises owns the interleaving. */
  readonly yieldPoint?: (name: string) => Promise<void>;
  /** Commit times, microseconds since 1970; may be skewed. Default: a millisecond more with every commit. */
  readonly nowUs?: () => number;
  /** Asked before every operation of an engine (never of an application). */
  readonly fault?: (operation: string, label: string) => Fault | null;
  /** Does the log hold the rows of a referential action? Default: true. MySQL before 9.6 and MariaDB: no. */
  readonly logsCascades?: boolean;
  /** Does a given value move the counter of a counting column past it, as in MySQL? Default: false. */
  readonly countsGivenKeys?: boolean;
  /** How many steps of its own a reader needs before it sees a new entry of the log. Default: 1. */
  readonly tailSteps?: number;
  /** Does the log come transaction by transaction, with steps in between, rather than all there is at once? */
  readonly trickles?: boolean;
  /** Keep a slot for each sync: what it has acknowledged is dropped, as PostgreSQL does. Default: false. */
  readonly slots?: boolean;
}

/** Everything of one server that outlives connections. */
export class Store {
  readonly options: MemoryOptions;
  readonly tables = new Map<string, Table>();
  readonly locks = new Locks();
  readonly log: Log;
  /** Transactions that are in the log, and of which nothing is to be seen yet. */
  readonly unseen = new Set<string>();
  /** Who holds the lock of a sync. */
  readonly holders = new Map<string, { readonly isConnected: boolean }>();
  readonly #yieldPoint: (name: string) => Promise<void>;
  readonly #nowUs: () => number;

  constructor(options: MemoryOptions) {
    this.options = options;
    this.log = new Log(options.name);
    this.#yieldPoint = options.yieldPoint ?? (() => Promise.resolve());
    let tick = Date.UTC(2024, 0, 1) * 1000;
    this.#nowUs = options.nowUs ?? (() => (tick += 1000));
  }

  yieldPoint(name: string): Promise<void> {
    return this.#yieldPoint(`${this.options.name}.${name}`);
  }

  nowUs(): number {
    return this.#nowUs();
  }

  /** Throws TD7005 for a table that is not there. */
  table(name: string): Table {
    const table = this.tables.get(name);
    if (table !== undefined) return table;
    throw new TandemError('TD7005', `there is no table ${name}`, { at: { table: name } });
  }

  /** As {@link Store.table}, and `users` stands for `public.users`. */
  tableOf(name: string): Table {
    return this.table(name.includes('.') ? name : `public.${name}`);
  }

  createTable(definition: TableDefinition): void {
    const table = new Table(definition);
    if (this.tables.has(table.name)) {
      throw new TandemError('TD9003', `table ${table.name} exists`, { at: { table: table.name } });
    }
    this.tables.set(table.name, table);
    for (const foreignKey of definition.foreignKeys ?? []) this.#refer(table, foreignKey);
  }

  dropTable(ref: TableRef): void {
    this.tables.delete(`${ref.schema}.${ref.table}`);
  }

  /** Replaces the table by one with other columns; rows keep the values of the columns that stay. */
  alterTable(definition: TableDefinition): void {
    const ref = refOf(definition);
    const before = this.table(`${ref.schema}.${ref.table}`);
    if (before.parents.length + before.references.length > 0) {
      throw new TandemError('TD9003', 'a table with foreign keys cannot be altered here', {
        at: { table: before.name },
      });
    }
    const after = new Table(definition);
    after.counted = before.counted;
    this.tables.set(after.name, after);
    for (const { committed } of before.cells.values()) {
      if (committed !== null) this.place(after, converted(before, after, committed));
    }
  }

  /** Puts a committed row into a table without any check. */
  place(table: Table, row: Row): void {
    const cell = table.cell(table.keyOf(row));
    cell.committed = row;
    for (const index of table.indexes()) index.add(cell, row);
  }

  #refer(child: Table, definition: ForeignKeyDefinition): void {
    const parent = this.table(`${child.ref.schema}.${definition.references}`);
    const reference: Reference = {
      name: `${child.ref.table}_${definition.columns.join('_')}_fkey`,
      child,
      parent,
      children: child.index(`${child.name} ${definition.columns.join()}`, definition.columns),
      target: referenced(parent, definition.referencedColumns),
      onDelete: definition.onDelete ?? 'no action',
      onUpdate: definition.onUpdate ?? 'no action',
    };
    child.parents.push(reference);
    parent.references.push(reference);
  }
}

function referenced(parent: Table, columns: readonly string[] | undefined): Index {
  if (columns === undefined) return parent.key;
  const at = columns.map((column) => parent.place(column)).join();
  const target = [parent.key, ...parent.uniques].find((index) => index.at.join() === at);
  if (target !== undefined) return target;
  throw new TandemError('TD9003', 'a foreign key must point to a primary or unique key', {
    at: { table: parent.name },
  });
}

function converted(before: Table, after: Table, row: Row): Row {
  return after.definition.columns.map((column) => {
    const at = before.places.get(column.name);
    return at === undefined ? (column.default ?? null) : row[at];
  });
}
