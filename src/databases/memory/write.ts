import { TandemError } from '../../model/error.ts';
import type { Row, Value } from '../../model/value.ts';
import { children, claimKey, claimUniques, foreignKey, lockGivenUp, lockKey, requireParents } from './constraints.ts';
import type { Fields, TriggerEvent } from './definition.ts';
import type { Session } from './session.ts';
import { type Reference, type Table, visible } from './table.ts';
import { stored } from './values.ts';

type Given = readonly (Value | undefined)[];

/** Inserts a row; undefined columns get their default. Returns it as stored. Throws TandemError of class row. */
export async function insertRow(session: Session, table: Table, given: Given): Promise<Row> {
  const filled = table.definition.columns.map((column, at) => {
    const value = given[at];
    if (column.auto === undefined || column.auto === false)
      return value === undefined ? (column.default ?? null) : value;
    if (value === undefined || value === null) return table.next(column);
    if (session.store.options.countsGivenKeys === true) table.count(column, value);
    return value;
  });
  const after = checked(table, await fire(session, table, 'insert', null, filled));
  const key = table.keyOf(after);
  await claimKey(session, table, key);
  await claimUniques(session, table, null, after, undefined);
  await requireParents(session, table, null, after);
  session.write(table, table.cell(key), after);
  session.record({ op: 'insert', table: table.captured, before: null, after });
  return after;
}

/** Changes the columns that are not undefined. Returns the old row, or null where there is none. */
export async function updateRow(
  session: Session,
  table: Table,
  key: string,
  changes: Given,
  logged = true,
): Promise<Row | null> {
  const before = await lockRow(session, table, key);
  if (before === null) return null;
  const merged = before.map((value, at) => (changes[at] === undefined ? (value ?? null) : changes[at]));
  // A referential action that is not logged does not fire triggers either.
  const after = checked(table, logged ? await fire(session, table, 'update', before, merged) : merged);
  const nextKey = table.keyOf(after);
  await lockGivenUp(session, table, before, after);
  if (nextKey !== key) await claimKey(session, table, nextKey);
  await claimUniques(session, table, before, after, table.cell(key));
  await requireParents(session, table, before, after);
  if (nextKey !== key) session.write(table, table.cell(key), null);
  session.write(table, table.cell(nextKey), after);
  if (logged) session.record({ op: 'update', table: table.captured, before, after });
  await followUpdate(session, table, before, after);
  return before;
}

/** Returns the deleted row, or null where there was none. */
export async function deleteRow(session: Session, table: Table, key: string, logged = true): Promise<Row | null> {
  const before = await lockRow(session, table, key);
  if (before === null) return null;
  if (logged) await fire(session, table, 'delete', before, null);
  await lockGivenUp(session, table, before, null);
  await claimUniques(session, table, before, null, undefined);
  session.write(table, table.cell(key), null);
  if (logged) session.record({ op: 'delete', table: table.captured, before, after: null });
  for (const reference of table.references) {
    const identity = reference.target.identity(before);
    if (identity !== null) await followDelete(session, reference, identity);
  }
  return before;
}

/** The row for update: waits for whoever holds it, then shows what is committed now. */
export async function lockRow(session: Session, table: Table, key: string): Promise<Row | null> {
  const cell = table.cells.get(key);
  // What nobody else can see yet does not make anybody wait.
  if (cell === undefined || (cell.committed === null && cell.owner !== session)) return null;
  await lockKey(session, table, key);
  const now = table.cells.get(key);
  return now === undefined ? null : visible(now, session);
}

/** As SELECT ... FOR UPDATE: while it is held, nobody can add a child to the row either. */
export async function lockForUpdate(session: Session, table: Table, key: string): Promise<Row | null> {
  const row = await lockRow(session, table, key);
  if (row !== null) await lockGivenUp(session, table, row, null);
  return row;
}

