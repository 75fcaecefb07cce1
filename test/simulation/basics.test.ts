import { expect, test } from 'vitest';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import { createWorld } from './world.ts';

const accounts: TableDefinition = {
  table: 'accounts',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'name', kind: 'text' },
  ],
  key: ['id'],
};
const shared = { left: 'accounts', right: 'accounts', columns: { id: 'id', name: 'name' } } as const;

const people = (start: number): TableDefinition[] => [
  {
    table: 'users',
    columns: [
      { name: 'id', kind: 'int', auto: { start, step: 1 } },
      { name: 'email', kind: 'text' },
      { name: 'name', kind: 'text', nullable: true },
    ],
    key: ['id'],
    uniques: [['email']],
  },
  {
    table: 'posts',
    columns: [
      { name: 'id', kind: 'int', auto: { start, step: 1 } },
      { name: 'user_id', kind: 'int' },
      { name: 'title', kind: 'text' },
    ],
    key: ['id'],
    foreignKeys: [{ columns: ['user_id'], references: 'users', onDelete: 'cascade' }],
  },
];
const mapped = {
  users: {
    left: 'users',
    right: 'users',
    columns: { id: 'id', email: 'email', name: 'name' },
    keys: 'mapped',
    naturalKeys: [['email']],
  },
  posts: { left: 'posts', right: 'posts', columns: { id: 'id', user_id: 'user_id', title: 'title' }, keys: 'mapped' },
} as const;

test('a row travels both ways, changes and goes', async () => {
  const world = await createWorld({ tables: { left: [accounts], right: [accounts] }, links: { accounts: shared } });
  const running = await world.start();
  const { sync } = running;
  const { left, right } = world.databases;
  let tx = left.begin();
  await tx.insert('accounts', { id: 1, name: 'a' });
  await tx.commit();
  tx = right.begin();
  await tx.insert('accounts', { id: 2, name: 'b' });
  await tx.commit();
  await sync.idle();
  expect(await right.begin().select('accounts')).toEqual([
    { id: 2, name: 'b' },
    { id: 1, name: 'a' },
  ]);
  tx = right.begin();
  await tx.update('accounts', { id: 1 }, { name: 'c' });
  await tx.delete('accounts', { id: 2 });
  await tx.commit();
  await sync.idle();
  expect(await left.begin().select('accounts')).toEqual([{ id: 1, name: 'c' }]);
  const { directions } = sync.status();
  expect(directions['left->right']).toMatchObject({ rows: 1, sideEffects: 0, conflicts: 0 });
  expect(directions['right->left']).toMatchObject({ rows: 3, sideEffects: 0, conflicts: 0 });
  await running.stop();
});

test('concurrent writes of one row end equal', async () => {
  const world = await createWorld({ tables: { left: [accounts], right: [accounts] }, links: { accounts: shared } });
  const { left, right } = world.databases;
  for (const [database, name] of [
    [left, 'l'],
    [right, 'r'],
  ] as const) {
    const tx = database.begin();
    await tx.insert('accounts', { id: 1, name });
    await tx.commit();
  }
  const running = await world.start();
  const { sync } = running;
  await sync.idle();
  const rows = await left.begin().select('accounts');
  expect(rows).toHaveLength(1);
  expect(await right.begin().select('accounts')).toEqual(rows);
  expect(sync.status().directions['right->left'].conflicts).toBeGreaterThan(0);
  await running.stop();
});

test('two sides with keys of their own: parents, children, and one e-mail on both sides', async () => {
  const world = await createWorld({ tables: { left: people(1), right: people(1001) }, links: mapped });
  const { left, right } = world.databases;
  const running = await world.start();
  const { sync } = running;
  let tx = left.begin();
  const ann = await tx.insert('users', { email: 'ann', name: 'Ann' });
  await tx.insert('posts', { user_id: ann['id'] as number, title: 'first' });
  await tx.commit();
  await sync.idle();
  const [annRight] = await right.begin().select('users');
  expect(annRight).toEqual({ id: 1001, email: 'ann', name: 'Ann' });
  expect(await right.begin().select('posts')).toMatchObject([{ user_id: 1001, title: 'first' }]);
  for (const [database, name] of [
    [left, 'Bob L'],
    [right, 'Bob R'],
  ] as const) {
    tx = database.begin();
    const bob = await tx.insert('users', { email: 'bob', name });
    await tx.insert('posts', { user_id: bob['id'] as number, title: `by ${name}` });
    await tx.commit();
  }
  await sync.idle();
  const names = async (database: typeof left) =>
    (await database.begin().select('users')).map((row) => [row['email'], row['name']]);
  const titles = async (database: typeof left) =>
    (await database.begin().select('posts')).map((row) => String(row['title'])).toSorted();
  expect(await names(left)).toHaveLength(2);
  expect(await names(right)).toEqual(await names(left));
  expect(await titles(left)).toEqual(['by Bob L', 'by Bob R', 'first']);
  expect(await titles(right)).toEqual(await titles(left));
  tx = right.begin();
  await tx.delete('users', { id: 1001 });
  await tx.commit();
  await sync.idle();
  expect(await titles(left)).toEqual(['by Bob L', 'by Bob R']);
  expect(await titles(right)).toEqual(['by Bob L', 'by Bob R']);
  expect(sync.status().directions['left->right'].parked).toBe(0);
  await running.stop();
});

test.each(['left', 'right'] as const)(
  'what was written at the %s while nothing ran is carried over once',
  async (side) => {
    const world = await createWorld({ tables: { left: [accounts], right: [accounts] }, links: { accounts: shared } });
    const write = (first: number) =>
      world.databases[side].transact(async (tx) => {
        for (let id = first; id < first + 20; id += 1) await tx.insert('accounts', { id, name: 'a' });
      });
    await write(0);
    const first = await world.start();
    await first.sync.idle();
    await first.stop();
    await write(100);
    const second = await world.start();
    await second.sync.idle();
    const { directions } = second.sync.status();
    const [there, back] =
      side === 'left' ? (['left->right', 'right->left'] as const) : (['right->left', 'left->right'] as const);
    expect(directions[there]).toMatchObject({ rows: 20, reasserted: 0, conflicts: 0 });
    expect(directions[back]).toMatchObject({ rows: 0, reasserted: 0, conflicts: 0 });
    await second.stop();
  },
);
