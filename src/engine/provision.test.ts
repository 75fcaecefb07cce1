import { describe, expect, it } from 'vitest';
import type { MemoryDatabase } from '../databases/memory/server.ts';
import { createMemoryDatabase } from '../databases/memory/server.ts';
import type { Fault } from '../databases/memory/store.ts';
import type { Declaration } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import type { Side } from '../model/policy.ts';
import { compileOver, pairOf, type Prepared } from './prepare.ts';
import { deprovision, isPending, pendingSteps, provision } from './provision.ts';
import { readStatus } from './status.ts';

const context: Context = {
  nowMs: () => 0,
  random: () => 0,
  sleep: () => Promise.resolve(),
  log: { debug() {}, info() {}, warn() {}, error() {} },
  spillFolder: '',
};

const quiet = { step() {}, checkpoint() {} };

class World {
  readonly left: MemoryDatabase;
  readonly right: MemoryDatabase;
  /** The operation of either side, counted down to 1, that fails, and how. */
  bad: { in: number; readonly how: Fault } | null = null;

  constructor() {
    this.left = this.#create('left', true);
    this.right = this.#create('right', false);
  }

  #create(name: string, slots: boolean): MemoryDatabase {
    const database = createMemoryDatabase({ name, slots, fault: () => this.#fault() });
    for (const table of ['users', 'notes']) {
      database.createTable({ table, columns: [{ name: 'id', kind: 'int' }], key: ['id'] });
    }
    return database;
  }

  #fault(): Fault | null {
    if (this.bad === null) return null;
    this.bad.in -= 1;
    return this.bad.in === 0 ? this.bad.how : null;
  }

