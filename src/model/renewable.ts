import { TandemError } from './error.ts';

/**
 * One connection at a time, opened when it is needed, and anew when the last one is of no more use. Whoever asks while
 * it opens waits for the same one: a second would be left behind, open, when this is closed.
 */
export class Renewable<Connection> {
  readonly #open: () => Promise<Connection>;
  readonly #isUsable: (connection: Connection) => boolean;
  #current: Connection | null = null;
  #opening: Promise<Connection> | null = null;
  #closed = false;

  constructor(open: () => Promise<Connection>, isUsable: (connection: Connection) => boolean) {
    this.#open = open;
    this.#isUsable = isUsable;
  }

  /** Throws what opening throws, and TD9002 once this is closed. */
  async get(): Promise<Connection> {
    if (this.#closed) throw new TandemError('TD9002', 'a connection was asked of what is closed');
    if (this.#current !== null && this.#isUsable(this.#current)) return this.#current;
    this.#opening ??= this.#renew();
    return this.#opening;
  }

  async #renew(): Promise<Connection> {
    try {
      this.#current = await this.#open();
      return this.#current;
    } finally {
      this.#opening = null;
    }
  }

  /** The last connection, if there was one, for the caller to end; it may be of no more use. */
  async close(): Promise<Connection | null> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    return this.#current;
  }
}
