import { createLoad } from '../../src/cli/demo/load.ts';
import type { SampleSide } from '../../src/cli/demo/database.ts';
import { createContext } from '../../src/engine/context.ts';
import { createSync } from '../../src/engine/sync.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { Declaration } from '../../src/mapping/declaration.ts';
import type { Side } from '../../src/model/policy.ts';
import { createWriters } from '../faults/ledger.ts';
import { declareSoak } from './place.ts';

// One of the soak's processes: the engine, the writers of ledger and registers, or the applications of the sample.

export type Role =
  | { readonly kind: 'engine'; readonly sides: Readonly<Record<Side, SampleSide>> }
  | { readonly kind: 'writers' | 'sample'; readonly sides: Readonly<Record<Side, SampleSide>>; readonly seed: number };

/** What a process says of itself: the engine when it has started, is idle or has ended; writers when they have. */
export type Word =
  | { readonly kind: 'started' }
  | { readonly kind: 'idle'; readonly status: ReturnType<Sync['status']> }
  | { readonly kind: 'ended'; readonly error: string | null }
  | { readonly kind: 'written'; readonly confirmed: Readonly<Record<Side, readonly number[]>> };

const ratePerSecond = 80;
const stop = new AbortController();
let sync: Sync | null = null;

/** Resolves when the word is on its way: an hour's list of rows is long, and is lost where the channel closes first. */
async function say(word: Word): Promise<void> {
  if (process.connected) await new Promise((resolve) => process.send?.(word, resolve));
}

async function play(role: Role): Promise<void> {
  switch (role.kind) {
    case 'engine':
      return runEngine(declareSoak(role.sides));
    case 'writers': {
      const writers = createWriters(role.sides, role.seed);
      await writers.run(stop.signal);
      return say({ kind: 'written', confirmed: writers.confirmed });
    }
    case 'sample': {
      const load = await createLoad({ ...role.sides, seed: role.seed, ratePerSecond });
      return load.run(stop.signal);
    }
  }
}

async function runEngine(declaration: Declaration): Promise<void> {
  using context = createContext({ level: 'warn' });
  sync = await createSync({ declaration, context });
  await say({ kind: 'started' });
  // Asked while it was starting.
  if (stop.signal.aborted) void sync.stop();
  await sync.finished;
}

async function tellWhenIdle(): Promise<void> {
  if (sync === null) return;
  await sync.idle();
  await say({ kind: 'idle', status: sync.status() });
}

export type Order = Role | { readonly kind: 'stop' } | { readonly kind: 'idle' };

/** Whoever started it is gone, killed perhaps: nobody would ever end this one. */
const orphaned = () => process.exit();
process.on('disconnect', orphaned);

process.on('message', (order: Order) => {
  if (order.kind === 'idle') return void tellWhenIdle();
  if (order.kind === 'stop') {
    stop.abort();
    return void sync?.stop();
  }
  play(order)
    .then(() => say({ kind: 'ended', error: null }))
    .catch((thrown: unknown) =>
      say({ kind: 'ended', error: thrown instanceof Error ? thrown.message : String(thrown) }),
    )
    .finally(() => {
      // From here on it has to end by itself: what is left open shows.
      process.off('disconnect', orphaned);
      process.disconnect();
    });
});
