import type { Context } from '../model/context.ts';
import type { Endpoint, Presence } from '../model/endpoint.ts';
import { STREAMS } from './stations.ts';

/** How often a standby looks, and how often who runs shows that he does. */
const LOOK_MS = 1_000;
const SHOW_MS = 3_000;

/**
 * One engine among those of a sync: it holds the lock in the left database while it runs, or waits for it. The lock
 * only elects. Whoever starts without waiting takes over all the same, and the epochs see to it that one alone
 * writes.
 */
export class Candidate implements AsyncDisposable {
  readonly #open: () => Promise<Endpoint>;
  readonly #context: Context;
  #endpoint: Endpoint | null = null;
  #presence: Presence | null = null;

  /** `open`: the left side, once more. */
  constructor(open: () => Promise<Endpoint>, context: Context) {
    this.#open = open;
    this.#context = context;
  }

  /**
   * Resolves when nobody runs the sync: the lock was free, and nobody took over meanwhile. Throws what the database
   * throws, and the signal's reason.
   */
  async waitForTurn(signal: AbortSignal): Promise<void> {
    const { log, sleep } = this.#context;
    try {
      for (let looks = 0; ; looks += 1) {
        const before = await this.#epochs();
        await sleep(LOOK_MS, signal);
        if (await this.#claim()) {
          if ((await this.#epochs()) === before) return this.#sayTurn(looks);
          // Somebody started without waiting, and is to have the lock.
          await this.#letGo();
        }
        if (looks === 0) log.info({}, 'standing by: another engine runs this sync');
      }
    } catch (thrown) {
      await this[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Holds the lock, or takes it once it is free, until the signal fires. To be without it stops nobody. */
  async attend(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#claim().catch(() => this.#letGo());
      await this.#context.sleep(SHOW_MS, signal).catch(() => undefined);
    }
    await this[Symbol.asyncDispose]();
  }

  #sayTurn(looks: number): void {
    this.#context.log.info({}, looks === 0 ? 'nobody runs this sync' : 'the other engine is gone; taking over');
  }

  async #claim(): Promise<boolean> {
    this.#endpoint ??= await this.#open();
    this.#presence ??= await this.#endpoint.presence();
    return this.#presence.claim();
  }

  /** The epochs of the lanes that are written here: they grow whenever an engine takes over. */
  async #epochs(): Promise<string> {
    this.#endpoint ??= await this.#open();
    const { checkpoint } = this.#endpoint.state;
    const at = (name: string) => checkpoint.columns.findIndex((column) => column.name === name);
    await using target = await this.#endpoint.target();
    const rows = await target.find(
      checkpoint,
      [at('stream')],
      STREAMS.map((stream) => [stream]),
    );
    return rows
      .map((row) => `${String(row[at('lane')])} ${String(row[at('epoch')])}`)
      .toSorted()
      .join('\n');
  }

  async #letGo(): Promise<void> {
    const presence = this.#presence;
    this.#presence = null;
    await presence?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#letGo();
    const endpoint = this.#endpoint;
    this.#endpoint = null;
    await endpoint?.[Symbol.asyncDispose]();
  }
}
