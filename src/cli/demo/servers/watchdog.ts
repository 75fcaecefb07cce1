// A program of its own, started by guard.ts. It reads what to guard from its standard input, one JSON object a line.
// The input ends when the process at its other end is gone, whatever ended it: then everything still guarded is
// cleared away.

import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { removeContainer } from './docker.ts';
import { isAlive, sendSignal } from './process.ts';

/** Something that must not outlive the process that started it. */
export interface Guarded {
  readonly kind: 'process' | 'folder' | 'container';
  /** Process id, path, or container name. */
  readonly id: string;
  /** The signal that ends the process at once; SIGKILL follows when it is not enough. */
  readonly signal?: NodeJS.Signals;
}

const graceMs = 5_000;

async function main(): Promise<void> {
  const guarded = new Map<string, Guarded>();
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line) as { add?: Guarded; remove?: Guarded };
    if (message.add !== undefined) guarded.set(keyOf(message.add), message.add);
    if (message.remove !== undefined) guarded.delete(keyOf(message.remove));
  }
  const all = [...guarded.values()];
  await Promise.all(all.filter((one) => one.kind === 'process').map(endProcess));
  for (const one of all) if (one.kind === 'container') removeContainer(one.id);
  for (const one of all) if (one.kind === 'folder') await rm(one.id, { recursive: true, force: true, maxRetries: 5 });
}

function keyOf(one: Guarded): string {
  return `${one.kind} ${one.id}`;
}

async function endProcess(one: Guarded): Promise<void> {
  const pid = Number(one.id);
  sendSignal(pid, one.signal ?? 'SIGKILL');
  const deadline = Date.now() + graceMs;
  while ((await isAlive(pid)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  sendSignal(-pid, 'SIGKILL');
}

await main();
