import { expect, test } from 'vitest';
import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import type { MemoryDatabase } from '../../src/databases/memory/server.ts';
import { titleCase } from '../../src/mapping/codecs.ts';
import { custom, sideWins } from '../../src/mapping/policies.ts';
import type { Declaration } from '../../src/mapping/declaration.ts';
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
