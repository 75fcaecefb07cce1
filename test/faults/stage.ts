import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import type { Sync } from '../../src/engine/sync-status.ts';
import type { Side } from '../../src/model/policy.ts';
import { openSamplePair, type PairOptions, type SamplePair, silence } from '../sample-pair.ts';
import type { TandemProcess } from '../sample-process.ts';
import { auditLedger, countArrived, ledgerLinks, ledgerTables, type Writers } from './ledger.ts';

const patience = { timeoutMs: 150_000, intervalMs: 20 };

/** The sample with ledger and registers beside it. */
export function openFaultPair(servers: Readonly<Record<Side, Server>>, options: PairOptions = {}): Promise<SamplePair> {
  return openSamplePair(servers, {
    ...options,
    async prepare(connections) {
      for (const side of ['left', 'right'] as const) {
        for (const sql of ledgerTables(connections[side].engine)) await connections[side].execute(sql);
      }
      await options.prepare?.(connections);
    },
    declare(declaration) {
      const links = { ...declaration.links, ...ledgerLinks(declaration) };
      return (options.declare ?? ((given) => given))({ ...declaration, links });
    },
  });
}

/** Resolves once so many more rows have arrived on both sides. Throws at once where the process that does it ends. */
export async function progress({ connections }: SamplePair, rows = 1, engine?: TandemProcess): Promise<void> {
  const arrived = async () => [await countArrived(connections.left), await countArrived(connections.right)] as const;
  const [left, right] = await arrived();
  const deadline = performance.now() + patience.timeoutMs;
  for (;;) {
    const now = await arrived();
    if (now[0] >= left + rows && now[1] >= right + rows) return;
    const late = performance.now() > deadline;
    if (late || engine?.hasEnded === true) {
      const found = `${now[0] - left} rows came to the left and ${now[1] - right} to the right`;
      throw new Error(`${late ? 'nothing moves' : 'the engine has ended'}: ${found}\n${engine?.talk() ?? ''}`);
    }
    await sleep(patience.intervalMs);
  }
}

/** Everything that must hold after any fault: silence, equal sides, nothing owed, every ledger row exactly once. */
export async function expectInStep(pair: SamplePair, sync: Sync, writers: Writers): Promise<void> {
  await silence(pair, sync);
  expect(await auditLedger(pair.connections, writers)).toEqual([]);
  const { differences } = await pair.compare();
  expect(differences).toEqual([]);
  for (const side of ['left', 'right'] as const) {
    const { stateSchema } = pair.declaration[side];
    expect(await pair.connections[side].query(`SELECT link, code FROM ${stateSchema}.parked`)).toEqual([]);
  }
}

/** Whoever writes until he is told to stop. */
export interface Busy {
  run(signal: AbortSignal): Promise<void>;
}

/** Runs `work` while applications write, and lets them finish what they have begun. */
export async function whileWriting(work: () => Promise<void>, ...busy: readonly Busy[]): Promise<void> {
  const stop = new AbortController();
  const writing = Promise.all(busy.map((each) => each.run(stop.signal)));
  writing.catch(() => undefined);
  try {
    await work();
  } finally {
    stop.abort();
    await writing;
  }
}
