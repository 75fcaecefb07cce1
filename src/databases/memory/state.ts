import type { Step } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { TableShape } from '../../model/plan.ts';
import type { TableRef } from '../../model/schema.ts';
import { STATE_TABLES, type StateTable, type StateTableName } from '../../model/state.ts';
import { type ColumnDefinition, columnOf, type TableDefinition } from './definition.ts';
import type { Store } from './store.ts';

const names = Object.keys(STATE_TABLES) as StateTableName[];

function columnsOf(table: StateTable): ColumnDefinition[] {
  return table.columns.map(({ name, kind, length, nullable }) => ({ name, kind, length, nullable }));
}

function shapeOf(name: StateTableName, schema: string): TableShape {
  const table: StateTable = STATE_TABLES[name];
  const columns = columnsOf(table).map(columnOf);
  return {
    ref: { schema, table: name },
    columns,
    key: table.key.map((key) => columns.findIndex((column) => column.name === key)),
  };
}

/** The state tables as ordinary tables of this database. */
export function stateShapes(schema: string): Readonly<Record<StateTableName, TableShape>> {
  const shapes = names.map((name) => [name, shapeOf(name, schema)] as const);
  return Object.fromEntries(shapes) as Record<StateTableName, TableShape>;
}

/** What is still missing of state tables and slot, in words that {@link runStep} understands. */
export function missingSteps(store: Store, schema: string, sync: string): readonly Step[] {
  const steps: Step[] = names
    .filter((name) => !store.tables.has(`${schema}.${name}`))
    .map((name) => ({ title: `state table ${name}`, sql: `create table ${schema}.${name}` }));
  if (store.options.slots === true && !store.log.slots.has(sync)) {
    steps.push({ title: 'slot', sql: `create slot ${sync}` });
  }
  return steps;
}

export function removalSteps(store: Store, schema: string, sync: string): readonly Step[] {
  const steps: Step[] = store.log.slots.has(sync) ? [{ title: 'slot', sql: `drop slot ${sync}` }] : [];
  for (const name of names) {
    if (!store.tables.has(`${schema}.${name}`)) continue;
    steps.push({ title: `state table ${name}`, sql: `drop table ${schema}.${name}` });
  }
  return steps;
}

/** Throws TD9003 for a statement that is none of ours. */
export function runStep(store: Store, step: Step): void {
  const [verb, kind, name = ''] = step.sql.split(' ');
  const [schema = '', table = ''] = name.split('.');
  if (verb === 'create' && kind === 'slot') store.log.slots.set(name, store.log.end);
  else if (verb === 'drop' && kind === 'slot') store.log.slots.delete(name);
  else if (verb === 'create' && kind === 'table') store.createTable(definitionOf({ schema, table }));
  else if (verb === 'drop' && kind === 'table') store.dropTable({ schema, table });
  else throw new TandemError('TD9003', 'the memory database does not know this statement', { found: step.title });
}

function definitionOf({ schema, table }: TableRef): TableDefinition {
  const name = names.find((candidate) => candidate === table);
  if (name === undefined) throw new TandemError('TD9003', `there is no state table ${table}`);
  const definition: StateTable = STATE_TABLES[name];
  return { schema, table, columns: columnsOf(definition), key: definition.key, uniques: definition.uniques };
}
