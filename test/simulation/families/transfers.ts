import type { Side } from '../../../src/model/policy.ts';
import { type Act, type Ending, type Family, OF_BOTH } from '../family.ts';

const ACCOUNTS: Readonly<Record<Side, readonly number[]>> = { left: [1, 2, 3], right: [4, 5, 6] };
const SUM = 300;

/** Money moves between accounts of one side; at no moment does anybody on either side see some of it missing. */
export const transfers: Family = {
  name: 'transfers',
  tables: OF_BOTH([
    {
      table: 'accounts',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'balance', kind: 'int' },
      ],
      key: ['id'],
    },
  ]),
  links: { accounts: { left: 'accounts', right: 'accounts', columns: { id: 'id', balance: 'balance' } } },
  views: [{ link: 'accounts', table: 'accounts', key: 'id', mapped: false }],
  async setUp(databases) {
    for (const side of ['left', 'right'] as const) {
      await databases[side].transact(async (tx) => {
        for (const id of ACCOUNTS[side]) await tx.insert('accounts', { id, balance: SUM / ACCOUNTS[side].length });
      });
    }
  },
  act: transfer,
  always: (databases) => checkSums(databases, true),
  check: ({ databases }) => checkSums(databases, false),
};

async function transfer({ side, tx, random }: Act): Promise<void> {
  const [from, to] = [random.pick(ACCOUNTS[side]), random.pick(ACCOUNTS[side])];
  if (from === to) return;
  const amount = 1 + random.below(20);
  const [payer, payee] = [await tx.lock('accounts', { id: from }), await tx.lock('accounts', { id: to })];
  if (payer === null || payee === null) return;
  await tx.update('accounts', { id: from }, { balance: (payer['balance'] as number) - amount });
  await tx.update('accounts', { id: to }, { balance: (payee['balance'] as number) + amount });
}

function checkSums(databases: Ending['databases'], mayBeAbsent: boolean): string[] {
  const wrong: string[] = [];
  for (const side of ['left', 'right'] as const) {
    const rows = databases[side].rows('accounts');
    for (const owner of ['left', 'right'] as const) {
      const own = rows.filter((row) => ACCOUNTS[owner].includes(row['id'] as number));
      if (own.length === 0 && mayBeAbsent) continue;
      const sum = own.reduce((total, row) => total + (row['balance'] as number), 0);
      if (sum !== SUM) wrong.push(`the accounts of the ${owner} side add up to ${sum} on the ${side} side`);
    }
  }
  return wrong;
}
