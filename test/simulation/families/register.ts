import type { Fields } from '../../../src/databases/memory/definition.ts';
import { type Act, type Ending, type Family, OF_BOTH, textOf, type Write } from '../family.ts';

const KEYS = 4;

/** Every write of a row has a value of its own, so the last one can be held against who saw whom. */
export const register: Family = {
  name: 'register',
  tables: OF_BOTH([
    {
      table: 'registers',
      columns: [
        { name: 'id', kind: 'int' },
        { name: 'mark', kind: 'text' },
      ],
      key: ['id'],
    },
  ]),
  links: { registers: { left: 'registers', right: 'registers', columns: { id: 'id', mark: 'mark' } } },
  views: [{ link: 'registers', table: 'registers', key: 'id', mapped: false }],
  act: write,
  check: checkRegisters,
};

async function write({ side, tx, random, mark, note }: Act): Promise<void> {
  const id = 1 + random.below(KEYS);
  const about = { family: 'register', side, key: String(id) };
  const found = await tx.lock('registers', { id });
  const value = mark();
  if (found === null) {
    await tx.insert('registers', { id, mark: value });
    note({ ...about, mark: value, over: null });
    return;
  }
  const over = textOf(found['mark']);
  if (random.chance(0.15)) {
    await tx.delete('registers', { id });
    note({ ...about, mark: null, over });
  } else {
    await tx.update('registers', { id }, { mark: value });
    note({ ...about, mark: value, over });
  }
}

/**
 * A value that another write was made on top of cannot be the last one; what is there was written; what is gone was
 * deleted by somebody.
 */
function checkRegisters({ databases, writes, strict }: Ending): string[] {
  const wrong: string[] = [];
  if (!strict) return wrong;
  const own = writes.filter((each) => each.family === 'register');
  const rows = new Map(databases.left.rows('registers').map((row: Fields) => [textOf(row['id']), textOf(row['mark'])]));
  for (const key of new Set(own.map((each) => each.key))) {
    const ofKey = own.filter((each) => each.key === key);
    const last = rows.get(key);
    if (last === undefined) {
      if (!ofKey.some((each) => each.mark === null)) wrong.push(`register ${key} is gone and nobody deleted it`);
      continue;
    }
    if (!ofKey.some((each) => each.mark === last)) wrong.push(`register ${key} holds ${last}, which nobody wrote`);
    const successor = ofKey.find((each) => each.over === last);
    if (successor !== undefined) wrong.push(`register ${key} holds ${last}, but ${named(successor)} was made upon it`);
  }
  return wrong;
}

function named({ side, mark }: Write): string {
  return mark === null ? `a delete of the ${side} side` : `${mark} of the ${side} side`;
}
