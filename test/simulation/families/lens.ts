import type { Fields, TableDefinition } from '../../../src/databases/memory/definition.ts';
import { nullAs, titleCase } from '../../../src/mapping/codecs.ts';
import type { Act, Family } from '../family.ts';
import { textOf } from '../family.ts';

const KEYS = 3;
const STATES = ['open', 'in_review', 'done_at_last'];

const left: TableDefinition = {
  table: 'items',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'state', kind: 'text' },
    { name: 'price', kind: 'decimal', precision: 10, scale: 2 },
    { name: 'at', kind: 'timestamp', fraction: 6 },
    { name: 'note', kind: 'text', nullable: true },
  ],
  key: ['id'],
};
const right: TableDefinition = {
  table: 'items',
  columns: [
    { name: 'item_id', kind: 'int' },
    { name: 'remark', kind: 'text' },
    { name: 'status', kind: 'text' },
    { name: 'happened', kind: 'timestamp', fraction: 3 },
    { name: 'amount', kind: 'decimal', precision: 12, scale: 2 },
  ],
  key: ['item_id'],
};

/** Two tables that say the same in other words, with digits of a second that only one side keeps. */
export const lens: Family = {
  name: 'lens',
  tables: { left: [left], right: [right] },
  links: {
    items: {
      left: 'items',
      right: 'items',
      columns: {
        id: 'item_id',
        state: { to: 'status', codec: titleCase() },
        price: 'amount',
        at: 'happened',
        note: { to: 'remark', codec: nullAs('') },
      },
    },
  },
  views: [
    {
      link: 'items',
      table: 'items',
      key: 'id',
      mapped: false,
      toLeft: inLeftWords,
      ofLeft: (row) => ({ ...row, at: milliseconds(textOf(row['at'])) }),
    },
  ],
  act: (act) => (act.side === 'left' ? actLeft(act) : actRight(act)),
};

function inLeftWords(row: Fields): Fields {
  return {
    id: row['item_id'] ?? null,
    state: textOf(row['status']).toLowerCase().replaceAll(' ', '_'),
    price: row['amount'] ?? null,
    at: milliseconds(textOf(row['happened'])),
    note: row['remark'] === '' ? null : (row['remark'] ?? null),
  };
}

/** Digits that only one side keeps do not count. */
function milliseconds(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = fraction.slice(0, 3).replace(/0+$/, '');
  return digits === '' ? whole : `${whole}.${digits}`;
}

function happened(act: Act, digits: number): string {
  const fraction = String(act.random.below(10 ** digits))
    .padStart(digits, '0')
    .replace(/0+$/, '');
  return `2026-01-0${1 + act.random.below(9)} 10:00:0${act.random.below(10)}${fraction === '' ? '' : `.${fraction}`}`;
}

async function actLeft(act: Act): Promise<void> {
  const { tx, random, mark } = act;
  const id = 1 + random.below(KEYS);
  const fresh = {
    state: random.pick(STATES),
    price: `${random.below(900)}.${10 + random.below(90)}`,
    at: happened(act, 6),
    note: random.chance(0.3) ? null : mark(),
  };
  const found = await tx.get('items', { id });
  if (found === null) await tx.insert('items', { id, ...fresh });
  else if (random.chance(0.15)) await tx.delete('items', { id });
  else await tx.update('items', { id }, one(act, fresh));
}

async function actRight(act: Act): Promise<void> {
  const { tx, random, mark } = act;
  const key = { item_id: 1 + random.below(KEYS) };
  const words = random.pick(STATES).split('_');
  const fresh = {
    status: words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join(' '),
    amount: `${random.below(900)}.${10 + random.below(90)}`,
    happened: happened(act, 3),
    remark: random.chance(0.3) ? '' : mark(),
  };
  const found = await tx.get('items', key);
  if (found === null) await tx.insert('items', { ...key, ...fresh });
  else if (random.chance(0.15)) await tx.delete('items', key);
  else await tx.update('items', key, one(act, fresh));
}

/** One column alone, or all of them. */
function one({ random }: Act, fields: Fields): Fields {
  if (random.chance(0.3)) return fields;
  return Object.fromEntries([random.pick(Object.entries(fields))]);
}
