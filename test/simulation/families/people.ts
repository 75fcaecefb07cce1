import type { TableDefinition } from '../../../src/databases/memory/definition.ts';
import type { Act, Family } from '../family.ts';

const EMAILS = ['a', 'b', 'c', 'd', 'e'];

const tables = (start: number): TableDefinition[] => [
  {
    table: 'users',
    columns: [
      { name: 'id', kind: 'int', auto: { start, step: 1 } },
      { name: 'email', kind: 'text' },
      { name: 'name', kind: 'text' },
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

const common = {
  tables: { left: tables(1), right: tables(1001) },
  links: {
    users: {
      left: 'users',
      right: 'users',
      columns: { id: 'id', email: 'email', name: 'name' },
      keys: 'mapped',
      naturalKeys: [['email']],
    },
    posts: {
      left: 'posts',
      right: 'posts',
      columns: { id: 'id', user_id: 'user_id', title: 'title' },
      keys: 'mapped',
    },
  },
  views: [
    { link: 'users', table: 'users', key: 'id', mapped: true },
    { link: 'posts', table: 'posts', key: 'id', mapped: true, parents: { user_id: 'users' } },
  ],
} as const;

/** Each side makes its own keys; e-mail addresses tell who is who, and posts refer to people. */
export const people: Family = {
  name: 'people',
  ...common,
  act: (act) => live(act, { rename: false }),
};

/** As people, and e-mail addresses change hands: genuine deadlocks of unique values come up and stay parked. */
export const claims: Family = {
  name: 'claims',
  ...common,
  act: (act) => live(act, { rename: true }),
};

async function live({ tx, random, mark }: Act, { rename }: { readonly rename: boolean }): Promise<void> {
  const users = await tx.select('users');
  const free = EMAILS.filter((email) => !users.some((user) => user['email'] === email));
  const luck = random.next();
  if (users.length === 0 || (luck < 0.25 && free.length > 0)) {
    await tx.insert('users', { email: random.pick(free), name: mark() });
    return;
  }
  const id = random.pick(users)['id'] as number;
  if (luck < 0.45) await tx.update('users', { id }, { name: mark() });
  else if (luck < 0.7) await tx.insert('posts', { user_id: id, title: mark() });
  else if (luck < 0.8) await tx.delete('users', { id });
  else if (luck < 0.9 && rename && free.length > 0) await tx.update('users', { id }, { email: random.pick(free) });
  else {
    const posts = await tx.select('posts');
    if (posts.length === 0) return;
    const post = random.pick(posts)['id'] as number;
    if (random.chance(0.3)) await tx.delete('posts', { id: post });
    else await tx.update('posts', { id: post }, random.chance(0.5) ? { title: mark() } : { user_id: id });
  }
}
