import { describe, expect, test } from 'vitest';
import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import { otherSide, type ForeignKeyPolicy, type Side } from '../../src/model/policy.ts';
import { createWorld, type World } from './world.ts';

// One side deletes a parent, the other gives it a child, and neither knows of the other: what becomes of both.

type OnDelete = 'cascade' | 'no action';

const person = { id: 1, name: 'Ada' };
const letter = { id: 7, person_id: 1, words: 'hello' };

function tables(onDelete: OnDelete): readonly TableDefinition[] {
  return [
    {
      table: 'people',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'name', kind: 'text' },
      ],
      key: ['id'],
    },
    {
      table: 'letters',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'person_id', kind: 'int' },
        { name: 'words', kind: 'text' },
      ],
      key: ['id'],
      foreignKeys: [{ columns: ['person_id'], references: 'people', onDelete }],
    },
  ];
}

async function openWorld(home: Side, onDelete: OnDelete, foreignKey?: ForeignKeyPolicy): Promise<World> {
  const both = tables(onDelete);
  return createWorld({
    home,
    tables: { left: both, right: both },
    links: {
      people: { left: 'people', right: 'people', columns: { id: 'id', name: 'name' } },
      letters: {
        left: 'letters',
        right: 'letters',
        columns: { id: 'id', person_id: 'person_id', words: 'words' },
        ...(foreignKey === undefined ? {} : { foreignKey }),
      },
    },
  });
}

/** Both sides know the person; then, while nobody carries anything over, `deletes` deletes and the other adds. */
async function meet(world: World, deletes: Side): Promise<Awaited<ReturnType<World['start']>>> {
  const { databases } = world;
  const first = await world.start();
  await databases.left.transact((tx) => tx.insert('people', person));
  await first.sync.idle();
  await first.stop();
  await databases[deletes].transact((tx) => tx.delete('people', { id: 1 }));
  await databases[otherSide(deletes)].transact((tx) => tx.insert('letters', letter));
  const running = await world.start();
  await running.sync.idle();
  return running;
}

function rowsOf({ databases }: World, side: Side): Readonly<Record<string, readonly Fields[]>> {
  return { people: databases[side].rows('people'), letters: databases[side].rows('letters') };
}

const both: readonly Side[] = ['left', 'right'];
const cases = both.flatMap((home) =>
  both.flatMap((deletes) => (['cascade', 'no action'] as const).map((onDelete) => [home, deletes, onDelete] as const)),
);

describe.each(cases)('home is %s, %s deletes the parent, the children %s', (home, deletes, onDelete) => {
  test.each([
    ['restoreParent', { people: [person], letters: [letter] }],
    ['deleteChild', { people: [], letters: [] }],
  ] as const)('%s', async (policy, expected) => {
    const world = await openWorld(home, onDelete, policy);
    const running = await meet(world, deletes);
    await expect.poll(() => [rowsOf(world, 'left'), rowsOf(world, 'right')]).toEqual([expected, expected]);
    await expect
      .poll(() => both.flatMap((side) => world.databases[side].rows('tandem.parked')), { timeout: 15_000 })
      .toEqual([]);
    await running.stop();
  });

  test('unless declared, the databases decide, and what they refuse is parked', async () => {
    const world = await openWorld(home, onDelete);
    const running = await meet(world, deletes);
    if (onDelete === 'cascade') {
      const gone = { people: [], letters: [] };
      await expect.poll(() => [rowsOf(world, 'left'), rowsOf(world, 'right')]).toEqual([gone, gone]);
    } else {
      expect(rowsOf(world, deletes)).toEqual({ people: [], letters: [] });
      expect(rowsOf(world, otherSide(deletes))).toEqual({ people: [person], letters: [letter] });
      expect(world.databases[deletes].rows('tandem.parked')).toMatchObject([{ link: 'letters', code: 'TD7002' }]);
      expect(world.databases[otherSide(deletes)].rows('tandem.parked')).toMatchObject([
        { link: 'people', code: 'TD7002' },
      ]);
    }
    await running.stop();
  });
});

test('a row that lives on under another parent is not sent back where a cascade took its old self', async () => {
  const [people, letters] = tables('cascade') as [TableDefinition, TableDefinition];
  const strict = { ...letters, check: ({ words }: Fields) => words !== 'refused' };
  const world = await createWorld({
    tables: { left: [people, letters], right: [people, strict] },
    links: {
      people: { left: 'people', right: 'people', columns: { id: 'id', name: 'name' } },
      letters: { left: 'letters', right: 'letters', columns: { id: 'id', person_id: 'person_id', words: 'words' } },
    },
  });
  const { left } = world.databases;
  const running = await world.start();
  await left.transact(async (tx) => {
    await tx.insert('people', person);
    await tx.insert('people', { id: 2, name: 'Bea' });
    await tx.insert('letters', letter);
  });
  await running.sync.idle();
  await left.transact((tx) => tx.update('letters', { id: 7 }, { person_id: 2, words: 'refused' }));
  await left.transact((tx) => tx.delete('people', { id: 1 }));
  await running.sync.idle();
  expect(rowsOf(world, 'left').letters).toEqual([{ id: 7, person_id: 2, words: 'refused' }]);
  await left.transact((tx) => tx.update('letters', { id: 7 }, { words: 'better' }));
  await running.sync.idle();
  for (const side of both) expect(rowsOf(world, side).letters).toEqual([{ id: 7, person_id: 2, words: 'better' }]);
  await running.stop();
});
