import type { TableDefinition } from '../../../src/databases/memory/definition.ts';
import { type Act, type Ending, type Family, textOf } from '../family.ts';

const table = (start: number): TableDefinition => ({
  table: 'entries',
  columns: [
    { name: 'id', kind: 'int', auto: { start, step: 1 } },
    { name: 'mark', kind: 'text' },
  ],
  key: ['id'],
});

/** Both sides only ever add rows; nothing but the engine stands between an entry and its copy, or two copies. */
export const ledger: Family = {
  name: 'ledger',
  tables: { left: [table(1)], right: [table(1001)] },
  links: { entries: { left: 'entries', right: 'entries', columns: { id: 'id', mark: 'mark' }, keys: 'mapped' } },
  views: [{ link: 'entries', table: 'entries', key: 'id', mapped: true }],
  async act({ side, tx, random, mark, note }: Act) {
    for (let count = 1 + random.below(4); count > 0; count--) {
      const value = mark();
      await tx.insert('entries', { mark: value });
      note({ family: 'ledger', side, key: value, mark: value, over: null });
    }
  },
  check: checkLedger,
};

function checkLedger({ databases, writes }: Ending): string[] {
  const wrong: string[] = [];
  const committed = new Set(writes.filter((each) => each.family === 'ledger').map((each) => each.key));
  for (const side of ['left', 'right'] as const) {
    const found = new Map<string, number>();
    for (const row of databases[side].rows('entries')) {
      const mark = textOf(row['mark']);
      found.set(mark, (found.get(mark) ?? 0) + 1);
    }
    for (const mark of committed) {
      const count = found.get(mark) ?? 0;
      if (count !== 1) wrong.push(`entry ${mark} is ${count} times on the ${side} side`);
    }
    for (const mark of found.keys()) if (!committed.has(mark)) wrong.push(`entry ${mark} came from nowhere (${side})`);
  }
  return wrong;
}
