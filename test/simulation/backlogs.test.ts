import { afterEach, expect, test, vi } from 'vitest';
import { createContext } from '../../src/engine/context.ts';
import { Spill } from '../../src/engine/spill.ts';
import type { Side } from '../../src/model/policy.ts';
import { Stage } from './stage.ts';

// What was written while nothing ran is applied as it is read. Were it read to its end first, all of it would go to
// disk.

const transactions = 16;
const rowsEach = 500;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Real time, in which a reader far ahead of its applier slows down. */
const start = (stage: Stage, name: string) => stage.start(name, createContext({ level: 'silent' }));

async function fill(stage: Stage, side: Side): Promise<void> {
  for (let first = 0; first < transactions * rowsEach; first += rowsEach) {
    await stage.write(side, async (tx) => {
      for (let at = first; at < first + rowsEach; at++) await tx.insert('rows', { id: 10 + at, mark: 'backlog' });
    });
  }
}

test.each(['left', 'right'] as const)(
  'a backlog on the %s, behind what the last engine wrote',
  async (side) => {
    const stage = await Stage.open({ limits: { lookAheadRows: 100 } });
    const one = await start(stage, 'one');
    for (const [id, from] of (['left', 'right'] as const).entries()) {
      await stage.write(from, (tx) => tx.insert('rows', { id: id + 1, mark: 'first' }));
      await one.sync.idle();
    }
    await one.sync.stop();
    await fill(stage, side);
    const stored = vi.spyOn(Spill.prototype, 'store');
    const two = await start(stage, 'two');
    await two.sync.idle();
    expect(stage.world.databases.left.rows('rows', {})).toHaveLength(transactions * rowsEach + 2);
    expect(stage.world.databases.right.rows('rows', {})).toHaveLength(transactions * rowsEach + 2);
    expect(stored).not.toHaveBeenCalled();
  },
  60_000,
);