/** Empties a table. Throws TD7002 where another table refers to it. */
export async function truncateTable(session: Session, table: Table): Promise<void> {
  const [reference] = table.references.filter(({ child }) => child !== table);
  if (reference !== undefined) throw foreignKey(reference, 'a table that others refer to cannot be truncated');
  for (const key of [...table.cells.keys()].toSorted()) {
    if ((await lockRow(session, table, key)) !== null) session.write(table, table.cell(key), null);
  }
  session.record({ op: 'truncate', table: table.captured, before: null, after: null });
}

/** The row with its computed columns, each value as its column keeps it. */
function checked(table: Table, row: Given): Row {
  const { columns, definition, name } = table;
  const result = columns.map((column, at) => (column.generated ? null : stored(name, column, row[at] ?? null)));
  definition.columns.forEach((column, at) => {
    if (column.computed !== undefined) result[at] = column.computed(table.fields(result));
  });
  if (definition.check === undefined || definition.check(table.fields(result))) return result;
  throw new TandemError('TD7004', 'the CHECK constraint refused the row', { at: { table: name } });
}

async function fire(
  session: Session,
  table: Table,
  op: 'insert' | 'update' | 'delete',
  before: Row | null,
  row: Given | null,
): Promise<Given> {
  const triggers = (table.definition.triggers ?? []).filter((trigger) => trigger.on.includes(op));
  if (triggers.length === 0) return row ?? [];
  const after = row === null ? null : table.fields(row);
  const event: TriggerEvent = {
    op,
    before: before === null ? null : table.fields(before),
    after,
    engine: session.client.engine,
    ...namedWrites(session),
  };
  for (const trigger of triggers) await trigger.run(event);
  return after === null ? [] : table.row(after);
}

/** Writes by table and column names, for triggers and applications. */
export function namedWrites(session: Session): {
  insert(table: string, row: Fields): Promise<void>;
  update(table: string, key: Fields, changes: Fields): Promise<void>;
  delete(table: string, key: Fields): Promise<void>;
} {
  const { store } = session;
  return {
    async insert(name, row) {
      const table = store.tableOf(name);
      await insertRow(session, table, table.row(row));
    },
    async update(name, key, changes) {
      const table = store.tableOf(name);
      await updateRow(session, table, table.keyOf(table.row(key)), table.row(changes));
    },
    async delete(name, key) {
      const table = store.tableOf(name);
      await deleteRow(session, table, table.keyOf(table.row(key)));
    },
  };
}

async function followDelete(session: Session, reference: Reference, identity: string): Promise<void> {
  const logged = session.store.options.logsCascades ?? true;
  const { child, onDelete } = reference;
  for (const { cell } of await children(session, reference, identity)) {
    if (onDelete === 'cascade') await deleteRow(session, child, cell.key, logged);
    else if (onDelete === 'set null') await updateRow(session, child, cell.key, nulls(reference), logged);
    else throw foreignKey(reference, 'the row still has children');
  }
}

async function followUpdate(session: Session, table: Table, before: Row, after: Row): Promise<void> {
  const logged = session.store.options.logsCascades ?? true;
  for (const reference of table.references) {
    const { child, onUpdate, target } = reference;
    const old = target.identity(before);
    if (old === null || old === target.identity(after)) continue;
    for (const { cell } of await children(session, reference, old)) {
      if (onUpdate === 'cascade') await updateRow(session, child, cell.key, moved(reference, after), logged);
      else if (onUpdate === 'set null') await updateRow(session, child, cell.key, nulls(reference), logged);
      else throw foreignKey(reference, 'the row still has children');
    }
  }
}

function nulls({ child, children: index }: Reference): Given {
  const row = Array.from<Value | undefined>({ length: child.columns.length });
  for (const at of index.at) row[at] = null;
  return row;
}

function moved({ child, children: index, target }: Reference, parent: Row): Given {
  const row = Array.from<Value | undefined>({ length: child.columns.length });
  index.at.forEach((at, nth) => {
    row[at] = parent[target.at[nth] ?? -1];
  });
  return row;
}
