import type { Declaration } from '../src/mapping/declaration.ts';
import { createContext } from '../src/engine/context.ts';
import { prepare } from '../src/engine/prepare.ts';
import { provision } from '../src/engine/provision.ts';
import { createSync } from '../src/engine/sync.ts';
import type { Sync } from '../src/engine/sync-status.ts';

// The engine alone in its process, so that its CPU time and memory are measured without those of the writers.

export type Order =
  | { readonly kind: 'provision'; readonly declaration: Declaration }
  | { readonly kind: 'drain'; readonly declaration: Declaration }
  | { readonly kind: 'halt' }
  | { readonly kind: 'stop' };

export interface Answer {
  /** From createSync until idle; 0 for other orders. */
  readonly ms: number;
  /** User and system time of this process in that span. */
  readonly cpuMicros: number;
  readonly peakRssKb: number;
  readonly rows: number;
  readonly error?: string;
}

const context = createContext({ level: 'warn' });
let sync: Sync | null = null;

async function obey(order: Order): Promise<Answer> {
  const began = performance.now();
  const before = process.cpuUsage();
  switch (order.kind) {
    case 'provision': {
      await using prepared = await prepare(order.declaration, context);
      await provision(prepared, { step: () => undefined, checkpoint: () => undefined });
      return measured(0, before);
    }
    case 'drain': {
      const started = await createSync({ declaration: order.declaration, context });
      sync = started;
      await Promise.race([started.idle(), started.finished]);
      return measured(performance.now() - began, before);
    }
    case 'halt':
      await sync?.stop();
      sync = null;
      return measured(0, before);
    case 'stop':
      await sync?.stop();
      context[Symbol.dispose]();
      return measured(0, before);
  }
}

function measured(ms: number, before: NodeJS.CpuUsage): Answer {
  const { user, system } = process.cpuUsage(before);
  const directions = sync === null ? [] : Object.values(sync.status().directions);
  const rows = directions.reduce((sum, direction) => sum + direction.rows, 0);
  return { ms, cpuMicros: user + system, peakRssKb: process.resourceUsage().maxRSS, rows };
}

process.on('message', (order: Order) => {
  obey(order)
    .catch((error: unknown): Answer => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { ms: 0, cpuMicros: 0, peakRssKb: 0, rows: 0, error: text };
    })
    .then((answer) => process.send?.(answer))
    .then(() => order.kind === 'stop' && process.disconnect())
    .catch(() => process.disconnect());
});
