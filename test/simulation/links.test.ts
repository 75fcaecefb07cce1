import { expect, test } from 'vitest';
import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import type { MemoryDatabase } from '../../src/databases/memory/server.ts';
import { titleCase } from '../../src/mapping/codecs.ts';
import { byColumns, custom, delta, newestWins, perColumn, sideWins } from '../../src/mapping/policies.ts';
import type { Declaration, Limits } from '../../src/mapping/declaration.ts';
import type { Policy, RowPolicy } from '../../src/model/policy.ts';
import { createWorld, type World } from './world.ts';

// What a link can say beside which columns belong together, seen through a running engine.

const states = ['open', 'closed'];
const left: TableDefinition = {
  table: 'tickets',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'title', kind: 'text' },
    { name: 'state', kind: 'text', values: states },
    { name: 'secret', kind: 'text', nullable: true },
    { name: 'source', kind: 'text', default: 'legacy' },
  ],
  key: ['id'],
};
const right: TableDefinition = {
  table: 'issues',
  columns: [
    { name: 'number', kind: 'int' },
    { name: 'headline', kind: 'text' },
    { name: 'phase', kind: 'text', values: states.map((state) => state.replace(/^./, (first) => first.toUpperCase())) },
    { name: 'copied', kind: 'text', nullable: true },
    { name: 'tenant', kind: 'int' },
    { name: 'source', kind: 'text', default: 'revamp' },
  ],
  key: ['number'],
};
const tickets: Declaration['links'][string] = {
  left: 'tickets',
  right: 'issues',
  columns: { id: 'number', title: 'headline', state: { to: 'phase', codec: titleCase() } },
  rightOnly: { tenant: 7 },
  source: { left: 'source', right: 'source' },
};

async function openWorld(link: Partial<Declaration['links'][string]> = {}): Promise<World> {
  return createWorld({ tables: { left: [left], right: [right] }, links: { tickets: { ...tickets, ...link } } });
}

async function write(database: MemoryDatabase, work: (tx: ReturnType<MemoryDatabase['begin']>) => Promise<unknown>) {
  const tx = database.begin();
  await work(tx);
  await tx.commit();
}

async function rowsOf(database: MemoryDatabase, table: string): Promise<readonly Fields[]> {
  return database.begin().select(table);
}

const ticket = { id: 1, title: 'a', state: 'open', secret: 'x' };
const issue = { number: 1, headline: 'a', phase: 'Open', copied: null, tenant: 7, source: 'sync_service' };

test('renamed columns, a codec, a constant and the source column', async () => {
  const world = await openWorld();
  const running = await world.start();
  const { databases } = world;
  await write(databases.left, (tx) => tx.insert('tickets', ticket));
  await running.sync.idle();
  expect(await rowsOf(databases.right, 'issues')).toEqual([issue]);
  await write(databases.right, (tx) =>
    tx.update('issues', { number: 1 }, { phase: 'Closed', source: 'revamp', tenant: 8 }),
  );
  await running.sync.idle();
  expect(await rowsOf(databases.left, 'tickets')).toEqual([{ ...ticket, state: 'closed', source: 'sync_service' }]);
  expect(await rowsOf(databases.right, 'issues')).toEqual([{ ...issue, phase: 'Closed', source: 'revamp', tenant: 8 }]);
  await running.stop();
});

test('a one-way column flows one way and is left alone the other way', async () => {
  const world = await openWorld({ columns: { ...tickets.columns, secret: { to: 'copied', direction: 'toRight' } } });
  const running = await world.start();
  const { databases } = world;
  await write(databases.left, (tx) => tx.insert('tickets', ticket));
  await running.sync.idle();
  await write(databases.right, (tx) => tx.update('issues', { number: 1 }, { copied: 'own', headline: 'b' }));
  await running.sync.idle();
  expect(await rowsOf(databases.left, 'tickets')).toMatchObject([{ title: 'b', secret: 'x' }]);
  expect(await rowsOf(databases.right, 'issues')).toMatchObject([{ headline: 'b', copied: 'own' }]);
  await running.stop();
});

