import type { Column, ReferentialAction, TableRef } from '../../model/schema.ts';
import type { Kind, Value } from '../../model/value.ts';

/** A row by column names, as an application sees it. */
export type Fields = Readonly<Record<string, Value>>;

/** A column as a test declares it; what is left out is as an ordinary NOT NULL column has it. */
export interface ColumnDefinition
  extends Partial<Omit<Column, 'name' | 'kind' | 'auto' | 'hasDefault' | 'generated' | 'element'>> {
  readonly name: string;
  readonly kind: Kind;
  readonly element?: Kind;
  readonly default?: Value;
  /** Counts up by itself: 1, 2, 3, or from `start` in steps of `step`. */
  readonly auto?: boolean | { readonly start: number; readonly step: number };
  /** A computed column: its value is made from the others on every write. */
  readonly computed?: (row: Fields) => Value;
}

export interface ForeignKeyDefinition {
  readonly columns: readonly string[];
  /** A table of the same schema; declared before this one, or this one. */
  readonly references: string;
  /** Default: the parent's primary key. */
  readonly referencedColumns?: readonly string[];
  readonly onDelete?: ReferentialAction;
  readonly onUpdate?: ReferentialAction;
}

/** What a trigger function is given before the row is written; it runs inside the writing transaction. */
export interface TriggerEvent {
  readonly op: 'insert' | 'update' | 'delete';
  readonly before: Fields | null;
  /** The row about to be written: it may be altered in place. */
  readonly after: Record<string, Value> | null;
  /** Does the session carry Tandem's session variable? */
  readonly engine: boolean;
  insert(table: string, row: Fields): Promise<void>;
  update(table: string, key: Fields, changes: Fields): Promise<void>;
  delete(table: string, key: Fields): Promise<void>;
}

export interface TriggerDefinition {
  readonly name: string;
  readonly on: readonly ('insert' | 'update' | 'delete')[];
  /** Shown in the schema: does it test the session variable? */
  readonly guarded: boolean;
  readonly run: (event: TriggerEvent) => void | Promise<void>;
}

export interface TableDefinition {
  /** Default: `public`. */
  readonly schema?: string;
  readonly table: string;
  readonly columns: readonly ColumnDefinition[];
  readonly key: readonly string[];
  readonly uniques?: readonly (readonly string[])[];
  readonly foreignKeys?: readonly ForeignKeyDefinition[];
  readonly triggers?: readonly TriggerDefinition[];
  /** A CHECK constraint. */
  readonly check?: (row: Fields) => boolean;
}

export function columnOf(definition: ColumnDefinition): Column {
  const auto = definition.auto !== undefined && definition.auto !== false;
  return {
    name: definition.name,
    kind: definition.kind,
    native: definition.native ?? definition.kind,
    nullable: definition.nullable ?? false,
    hasDefault: auto || definition.default !== undefined,
    auto,
    generated: definition.computed !== undefined,
    values: definition.values ?? null,
    length: definition.length ?? null,
    precision: definition.precision ?? null,
    scale: definition.scale ?? null,
    fraction: definition.fraction ?? null,
    unsigned: definition.unsigned ?? false,
    charset: definition.charset ?? null,
    collation: definition.collation ?? null,
    element: definition.element ?? null,
  };
}

export function refOf(definition: TableDefinition): TableRef {
  return { schema: definition.schema ?? 'public', table: definition.table };
}
