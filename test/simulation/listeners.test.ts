import { expect, onTestFinished, test } from 'vitest';
import type { TableDefinition } from '../../src/databases/memory/definition.ts';
import { createWorld } from './world.ts';

const tables: TableDefinition[] = Array.from({ length: 8 }, (_, at) => ({
  table: `t${at}`,
  columns: [{ name: 'id', kind: 'int' }],
  key: ['id'],
}));

test('table groups that all wait for a server at once are no leak of listeners', async () => {
  const warnings: string[] = [];
  const note = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  let isAway = false;
  const fault = () => (isAway ? 'before' : null);
  const world = await createWorld({
    tables: { left: tables, right: tables },
    links: Object.fromEntries(tables.map(({ table }) => [table, { left: table, right: table, columns: { id: 'id' } }])),
    memory: { left: { fault }, right: { fault } },
  });
  const running = await world.start();
  isAway = true;
  for (const database of Object.values(world.databases))
    await database.transact(async (tx) => {
      for (const { table } of tables) await tx.insert(table, { id: database.name === 'left' ? 1 : 2 });
    });
  const failed = () => {
    const ofRoutes = [...running.sync.meters.retries.entries()].filter(({ values }) => values.includes('apply'));
    return ofRoutes.reduce((total, { sum }) => total + sum, 0);
  };
  // Two routes for each group: all of them pause.
  await expect.poll(failed).toBeGreaterThan(2 * tables.length);
  isAway = false;
  await running.sync.idle();
  await running.stop();
  expect(warnings).toEqual([]);
});