test('a one-way link sends nothing back', async () => {
  const world = await openWorld({ direction: 'toRight' });
  const running = await world.start();
  const { databases } = world;
  await write(databases.left, (tx) => tx.insert('tickets', ticket));
  await running.sync.idle();
  await write(databases.right, (tx) => tx.update('issues', { number: 1 }, { headline: 'b' }));
  await write(databases.right, (tx) => tx.insert('issues', { ...issue, number: 2 }));
  await running.sync.idle();
  expect(await rowsOf(databases.left, 'tickets')).toMatchObject([{ id: 1, title: 'a' }]);
  await running.stop();
});

test('a row filter: rows enter and leave the sync', async () => {
  const world = await openWorld({ where: { left: { state: 'open' } } });
  const running = await world.start();
  const { databases } = world;
  await write(databases.left, (tx) => tx.insert('tickets', { ...ticket, state: 'closed' }));
  await running.sync.idle();
  expect(await rowsOf(databases.right, 'issues')).toEqual([]);
  await write(databases.left, (tx) => tx.update('tickets', { id: 1 }, { state: 'open' }));
  await running.sync.idle();
  expect(await rowsOf(databases.right, 'issues')).toEqual([issue]);
  await write(databases.left, (tx) => tx.update('tickets', { id: 1 }, { state: 'closed' }));
  await running.sync.idle();
  expect(await rowsOf(databases.right, 'issues')).toEqual([]);
  await running.stop();
});

test('deletes that are ignored stay on their own side', async () => {
  const world = await openWorld({ deletes: 'ignore' });
  const running = await world.start();
  const { databases } = world;
  await write(databases.left, (tx) => tx.insert('tickets', ticket));
  await running.sync.idle();
  await write(databases.left, (tx) => tx.delete('tickets', { id: 1 }));
  await running.sync.idle();
  expect(await rowsOf(databases.right, 'issues')).toEqual([issue]);
  await running.stop();
});

const decided = custom((conflict) => ({
  ...conflict.left,
  title: `${String(conflict.left?.['title'])}+${String(conflict.right?.['title'])}`,
}));

test.each([
  ['left', sideWins('left'), 'from left'],
  ['right', sideWins('right'), 'from right'],
  ['a function of the user', decided, 'from left+from right'],
] as const)('who wins when both sides change a row: %s', async (_who, conflict, title) => {
  const world = await openWorld({ conflict });
  const { databases } = world;
  await write(databases.left, (tx) => tx.insert('tickets', { ...ticket, title: 'from left' }));
  await write(databases.right, (tx) => tx.insert('issues', { ...issue, headline: 'from right' }));
  const running = await world.start();
  await running.sync.idle();
  expect(await rowsOf(databases.left, 'tickets')).toMatchObject([{ id: 1, title }]);
  expect(await rowsOf(databases.right, 'issues')).toMatchObject([{ number: 1, headline: title }]);
  await running.stop();
});

const counted: TableDefinition = {
  table: 'goods',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'name', kind: 'text' },
    { name: 'stock', kind: 'int' },
  ],
  key: ['id'],
};

async function openGoods(conflict: Policy, limits: Limits = {}): Promise<World> {
  const columns = { id: 'id', name: 'name', stock: 'stock' };
  const links = { goods: { left: 'goods', right: 'goods', columns, conflict } };
  return createWorld({ tables: { left: [counted], right: [counted] }, links, limits });
}

/** A row that is in step, then changed on both sides before anybody reads either log. */
async function changeOnBothSides(world: World): Promise<void> {
  const { databases } = world;
  const before = await world.start();
  await write(databases.left, (tx) => tx.insert('goods', { id: 1, name: 'a', stock: 10 }));
  await before.sync.idle();
  await before.stop();
  await write(databases.left, (tx) => tx.update('goods', { id: 1 }, { name: 'left', stock: 14 }));
  await write(databases.right, (tx) => tx.update('goods', { id: 1 }, { name: 'right', stock: 7 }));
}

const stockAdds = (rest: RowPolicy) => byColumns(rest, [{ columns: ['stock'], policy: delta() }]);

