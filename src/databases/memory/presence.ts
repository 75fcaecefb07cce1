import type { Presence } from '../../model/endpoint.ts';
import { type Client, connectionLost } from './session.ts';
import type { Store } from './store.ts';

/** The lock of one sync on a memory server; it is gone with the connection of its holder. */
export class MemoryPresence implements Presence {
  readonly #store: Store;
  readonly #client: Client;
  readonly #sync: string;
  readonly #cuts: number;

  constructor(store: Store, client: Client, sync: string) {
    this.#store = store;
    this.#client = client;
    this.#sync = sync;
    this.#cuts = client.cuts;
  }

  get isConnected(): boolean {
    return !this.#client.crashed && this.#client.cuts === this.#cuts;
  }

  async claim(): Promise<boolean> {
    await this.#store.yieldPoint(`${this.#client.label}.claim`);
    if (!this.isConnected) throw connectionLost();
    const holder = this.#store.holders.get(this.#sync);
    if (holder === undefined || !holder.isConnected) this.#store.holders.set(this.#sync, this);
    return this.#store.holders.get(this.#sync) === this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#store.holders.get(this.#sync) === this) this.#store.holders.delete(this.#sync);
  }
}
