import { type Act, type Family, OF_BOTH } from '../family.ts';

const KEYS = 3;

/** Few values that keep coming back, so that a row looks untouched although it was written. */
export const toggles: Family = {
  name: 'toggles',
  tables: OF_BOTH([
    {
      table: 'toggles',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'state', kind: 'int' },
      ],
      key: ['id'],
    },
  ]),
  links: { toggles: { left: 'toggles', right: 'toggles', columns: { id: 'id', state: 'state' } } },
  views: [{ link: 'toggles', table: 'toggles', key: 'id', mapped: false }],
  act: toggle,
};

async function toggle({ tx, random }: Act): Promise<void> {
  const id = 1 + random.below(KEYS);
  const state = random.below(3);
  const found = await tx.get('toggles', { id });
  if (found === null) await tx.insert('toggles', { id, state });
  else if (random.chance(0.2)) {
    await tx.delete('toggles', { id });
    // The very row that was there, or another one: both are new rows.
    if (random.chance(0.5))
      await tx.insert('toggles', { id, state: random.chance(0.5) ? (found['state'] as number) : state });
  } else {
    await tx.update('toggles', { id }, { state });
    if (random.chance(0.3)) await tx.update('toggles', { id }, { state: found['state'] as number });
  }
}