test.each([
  ['one side', sideWins('right'), 'right', 7],
  ['counters', stockAdds(sideWins('left')), 'left', 11],
  ['counters beside a function', stockAdds(custom(() => 'right')), 'right', 11],
  ['column by column', perColumn(sideWins('left')), 'left', 14],
] as const)(
  'one decision, one entry in the ledger, also when it is read again: %s',
  async (_who, conflict, name, stock) => {
    const world = await openGoods(conflict);
    await changeOnBothSides(world);
    for (let restarts = 0; restarts < 2; restarts++) {
      const running = await world.start();
      await running.sync.idle();
      await running.stop();
    }
    for (const side of [world.databases.left, world.databases.right]) {
      expect(await rowsOf(side, 'goods')).toEqual([{ id: 1, name, stock }]);
    }
    const [entry, ...more] = world.databases.left.rows('tandem.conflict');
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ type: 'update_origin_differs', state: 'decided', home: 'left', remote_key: '1' });
    expect(entry?.['home_image']).toBe('[1,"left",14]');
    expect(entry?.['remote_image']).toBe('[1,"right",7]');
    expect(entry?.['base']).toBe('[1,"a",10]');
    expect(entry?.['result']).toBe(JSON.stringify([1, name, stock]));
    expect(world.databases.right.rows('tandem.conflict')).toEqual([]);
  },
);

test.each([
  ['throws', custom(() => Promise.reject(new Error('no'))), 'TD8002'],
  ['never answers', custom(() => new Promise(() => undefined)), 'TD8011'],
] as const)('where a function %s, its row waits for a person and all others flow', async (_what, conflict, code) => {
  const world = await openGoods(conflict, { conflictFunctionMs: 50 });
  const { databases } = world;
  await changeOnBothSides(world);
  await write(databases.right, (tx) => tx.insert('goods', { id: 2, name: 'b', stock: 1 }));
  const running = await world.start();
  await running.sync.idle();
  expect(databases.left.rows('tandem.conflict')).toMatchObject([{ state: 'open', code, winner: 'nobody' }]);
  expect(databases.left.rows('goods')).toMatchObject([{ id: 1, name: 'left' }, { id: 2 }]);
  const { conflictsOpen, conflictCounts, parked } = running.sync.status().directions['right->left'];
  expect({ conflictsOpen, parked }).toEqual({ conflictsOpen: 1, parked: 1 });
  const counted = { link: 'goods', type: 'update_origin_differs', resolution: 'parked', count: 1 };
  expect(conflictCounts).toEqual([counted]);
  await running.stop();
});

test('the ledger keeps what it is told to, and forgets the oldest', async () => {
  const world = await openGoods(newestWins(), { conflictRows: 2 });
  const { databases } = world;
  for (let round = 1; round <= 4; round++) {
    await write(databases.left, (tx) => tx.insert('goods', { id: round, name: 'left', stock: 0 }));
    await write(databases.right, (tx) => tx.insert('goods', { id: round, name: 'right', stock: 0 }));
    const running = await world.start();
    await running.sync.idle();
    await running.stop();
  }
  const kept = databases.left.rows('tandem.conflict').map((row) => String(row['home_key']));
  expect(kept.toSorted()).toEqual(['2', '3', '4']);
});

test('a unique value that another row holds is an entry that closes when the row could be applied', async () => {
  const tables = [{ ...counted, uniques: [['name']] }];
  const columns = { id: 'id', name: 'name', stock: 'stock' };
  const links = { goods: { left: 'goods', right: 'goods', columns } };
  const world = await createWorld({ tables: { left: tables, right: tables }, links });
  const { databases } = world;
  await write(databases.right, (tx) => tx.insert('goods', { id: 1, name: 'taken', stock: 1 }));
  await write(databases.left, (tx) => tx.insert('goods', { id: 2, name: 'taken', stock: 2 }));
  const running = await world.start();
  await running.sync.idle();
  const entries = () => databases.left.rows('tandem.conflict').map((row) => [row['type'], row['code'], row['state']]);
  expect(entries()).toEqual([['insert_exists', 'TD7001', 'open']]);
  await write(databases.left, (tx) => tx.update('goods', { id: 2 }, { name: 'free' }));
  await write(databases.right, (tx) => tx.update('goods', { id: 1 }, { stock: 3 }));
  await running.sync.idle();
  expect(entries()).toEqual([['insert_exists', 'TD7001', 'resolved']]);
  expect(await rowsOf(databases.left, 'goods')).toContainEqual({ id: 1, name: 'taken', stock: 3 });
  await running.stop();
});
