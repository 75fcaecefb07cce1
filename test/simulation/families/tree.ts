import type { TableDefinition } from '../../../src/databases/memory/definition.ts';
import { type Act, type Family, OF_BOTH } from '../family.ts';

const KEYS = 4;
const LEVELS = ['roots', 'branches', 'leaves'] as const;

const tables: TableDefinition[] = [
  {
    table: 'roots',
    columns: [
      { name: 'id', kind: 'int' },
      { name: 'label', kind: 'text' },
    ],
    key: ['id'],
  },
  {
    table: 'branches',
    columns: [
      { name: 'id', kind: 'int' },
      { name: 'root_id', kind: 'int' },
      { name: 'label', kind: 'text' },
    ],
    key: ['id'],
    foreignKeys: [{ columns: ['root_id'], references: 'roots', onDelete: 'cascade' }],
  },
  {
    table: 'leaves',
    columns: [
      { name: 'id', kind: 'int' },
      { name: 'branch_id', kind: 'int', nullable: true },
      { name: 'label', kind: 'text' },
    ],
    key: ['id'],
    foreignKeys: [{ columns: ['branch_id'], references: 'branches', onDelete: 'set null' }],
  },
];

/** Parents that go and take their children with them or let go of them, in a log that may not say so. */
export const tree: Family = {
  name: 'tree',
  tables: OF_BOTH(tables),
  links: {
    roots: { left: 'roots', right: 'roots', columns: { id: 'id', label: 'label' } },
    branches: { left: 'branches', right: 'branches', columns: { id: 'id', root_id: 'root_id', label: 'label' } },
    leaves: { left: 'leaves', right: 'leaves', columns: { id: 'id', branch_id: 'branch_id', label: 'label' } },
  },
  views: LEVELS.map((table) => ({ link: table, table, key: 'id', mapped: false })),
  act: grow,
};

async function grow({ tx, random, mark }: Act): Promise<void> {
  const level = random.below(3);
  const table = LEVELS[level] as (typeof LEVELS)[number];
  const id = 1 + random.below(KEYS);
  const found = await tx.get(table, { id });
  if (found !== null && random.chance(level === 0 ? 0.25 : 0.2)) {
    await tx.delete(table, { id });
    return;
  }
  const parents = level === 0 ? [] : await tx.select(LEVELS[level - 1] as string);
  if (level > 0 && parents.length === 0) return;
  const parent = parents.length === 0 ? {} : parentOf(level, random.pick(parents)['id'] as number);
  if (found === null) await tx.insert(table, { id, label: mark(), ...parent });
  else await tx.update(table, { id }, random.chance(0.5) ? { label: mark() } : { label: mark(), ...parent });
}

function parentOf(level: number, id: number): Record<string, number> {
  return level === 1 ? { root_id: id } : { branch_id: id };
}
