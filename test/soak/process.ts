import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Role, Word } from './worker.ts';

/** A process of the soak, seen from outside. */
export interface Worker {
  readonly isRunning: boolean;
  /** The first word of that kind, also if it was said before. Throws where the process ends without it. */
  heard<Kind extends Word['kind']>(kind: Kind): Promise<Extract<Word, { readonly kind: Kind }>>;
  ask(order: 'stop' | 'idle'): void;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<unknown>;
  /** Resident memory, megabytes; null where the process has gone. */
  memoryMb(): Promise<number | null>;
}

export function startWorker(role: Role): Worker {
  const script = fileURLToPath(new URL('./worker.js', import.meta.url));
  const child: ChildProcess = fork(script, { serialization: 'advanced' });
  const words: Word[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const each of waiting) each();
  };
  child.on('message', (word: Word) => {
    words.push(word);
    wake();
  });
  child.on('exit', wake);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  child.send(role);
  return {
    get isRunning() {
      return isRunning();
    },
    async heard(kind) {
      for (;;) {
        const word = words.find((each) => each.kind === kind);
        if (word !== undefined) return word as Extract<Word, { readonly kind: typeof kind }>;
        const last = words.find((each) => each.kind === 'ended');
        if (last !== undefined || !isRunning()) throw new Error(`ended before '${kind}': ${last?.error ?? 'killed'}`);
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
        });
      }
    },
    ask(order) {
      if (child.connected) child.send({ kind: order });
    },
    signal: (name) => void child.kill(name),
    ended: once(child, 'exit'),
    async memoryMb() {
      const text = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(text)?.[1];
      return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
    },
  };
}
