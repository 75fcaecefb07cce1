import { TandemError } from './error.ts';

/**
 * One connection at a time, opened when it is needed, and anew when the last one is of no more use. Whoever asks while
 * it opens waits for the same one: a second would be left behind, open, when this is closed.
 */
export class Renewable<Connection> {
  readonly #open: () => Promise<Connection>;
  readonly #isUsable: (connection: Connection) => boolean;
  readonly #discard: (connection: Connection) => void;
  #current: Connection | null = null;
  #opening: Promise<Connection> | null = null;
  #closed = false;

  /** `discard`: ends what is of no more use, and all that goes with it. */
  constructor(
    open: () => Promise<Connection>,
    isUsable: (connection: Connection) => boolean,
    discard: (connection: Connection) => void,
  ) {
    this.#open = open;
    this.#isUsable = isUsable;
    this.#discard = discard;
  }

  /** Throws what opening throws, and TD9002 once this is closed. */
  async get(): Promise<Connection> {
    if (this.#closed) throw new TandemError('TD9002', 'a connection was asked of what is closed');
    if (this.#current !== null && this.#isUsable(this.#current)) return this.#current;
    this.#opening ??= this.#renew().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #renew(): Promise<Connection> {
    if (this.#current !== null) this.#discard(this.#current);
    this.#current = null;
    this.#current = await this.#open();
    return this.#current;
  }

  /** The last connection, if there is one, for the caller to end; it may be of no more use. */
  async close(): Promise<Connection | null> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined);
    return this.#current;
  }
}
