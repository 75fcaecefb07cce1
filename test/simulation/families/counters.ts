import { byColumns, delta, newestWins } from '../../../src/mapping/policies.ts';
import { type Act, type Ending, type Family, OF_BOTH, textOf } from '../family.ts';

const KEYS = 3;
const columns = ['stock', 'reserved', 'balance'] as const;

/** Both sides add to the same numbers; in the end each holds the sum of everything that was added, and nothing else. */
export const counters: Family = {
  name: 'counters',
  tables: OF_BOTH([
    {
      table: 'products',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'stock', kind: 'int' },
        { name: 'name', kind: 'text', nullable: true },
        { name: 'reserved', kind: 'bigint' },
        { name: 'balance', kind: 'decimal', precision: 12, scale: 2 },
        { name: 'tag', kind: 'text', nullable: true },
      ],
      key: ['id'],
      uniques: [['tag']],
    },
  ]),
  links: {
    products: {
      left: 'products',
      right: 'products',
      columns: { id: 'id', stock: 'stock', name: 'name', reserved: 'reserved', balance: 'balance', tag: 'tag' },
      conflict: byColumns(newestWins(), [{ columns, policy: delta() }]),
    },
  },
  views: [{ link: 'products', table: 'products', key: 'id', mapped: false }],
  act: add,
  check: checkSums,
};

/** Hundredths, so that every amount is a whole number here. */
const amountsOf: Readonly<Record<(typeof columns)[number], (units: number) => number | bigint | string>> = {
  stock: (units) => units,
  reserved: BigInt,
  balance: (units) =>
    `${units < 0 ? '-' : ''}${Math.floor(Math.abs(units) / 100)}.${String(Math.abs(units) % 100).padStart(2, '0')}`,
};

function unitsOf(column: (typeof columns)[number], text: string): number {
  return column === 'balance' ? Math.round(Number(text) * 100) : Number(text);
}

async function add({ side, tx, random, mark, note }: Act): Promise<void> {
  const id = 1 + random.below(KEYS);
  const found = await tx.lock('products', { id });
  const column = random.pick(columns);
  const units = random.below(200) - 80;
  const added = (name: (typeof columns)[number], amount: number) =>
    note({ family: 'counters', side, key: `${id} ${name}`, mark: String(amount), over: null });
  if (found === null) {
    const first = { stock: random.below(10), reserved: random.below(10), balance: random.below(1000) };
    const row = Object.fromEntries(columns.map((name) => [name, amountsOf[name](first[name])]));
    await tx.insert('products', { id, name: mark(), tag: null, ...row });
    for (const name of columns) added(name, first[name]);
    return;
  }
  const now = unitsOf(column, textOf(found[column]));
  const other = random.chance(0.3) ? { name: mark() } : random.chance(0.2) ? { tag: `t${random.below(2)}` } : {};
  await tx.update('products', { id }, { [column]: amountsOf[column](now + units), ...other });
  added(column, units);
}

/** Nothing that was added may be missing, and nothing may count twice; a row that is owed will get the rest. */
function checkSums({ databases, writes, parked }: Ending): string[] {
  if (parked > 0) return [];
  const wrong: string[] = [];
  const rows = new Map(databases.left.rows('products').map((row) => [textOf(row['id']), row]));
  const sums = new Map<string, number>();
  for (const { family, key, mark } of writes) {
    if (family === 'counters') sums.set(key, (sums.get(key) ?? 0) + Number(mark));
  }
  for (const [key, sum] of sums) {
    const [id, column] = key.split(' ') as [string, (typeof columns)[number]];
    const held = unitsOf(column, textOf(rows.get(id)?.[column]));
    if (held !== sum) wrong.push(`${column} of product ${id} is ${held}, and ${sum} was added to it`);
  }
  return wrong;
}
