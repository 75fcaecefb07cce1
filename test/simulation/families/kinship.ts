import type { TableDefinition } from '../../../src/databases/memory/definition.ts';
import { type Act, type Family, OF_BOTH } from '../family.ts';

const KEYS = 4;
const LEVELS = ['houses', 'guests', 'pets', 'guards'] as const;
const PARENTS: Readonly<Record<(typeof LEVELS)[number], (typeof LEVELS)[number] | null>> = {
  houses: null,
  guests: 'houses',
  pets: 'guests',
  guards: 'houses',
};

function tableOf(table: (typeof LEVELS)[number], onDelete?: 'cascade'): TableDefinition {
  const parent = PARENTS[table];
  return {
    table,
    columns: [
      { name: 'id', kind: 'int' },
      { name: 'label', kind: 'text' },
      ...(parent === null ? [] : [{ name: 'parent_id', kind: 'int' } as const]),
    ],
    key: ['id'],
    ...(parent === null
      ? {}
      : { foreignKeys: [{ columns: ['parent_id'], references: parent, onDelete: onDelete ?? 'no action' }] }),
  };
}

const columns = { id: 'id', label: 'label' };
const childColumns = { ...columns, parent_id: 'parent_id' };

/** Parents that one side deletes while the other side gives them children, by each policy there is for that. */
export const kinship: Family = {
  name: 'kinship',
  tables: OF_BOTH([tableOf('houses'), tableOf('guests', 'cascade'), tableOf('pets', 'cascade'), tableOf('guards')]),
  links: {
    houses: { left: 'houses', right: 'houses', columns },
    guests: { left: 'guests', right: 'guests', columns: childColumns, foreignKey: 'restoreParent' },
    pets: { left: 'pets', right: 'pets', columns: childColumns, foreignKey: 'restoreParent' },
    guards: { left: 'guards', right: 'guards', columns: childColumns, foreignKey: 'deleteChild' },
  },
  views: LEVELS.map((table) => ({ link: table, table, key: 'id', mapped: false })),
  act: live,
};

async function live({ tx, random, mark }: Act): Promise<void> {
  const table = random.pick(LEVELS);
  const id = 1 + random.below(KEYS);
  const found = await tx.get(table, { id });
  if (found !== null && random.chance(0.3)) {
    await tx.delete(table, { id });
    return;
  }
  const above = PARENTS[table];
  const parents = above === null ? [] : await tx.select(above);
  if (above !== null && parents.length === 0) return;
  const parent = above === null ? {} : { parent_id: random.pick(parents)['id'] as number };
  if (found === null) await tx.insert(table, { id, label: mark(), ...parent });
  else await tx.update(table, { id }, random.chance(0.6) ? { label: mark() } : { label: mark(), ...parent });
}
