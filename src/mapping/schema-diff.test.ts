import { expect, test } from 'vitest';
import type { Column, TableSchema } from '../model/schema.ts';
import { column, table as sampleTable } from '../../test/sample-schemas.ts';
import { schemaDifferences } from './schema-diff.ts';
import { c, mysqlTable, pgTable } from './tables.ts';

const plain = column('id', 'int4', { kind: 'int' });

function table(columns: readonly Column[], more: Partial<TableSchema> = {}): TableSchema {
  return sampleTable('public', 'users', columns, more);
}

const label: Column = { ...plain, name: 'label', kind: 'text', native: 'mood', values: ['good', 'bad'] };
const users = () => ({
  users: pgTable('public.users', { label: c('text', 'mood', { in: ['good', 'bad'] }), id: c('int', 'int4') }, ['id']),
});

function differences(file: Readonly<Record<string, unknown>>, tables: readonly TableSchema[]) {
  return schemaDifferences(
    { legacy: file, revamp: {} },
    {
      left: { engine: 'postgres', label: 'legacy', tables },
      right: { engine: 'mysql', label: 'revamp', tables: [] },
    },
  ).map(({ side, change, aspect, column, file: was, database }) => [side, change, aspect, column, was, database]);
}

test('finds none where only the order differs', () => {
  expect(differences(users(), [table([plain, label])])).toEqual([]);
});

test('finds tables that have come and gone', () => {
  expect(differences({}, [table([plain])])).toEqual([['left', 'added', 'table', null, null, 'id; key id']]);
  expect(differences(users(), [])).toEqual([['left', 'removed', 'table', null, 'label, id; key id', null]]);
});

test('finds columns that have come and gone', () => {
  expect(differences(users(), [table([plain, { ...label, name: 'title' }])])).toEqual([
    ['left', 'removed', 'column', 'label', 'mood NOT NULL', null],
    ['left', 'added', 'column', 'title', null, 'mood NOT NULL'],
  ]);
});

test.each([
  [{ native: 'text' }, ['type', 'label', 'mood (text)', 'text (text)']],
  [{ nullable: true }, ['nullable', 'label', 'NOT NULL', 'NULL']],
  [{ values: ['good', 'bad', 'odd'] }, ['values', 'label', "'good', 'bad'", "'good', 'bad', 'odd'"]],
  [{ values: ['bad', 'good'] }, ['values', 'label', "'good', 'bad'", "'bad', 'good'"]],
  [{ values: null }, ['values', 'label', "'good', 'bad'", 'any']],
  [{ hasDefault: true }, ['default', 'label', 'no', 'yes']],
  [{ auto: true, hasDefault: true }, ['auto', 'label', 'no', 'yes']],
  [{ generated: true }, ['generated', 'label', 'no', 'yes']],
] as const)('finds a column that is now %j', (change, expected) => {
  const found = differences(users(), [table([plain, { ...label, ...change }])]);
  expect(found).toEqual([['left', 'changed', ...expected]]);
});

test('finds other keys, foreign keys and engines', () => {
  expect(differences(users(), [table([plain, label], { key: ['label', 'id'] })])).toEqual([
    ['left', 'changed', 'key', null, 'id', 'label, id'],
  ]);
  const parent = { schema: 'public', table: 'moods' };
  const actions = { onDelete: 'cascade', onUpdate: 'no action', deferrable: false } as const;
  const key = { name: 'fk', columns: ['label'], references: parent, referencedColumns: ['name'], ...actions };
  expect(differences(users(), [table([plain, label], { foreignKeys: [key] })])).toEqual([
    ['left', 'changed', 'references', 'label', 'nothing', 'public.moods (name)'],
  ]);
  const moved = { users: mysqlTable('public.users', { id: c('int', 'int4') }, ['id']) };
  expect(differences(moved, [table([plain])])).toEqual([['left', 'changed', 'engine', null, 'mysql', 'postgres']]);
});
