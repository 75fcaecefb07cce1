import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Declaration } from '../src/mapping/declaration.ts';
import type { Answer, Order } from './engine.ts';

export interface EngineProcess extends AsyncDisposable {
  provision(): Promise<Answer>;
  /** Starts the sync and resolves when it has caught up; it then runs on until disposal. */
  drain(): Promise<Answer>;
  /** Stops the sync; the process stays. */
  halt(): Promise<Answer>;
}

export function startEngine(declaration: Declaration): EngineProcess {
  const script = fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? './engine.ts' : './engine.js', import.meta.url),
  );
  const child = fork(script, { serialization: 'advanced' });
  async function send(order: Order): Promise<Answer> {
    const over = new AbortController();
    try {
      const answered = once(child, 'message', { signal: over.signal }) as Promise<[Answer]>;
      const died = once(child, 'exit', { signal: over.signal }).then((): never => {
        throw new Error('the engine process ended');
      });
      child.send(order);
      const [answer] = await Promise.race([answered, died]);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    } finally {
      over.abort();
    }
  }
  return {
    provision: () => send({ kind: 'provision', declaration }),
    drain: () => send({ kind: 'drain', declaration }),
    halt: () => send({ kind: 'halt' }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      await send({ kind: 'stop' }).catch(() => child.kill('SIGKILL'));
      await exited;
    },
  };
}
