import { afterEach, describe, expect, test, vi } from 'vitest';
import type { MemoryTransaction } from '../../src/databases/memory/application.ts';
import type { Side } from '../../src/model/policy.ts';
import { Lane } from '../../src/pipeline/lane/lane.ts';
import { ask } from './nemesis.ts';
import { links, rows, Stage, timeless } from './stage.ts';

// What an engine must still know of the time before it, arranged step by step. Each holds with the engine as it is, and
// goes wrong where the rule that it is about is taken away.

afterEach(() => {
  vi.restoreAllMocks();
});

const others = { ...rows, table: 'others' };
const twoLanes = {
  tables: { left: [rows, others], right: [rows, others] },
  links: { ...links, others: { ...links.rows, left: 'others', right: 'others' } },
};

/**
 * Home changes a row that it has from the other side, and the engine ends before that is applied. The next one reads
 * home's log from behind the place where the row came, and the other log from before it, because another table group
 * has come less far there.
 */
async function readFromBetween(): Promise<Stage> {
  const stage = await Stage.open(twoLanes);
  const one = await stage.start('one', timeless());
  const add = async (side: Side, table: string, id: number) => {
    await stage.write(side, (tx: MemoryTransaction) => tx.insert(table, { id, mark: 'first' }));
    await one.sync.idle();
  };
  await add('right', 'rows', 1);
  await add('left', 'others', 1);
  await add('left', 'rows', 2);
  await ask(stage.world, 'paused:left->right', 'yes');
  await expect.poll(() => one.sync.status().directions['left->right'].state).toBe('paused');
  await stage.write('left', (tx) => tx.update('rows', { id: 1 }, { mark: 'later' }));
  const { left } = stage.world.databases;
  for (const table of ['rows', 'others']) {
    await stage.write('right', (tx) => tx.insert(table, { id: 9, mark: 'first' }));
    await expect.poll(() => left.rows(table, { id: 9 })).toHaveLength(1);
  }
  one.crash();
  await ask(stage.world, 'paused:left->right', 'no');
  const two = await stage.start('two', timeless());
  await two.sync.idle();
  return stage;
}

const row = (mark: string) => [{ id: 1, mark }];

describe('a change that was made upon what the log before the start told', () => {
  test('has seen it', async () => {
    expect((await readFromBetween()).both).toEqual([row('later'), row('later')]);
  });

  test('is put off for good where only what is read again counts as seen', async () => {
    vi.spyOn(Lane.prototype, 'resume').mockImplementation(() => undefined);
    expect((await readFromBetween()).both).toEqual([row('later'), row('first')]);
  });
});
