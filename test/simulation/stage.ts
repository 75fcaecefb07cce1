import { expect, onTestFinished } from 'vitest';
import type { MemoryTransaction } from '../../src/databases/memory/application.ts';
import type { Fields, TableDefinition } from '../../src/databases/memory/definition.ts';
import type { MemoryOptions } from '../../src/databases/memory/store.ts';
import { createContext } from '../../src/engine/context.ts';
import type { Context } from '../../src/model/context.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { Endpoint } from '../../src/model/endpoint.ts';
import type { Side } from '../../src/model/policy.ts';
import { Gates } from './gates.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export const rows: TableDefinition = {
  table: 'rows',
  columns: [
    { name: 'id', kind: 'int' },
    { name: 'mark', kind: 'text' },
    { name: 'own', kind: 'int', nullable: true },
  ],
  key: ['id'],
};
/** The engines' time runs faster than ours, so that nobody waits for their timers. */
const HASTE = 50;
export const links = { rows: { left: 'rows', right: 'rows', columns: { id: 'id', mark: 'mark' } } };
const SIDES: readonly Side[] = ['left', 'right'];

/** A process that runs an engine. */
export interface Process {
  readonly sync: Sync;
  crash(): void;
}

/** Time stands still: nothing is saved or tried again by timer. */
export function timeless(): Context {
  return { ...createContext({ level: 'silent' }), nowMs: () => 0 };
}

function hasty(): Context {
  const context = createContext({ level: 'silent' });
  const began = Date.now();
  return {
    ...context,
    nowMs: () => began + (Date.now() - began) * HASTE,
    sleep: (ms, signal) => context.sleep(ms / HASTE, signal),
  };
}

/** Two databases, of which the left one is home, with clocks that a test may turn. */
export class Stage {
  readonly gates = new Gates();
  readonly clockUs: Record<Side, number> = { left: 1_000_000, right: 1_000_000 };
  readonly world: World;

  private constructor(gates: Gates, clockUs: Record<Side, number>, world: World) {
    [this.gates, this.clockUs, this.world] = [gates, clockUs, world];
  }

  static async open(options: Partial<WorldOptions> = {}, server: Partial<MemoryOptions> = {}): Promise<Stage> {
    const gates = new Gates();
    const clockUs = { left: 1_000_000, right: 1_000_000 };
    const memory = (side: Side) => ({ ...server, yieldPoint: gates.pass, nowUs: () => (clockUs[side] += 1_000) });
    const world = await createWorld({
      tables: { left: [rows], right: [rows] },
      links,
      memory: { left: memory('left'), right: memory('right') },
      ...options,
    });
    return new Stage(gates, clockUs, world);
  }

  async start(name: string, context = hasty()): Promise<Process> {
    const endpoints: Record<Side, Endpoint> = await this.world.open(name, context);
    const sync = await this.world.run(endpoints, context);
    onTestFinished(async () => {
      this.gates.open();
      await sync.stop();
    });
    const crash = (): void => {
      for (const side of SIDES) this.world.databases[side].crash(endpoints[side]);
    };
    return { sync, crash };
  }

  write(side: Side, work: (tx: MemoryTransaction) => Promise<unknown>): Promise<unknown> {
    return this.world.databases[side].transact(work);
  }

  rows(side: Side): readonly Fields[] {
    return this.world.databases[side].rows('rows', { id: 1 }).map(({ id, mark }) => ({ id, mark }) as Fields);
  }

  get both(): readonly (readonly Fields[])[] {
    return SIDES.map((side) => this.rows(side));
  }

  async until(side: Side, expected: readonly Fields[]): Promise<void> {
    await expect.poll(() => this.rows(side), { timeout: 20_000 }).toEqual(expected);
  }
}
