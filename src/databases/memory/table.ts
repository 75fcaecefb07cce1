import type { CapturedTable } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import { type Column, type ReferentialAction, type TableRef, type TableSchema, tableName } from '../../model/schema.ts';
import type { Row, Value } from '../../model/value.ts';
import { type ColumnDefinition, columnOf, type Fields, refOf, type TableDefinition } from './definition.ts';
import { identityOf } from './identity.ts';

/** One row's place: what everybody sees, and what the transaction that holds its lock has made of it. */
export interface Cell {
  readonly key: string;
  committed: Row | null;
  pending: Row | null;
  owner: object | null;
}

/** The row as a session sees it under READ COMMITTED: its own writes, else what is committed. */
export function visible(cell: Cell, owner: object | null): Row | null {
  return owner !== null && cell.owner === owner ? cell.pending : cell.committed;
}

/**
 * Cells by the value of some columns. It may name cells that held the value in a version already gone, so a reader
 * looks at the version it sees; {@link Index.settle} drops what no version holds any more.
 */
export class Index {
  readonly name: string;
  readonly at: readonly number[];
  readonly #cells = new Map<string, Set<Cell>>();
  readonly #columns: readonly Column[];

  constructor(name: string, at: readonly number[], columns: readonly Column[]) {
    this.name = name;
    this.at = at;
    this.#columns = columns;
  }

  /** null where a column of the value is NULL: NULLs are neither equal nor references. */
  identity(row: Row): string | null {
    return identityOf(row, this.#columns, this.at);
  }

  add(cell: Cell, row: Row): void {
    const value = this.identity(row);
    if (value === null) return;
    const cells = this.#cells.get(value);
    if (cells === undefined) this.#cells.set(value, new Set([cell]));
    else cells.add(cell);
  }

  settle(cell: Cell, gone: Row): void {
    const value = this.identity(gone);
    if (value === null || (cell.committed !== null && this.identity(cell.committed) === value)) return;
    const cells = this.#cells.get(value);
    cells?.delete(cell);
    if (cells?.size === 0) this.#cells.delete(value);
  }

  clear(): void {
    this.#cells.clear();
  }

  /** Cells that may hold the value; a copy, because the caller waits for locks between them. */
  candidates(value: string): readonly Cell[] {
    return [...(this.#cells.get(value) ?? [])];
  }
}

/** A foreign key as both of its tables need it. */
export interface Reference {
  readonly name: string;
  readonly child: Table;
  readonly parent: Table;
  /** The child's columns, as an index of its cells. */
  readonly children: Index;
  /** The parent's columns: its primary key or one of its unique keys. */
  readonly target: Index;
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

/** A table: its definition, its rows and the indexes that its constraints need. */
export class Table {
  readonly ref: TableRef;
  readonly name: string;
  readonly definition: TableDefinition;
  readonly columns: readonly Column[];
  readonly places: ReadonlyMap<string, number>;
  readonly captured: CapturedTable;
  readonly key: Index;
  readonly uniques: readonly Index[];
  readonly cells = new Map<string, Cell>();
  /** Foreign keys of this table. */
  readonly parents: Reference[] = [];
  /** Foreign keys of other tables, or of this one, that point here. */
  readonly references: Reference[] = [];
  /** How often the counting column has counted. */
  counted = 0;

  constructor(definition: TableDefinition) {
    this.ref = refOf(definition);
    this.name = tableName(this.ref);
    this.definition = definition;
    this.columns = definition.columns.map(columnOf);
    this.places = new Map(this.columns.map((column, at) => [column.name, at]));
    this.captured = { ref: this.ref, columns: this.columns.map((column) => column.name) };
    this.key = this.index(`${definition.table}_pkey`, definition.key);
    this.uniques = (definition.uniques ?? []).map((names) =>
      this.index(`${definition.table}_${names.join('_')}_key`, names),
    );
  }

  index(name: string, columns: readonly string[]): Index {
    return new Index(
      name,
      columns.map((column) => this.place(column)),
      this.columns,
    );
  }

  place(column: string): number {
    const at = this.places.get(column);
    if (at !== undefined) return at;
    throw new TandemError('TD7005', `table ${this.name} has no column ${column}`, {
      at: { table: this.name, column },
    });
  }

  keyOf(row: Row): string {
    const key = this.key.identity(row);
    if (key !== null) return key;
    throw new TandemError('TD7003', 'a key column would receive NULL', { at: { table: this.name } });
  }

  /** All indexes that hold cells of this table. */
  *indexes(): Iterable<Index> {
    yield this.key;
    yield* this.uniques;
    for (const reference of this.parents) yield reference.children;
  }

  cell(key: string): Cell {
    let cell = this.cells.get(key);
    if (cell === undefined) {
      cell = { key, committed: null, pending: null, owner: null };
      this.cells.set(key, cell);
    }
    return cell;
  }

  /** Moves the counter past a value that was given, as MySQL does and a sequence does not. */
  count(definition: ColumnDefinition, given: Value): void {
    const { start, step } = countingOf(definition);
    const steps = Math.floor((Number(given) - start) / step) + 1;
    if (steps > this.counted) this.counted = steps;
  }

  /** The next value of a counting column; never taken back, also not by a rollback. */
  next(definition: ColumnDefinition): Value {
    const { start, step } = countingOf(definition);
    const value = start + this.counted * step;
    this.counted += 1;
    return definition.kind === 'bigint' ? BigInt(value) : value;
  }

  fields(row: Row): Record<string, Value> {
    const fields: Record<string, Value> = {};
    for (let at = 0; at < this.columns.length; at++) fields[this.columns[at]?.name ?? ''] = row[at] ?? null;
    return fields;
  }

  /** A row in column order; columns that the fields do not name are undefined. */
  row(fields: Fields): (Value | undefined)[] {
    const row = Array.from<Value | undefined>({ length: this.columns.length });
    for (const [name, value] of Object.entries(fields)) row[this.place(name)] = value;
    return row;
  }

  schema(logsCascades: boolean): TableSchema {
    const names = (index: Index) => index.at.map((at) => this.columns[at]?.name ?? '');
    const triggers = this.definition.triggers ?? [];
    return {
      ref: this.ref,
      columns: this.columns,
      key: names(this.key),
      uniques: this.uniques.map((unique) => ({ name: unique.name, columns: names(unique), deferrable: false })),
      foreignKeys: this.parents.map((reference) => ({
        name: reference.name,
        columns: names(reference.children),
        references: reference.parent.ref,
        referencedColumns: reference.target.at.map((at) => reference.parent.columns[at]?.name ?? ''),
        onDelete: reference.onDelete,
        onUpdate: reference.onUpdate,
        deferrable: false,
      })),
      triggers: triggers.map(({ name, on, guarded }) => ({
        name,
        event: `BEFORE ${on.join(' OR ').toUpperCase()}`,
        guarded,
      })),
      fullImages: true,
      transactional: true,
      logsCascades,
    };
  }
}

function countingOf(definition: ColumnDefinition): { readonly start: number; readonly step: number } {
  return typeof definition.auto === 'object' ? definition.auto : { start: 1, step: 1 };
}