  async prepare(links: readonly string[], name = 'shop', rightDatabase = this.right): Promise<Prepared> {
    const declaration: Declaration = {
      name,
      left: { engine: 'postgres', url: 'memory:left' },
      right: { engine: 'mysql', url: 'memory:right' },
      home: 'left',
      defaults: {},
      links: Object.fromEntries(
        links.map((table) => [table, { left: table, right: table, columns: { id: 'id' }, keys: 'shared' }]),
      ),
    };
    const options = (side: Side) => ({ url: `memory:${side}`, label: side, side, sync: name, stateSchema: 'tandem' });
    const left = await this.left.open(options('left'), context);
    const right = await rightDatabase.open(options('right'), context);
    const prepared = await compileOver(pairOf(left, right), declaration);
    expect(prepared.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    return prepared;
  }

  async write(side: 'left' | 'right', id: number): Promise<void> {
    await this[side].transact((transaction) => transaction.insert('users', { id }));
  }
}

describe('provision', () => {
  it('makes everything that pendingSteps names, and nothing the second time', async () => {
    const world = new World();
    await using prepared = await world.prepare(['users', 'notes']);
    const pending = await pendingSteps(prepared);
    expect(pending.steps.left.at(-1)?.sql).toBe('create slot shop');
    expect(pending.checkpoints).toHaveLength(4);
    await provision(prepared, quiet);
    expect(isPending(await pendingSteps(prepared))).toBe(false);
    const before = await readStatus(prepared);
    await provision(prepared, { step: () => expect.unreachable(), checkpoint: () => expect.unreachable() });
    expect(await readStatus(prepared)).toEqual(before);
  });

  it('begins where the slot was made, though the log has gone on since', async () => {
    const world = new World();
    await using prepared = await world.prepare(['users']);
    for (const step of await prepared.left.missing([])) await prepared.left.run(step);
    const slotAt = await prepared.left.firstPosition();
    await world.write('left', 1);
    await provision(prepared, quiet);
    const status = await readStatus(prepared);
    expect(status.directions['left->right'].lanes[0]?.position).toBe(slotAt);
    expect(status.directions['left->right'].lanes[0]?.behind?.amount).toBeGreaterThan(0);
  });

  it('begins a link that is added later at the end of both logs', async () => {
    const world = new World();
    await using first = await world.prepare(['users']);
    await provision(first, quiet);
    await world.write('left', 1);
    await world.write('right', 2);
    await using second = await world.prepare(['users', 'notes']);
    await provision(second, quiet);
    const { directions } = await readStatus(second);
    for (const [stream, side] of [
      ['left->right', 'left'],
      ['right->left', 'right'],
    ] as const) {
      const notes = directions[stream].lanes.find(({ lane }) => lane === 'notes');
      const users = directions[stream].lanes.find(({ lane }) => lane === 'users');
      expect(users?.behind?.amount).toBeGreaterThan(notes?.behind?.amount ?? Infinity);
      const behindNow = await second[side].behind(await second[side].logEnd());
      // What the seeding itself wrote is in the log too.
      expect(notes?.behind?.amount).toBeLessThanOrEqual(behindNow.amount + 4);
    }
  });

  it.each<Fault>(['before', 'after', 'lost'])('completes after a failure %s any operation', async (how) => {
    for (let at = 1; ; at += 1) {
      const world = new World();
      await using prepared = await world.prepare(['users', 'notes']);
      const bad = { in: at, how };
      world.bad = bad;
      await provision(prepared, quiet).catch(() => {});
      world.bad = null;
      if (bad.in > 0) return expect(at).toBeGreaterThan(30);
      await provision(prepared, quiet);
      expect(isPending(await pendingSteps(prepared))).toBe(false);
      expect((await readStatus(prepared)).applied).toBe(true);
    }
  });

  it('does not make a lost slot anew, which would hide the gap', async () => {
    const world = new World();
    await using prepared = await world.prepare(['users']);
    await provision(prepared, quiet);
    world.left.dropSlot('shop');
    await expect(provision(prepared, quiet)).rejects.toMatchObject({ code: 'TD6001' });
    expect((await pendingSteps(prepared)).steps.left.map(({ sql }) => sql)).toEqual(['create slot shop']);
  });

  it('keeps away from the state tables of another sync', async () => {
    const world = new World();
    await using first = await world.prepare(['users']);
    await provision(first, quiet);
    await using second = await world.prepare(['notes'], 'other');
    await expect(pendingSteps(second)).rejects.toMatchObject({ code: 'TD5017' });
    await expect(provision(second, quiet)).rejects.toMatchObject({
      code: 'TD5017',
      details: { found: 'the state tables of the left side of shop' },
    });
  });

  it('removes nothing of another sync', async () => {
    const world = new World();
    await using first = await world.prepare(['users']);
    await provision(first, quiet);
    await using second = await world.prepare(['notes'], 'other');
    await expect(deprovision(second, () => expect.unreachable())).rejects.toMatchObject({ code: 'TD5017' });
    expect(isPending(await pendingSteps(first))).toBe(false);
  });

  it('keeps both sides of one sync apart where they share a schema', async () => {
    const world = new World();
    const { left } = world;
    await using prepared = await world.prepare(['users'], 'shop', left);
    await expect(provision(prepared, quiet)).rejects.toMatchObject({
      code: 'TD5017',
      details: { found: 'the state tables of the left side of shop' },
    });
  });

  it('is undone by deprovision', async () => {
    const world = new World();
    await using prepared = await world.prepare(['users']);
    const before = await pendingSteps(prepared);
    await provision(prepared, quiet);
    await deprovision(prepared, () => {});
    expect(await pendingSteps(prepared)).toEqual(before);
    await deprovision(prepared, () => expect.unreachable());
  });
});

describe('readStatus', () => {
  it('knows a sync that was never applied', async () => {
    await using prepared = await new World().prepare(['users']);
    const status = await readStatus(prepared);
    expect(status.applied).toBe(false);
    expect(status.directions['left->right']).toEqual({ paused: false, lanes: [], deferred: 0, parked: 0 });
  });

  it('says which log cannot be read on', async () => {
    const world = new World();
    await using prepared = await world.prepare(['users']);
    await provision(prepared, quiet);
    world.left.dropSlot('shop');
    const { directions } = await readStatus(prepared);
    expect(directions['left->right'].lanes[0]).toMatchObject({ behind: null, broken: { code: 'TD6001' } });
    expect(directions['right->left'].lanes[0]?.broken).toBeNull();
  });
});
