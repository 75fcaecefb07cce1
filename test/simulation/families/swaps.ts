import { type Act, type Family, OF_BOTH } from '../family.ts';
import type { Side } from '../../../src/model/policy.ts';

const ROWS = 4;
const FIRST: Readonly<Record<Side, number>> = { left: 1, right: 11 };

/** Rows of one side change ranks among themselves by way of a free one; each rank may be held by one row only. */
export const swaps: Family = {
  name: 'swaps',
  tables: OF_BOTH([
    {
      table: 'ranks',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'rank', kind: 'int' },
      ],
      key: ['id'],
      uniques: [['rank']],
    },
  ]),
  links: { ranks: { left: 'ranks', right: 'ranks', columns: { id: 'id', rank: 'rank' } } },
  views: [{ link: 'ranks', table: 'ranks', key: 'id', mapped: false }],
  act: swap,
};

async function swap({ side, tx, random }: Act): Promise<void> {
  const first = FIRST[side];
  const [a, b] = [first + random.below(ROWS), first + random.below(ROWS)];
  const [one, other] = [await tx.lock('ranks', { id: a }), await tx.lock('ranks', { id: b })];
  if (one === null) await tx.insert('ranks', { id: a, rank: await freeRank(tx, first) });
  else if (other === null || a === b) {
    if (random.chance(0.3)) await tx.delete('ranks', { id: a });
    else await tx.update('ranks', { id: a }, { rank: await freeRank(tx, first) });
  } else {
    await tx.update('ranks', { id: a }, { rank: -first });
    await tx.update('ranks', { id: b }, { rank: one['rank'] as number });
    await tx.update('ranks', { id: a }, { rank: other['rank'] as number });
  }
}

async function freeRank(tx: Act['tx'], first: number): Promise<number> {
  const taken = new Set((await tx.select('ranks')).map((row) => row['rank']));
  for (let rank = first; ; rank++) if (!taken.has(rank)) return rank;
}
