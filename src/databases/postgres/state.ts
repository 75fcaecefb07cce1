import type { TableShape } from '../../model/plan.ts';
import type { Column } from '../../model/schema.ts';
import { STATE_TABLES, type StateColumn, type StateTable, type StateTableName } from '../../model/state.ts';
import { quote, quoteTable } from './connect.ts';

export const STATE_TABLE_NAMES = Object.keys(STATE_TABLES) as StateTableName[];

/** The state tables as PostgreSQL has them, in their schema. */
export function stateShapes(schema: string): Record<StateTableName, TableShape> {
  const shape = (name: StateTableName): TableShape => {
    const { columns, key }: StateTable = STATE_TABLES[name];
    return {
      ref: { schema, table: name },
      columns: columns.map(stateColumn),
      key: key.map((each) => columns.findIndex((column) => column.name === each)),
    };
  };
  const shapes = STATE_TABLE_NAMES.map((name) => [name, shape(name)] as const);
  return Object.fromEntries(shapes) as Record<StateTableName, TableShape>;
}

/** Lengths are MySQL's need; a limit here would only be one more thing that can fail. */
function stateColumn({ name, kind, nullable }: StateColumn): Column {
  return {
    name,
    kind,
    native: kind,
    nullable,
    hasDefault: false,
    auto: false,
    generated: false,
    values: null,
    length: null,
    precision: null,
    scale: null,
    fraction: null,
    unsigned: false,
    charset: null,
    collation: null,
    element: null,
  };
}

/**
 * The checkpoint rows change with every transaction: room on their page lets the new version stay there (HOT), and
 * vacuum comes after hundreds of dead versions instead of a share of the table.
 */
const CHECKPOINT_OPTIONS =
  ' WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0, ' +
  'autovacuum_vacuum_cost_delay = 0)';

export function createStateTable(schema: string, name: StateTableName): string {
  const { columns, key, uniques }: StateTable = STATE_TABLES[name];
  const lines = columns.map((column) => `${quote(column.name)} ${column.kind}${column.nullable ? '' : ' NOT NULL'}`);
  lines.push(`PRIMARY KEY (${key.map(quote).join(', ')})`);
  for (const unique of uniques) lines.push(`UNIQUE (${unique.map(quote).join(', ')})`);
  const options = name === 'checkpoint' ? CHECKPOINT_OPTIONS : '';
  return `CREATE TABLE ${quoteTable({ schema, table: name })} (${lines.join(', ')})${options}`;
}
