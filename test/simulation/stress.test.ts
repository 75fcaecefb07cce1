import { expect, test } from 'vitest';
import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import type { MemoryDatabase } from '../../src/databases/memory/server.ts';
import { createWorld } from './world.ts';

const accounts: TableDefinition = {
  table: 'accounts',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'name', kind: 'text' },
    { name: 'note', kind: 'int' },
  ],
  key: ['id'],
};
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
const links = {
  accounts: { left: 'accounts', right: 'accounts', columns: { id: 'id', name: 'name', note: 'note' }, keys: 'shared' },
  users: { left: 'users', right: 'users', columns: { id: 'id', email: 'email', name: 'name' }, keys: 'mapped', naturalKeys: [['email']] },
  posts: { left: 'posts', right: 'posts', columns: { id: 'id', user_id: 'user_id', title: 'title' }, keys: 'mapped' },
} as const;

function rng(seed: number) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = s;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function appOnce(database: MemoryDatabase, random: () => number, kinds: readonly string[], label: string, n: number) {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const tx = database.begin();
  try {
    const kind = pick(kinds);
    if (kind === 'account') {
      const id = 1 + Math.floor(random() * 4);
      const row = await tx.get('accounts', { id });
      if (row === null) await tx.insert('accounts', { id, name: `${label}${n}`, note: n });
      else if (random() < 0.25) await tx.delete('accounts', { id });
      else await tx.update('accounts', { id }, random() < 0.5 ? { name: `${label}${n}` } : { note: n });
    } else if (kind === 'user') {
      const users = await tx.select('users');
      if (users.length < 3 || random() < 0.4) await tx.insert('users', { email: pick(['x', 'y', 'z', 'u', 'v']), name: `${label}${n}` });
      else await tx.update('users', { id: pick(users)['id'] as number }, { name: `${label}${n}` });
    } else if (kind === 'rename') {
      const users = await tx.select('users');
      if (users.length > 0) await tx.update('users', { id: pick(users)['id'] as number }, { email: pick(['x', 'y', 'z', 'u', 'v']) });
    } else if (kind === 'post') {
      const users = await tx.select('users');
      if (users.length > 0) await tx.insert('posts', { user_id: pick(users)['id'] as number, title: `${label}${n}` });
    } else if (kind === 'unuser') {
      const users = await tx.select('users');
      if (users.length > 0) await tx.delete('users', { id: pick(users)['id'] as number });
    }
    await tx.commit();
  } catch {
    await tx.rollback().catch(() => undefined);
  }
}

async function rows(database: MemoryDatabase) {
  const tx = database.begin();
  const users = await tx.select('users');
  const email = (id: unknown) => users.find((user) => user['id'] === id)?.['email'];
  const sorted = (list: readonly unknown[]) => list.map((row) => JSON.stringify(row)).sort();
  return {
    accounts: sorted(await tx.select('accounts')),
    users: sorted(users.map((user: Fields) => [user['email'], user['name']])),
    posts: sorted((await tx.select('posts')).map((post: Fields) => [email(post['user_id']), post['title']])),
  };
}

const seeds = Number(process.env['SEEDS'] ?? 40);
const first = Number(process.env['SEED'] ?? 1);
for (const kinds of [['account'], ['account', 'user', 'post'], ['account', 'user', 'post', 'rename', 'unuser']]) {
  test(`both sides equal after random writes: ${kinds.join(' ')}`, async () => {
    for (let seed = first; seed < first + seeds; seed++) {
      const random = rng(seed);
      const yieldPoint = async () => {
        const times = Math.floor(random() * random() * 6);
        for (let at = 0; at < times; at++) await new Promise((resolve) => setImmediate(resolve));
      };
      let clock = 1_700_000_000_000_000;
      const nowUs = () => (clock += 1 + Math.floor(random() * 1000));
      const memory = { yieldPoint, nowUs };
      const world = await createWorld({
        tables: { left: [accounts, ...people(1)], right: [accounts, ...people(1001)] },
        links,
        memory: { left: memory, right: memory },
      });
      const { sync, stop } = await world.start();
      let failed: unknown;
      sync.finished.catch((error: unknown) => (failed = error));
      const { left, right } = world.databases;
      await Promise.all(
        [left, right].map(async (database, at) => {
          for (let n = 0; n < 25; n++) await appOnce(database, random, kinds, at === 0 ? 'l' : 'r', n);
        }),
      );
      await Promise.race([sync.idle(), new Promise((resolve) => setTimeout(resolve, 5000))]);
      const status = JSON.stringify(sync.status()); if (process.env['DBG']) console.log(seed, status);
      expect(failed, `seed ${seed}`).toBeUndefined();
      if (sync.status().directions['left->right'].parked + sync.status().directions['right->left'].parked === 0) {
        expect(await rows(right), `seed ${seed} ${status}`).toEqual(await rows(left));
      } else console.log(seed, kinds.join(), 'parked', status);
      await stop();
    }
  }, 200_000);
}
