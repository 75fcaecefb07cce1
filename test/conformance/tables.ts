import type { TableDefinition } from '../../src/databases/memory/definition.ts';

// Tables that every engine can have. `mark` tells a reader where to stop.

export const item: TableDefinition = {
  table: 'item',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'name', kind: 'text', length: 40 },
    { name: 'note', kind: 'text', nullable: true },
    { name: 'amount', kind: 'bigint', nullable: true },
    { name: 'label', kind: 'text', length: 20, default: 'none' },
  ],
  key: ['id'],
};

export const counted: TableDefinition = {
  table: 'counted',
  columns: [
    { name: 'id', kind: 'int', auto: true },
    { name: 'name', kind: 'text', length: 40 },
  ],
  key: ['id'],
  uniques: [['name']],
};

/** The key's columns are neither first nor together. */
export const pair: TableDefinition = {
  table: 'pair',
  columns: [
    { name: 'note', kind: 'text', nullable: true },
    { name: 'b', kind: 'text', length: 20 },
    { name: 'extra', kind: 'int', nullable: true },
    { name: 'a', kind: 'int' },
  ],
  key: ['a', 'b'],
};

export const parent: TableDefinition = {
  table: 'parent',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'name', kind: 'text', length: 40 },
  ],
  key: ['id'],
};

export const child: TableDefinition = {
  table: 'child',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'parent_id', kind: 'int', nullable: true },
  ],
  key: ['id'],
  foreignKeys: [{ columns: ['parent_id'], references: 'parent' }],
};

export const mark: TableDefinition = { table: 'mark', columns: [{ name: 'id', kind: 'int' }], key: ['id'] };

export const typed: TableDefinition = {
  table: 'typed',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'number', kind: 'int', nullable: true },
    { name: 'large', kind: 'bigint', nullable: true },
    { name: 'exact', kind: 'decimal', precision: 12, scale: 4, nullable: true },
    { name: 'coarse', kind: 'float4', nullable: true },
    { name: 'fine', kind: 'float8', nullable: true },
    { name: 'flag', kind: 'bool', nullable: true },
    { name: 'short', kind: 'text', length: 50, nullable: true },
    { name: 'long', kind: 'text', nullable: true },
    { name: 'fixed', kind: 'text', native: 'char(5)', length: 5, nullable: true },
    { name: 'raw', kind: 'bytes', nullable: true },
    { name: 'bits', kind: 'bit', length: 10, nullable: true },
    { name: 'document', kind: 'json', nullable: true },
    { name: 'day', kind: 'date', nullable: true },
    { name: 'clock', kind: 'time', fraction: 6, nullable: true },
    { name: 'moment', kind: 'timestamp', fraction: 6, nullable: true },
    { name: 'instant', kind: 'timestamptz', fraction: 6, nullable: true },
    { name: 'second', kind: 'timestamp', fraction: 0, nullable: true },
  ],
  key: ['id'],
};

/** Children before parents, as they can be emptied. */
export const tables: readonly TableDefinition[] = [child, parent, item, counted, pair, mark, typed];
