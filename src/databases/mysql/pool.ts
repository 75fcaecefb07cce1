import type { ConnectionOptions } from 'mysql2';
import { TandemError } from '../../model/error.ts';
import { openReader } from './connect.ts';
import type { Session } from './session.ts';

const sessionsMax = 3;

/** A few sessions for an endpoint's own questions. They are opened when needed; broken ones are not kept. */
export class Pool implements AsyncDisposable {
  readonly #connection: ConnectionOptions;
  readonly #idle: Session[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #closed = false;

  constructor(connection: ConnectionOptions) {
    this.#connection = connection;
  }

  /** Lends a session for the time of `work`; waits while all are lent. */
  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    while (this.#busy >= sessionsMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#closed) throw new TandemError('TD9002', 'an endpoint was used after it was closed');
    this.#busy += 1;
    try {
      const session = this.#takeIdle() ?? (await openReader(this.#connection));
      try {
        return await work(session);
      } finally {
        await this.#giveBack(session);
      }
    } finally {
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  #takeIdle(): Session | undefined {
    for (;;) {
      const session = this.#idle.pop();
      if (session === undefined || !session.broken) return session;
      session.destroy();
    }
  }

  async #giveBack(session: Session): Promise<void> {
    if (session.broken) session.destroy();
    else if (this.#closed) await session[Symbol.asyncDispose]();
    else this.#idle.push(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((session) => session[Symbol.asyncDispose]()));
  }
}
