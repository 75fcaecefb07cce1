import type { Context } from '../model/context.ts';
import type { TandemError } from '../model/error.ts';
import type { RetryDelays } from './limits.ts';

/**
 * Is this to be tried again for as long as it takes? Rights that are revoked while a sync runs come back, too: whoever
 * took them away sees the alarm, and nothing is lost meanwhile (correctness 13, row 51).
 */
export function isWorthRetrying(error: TandemError): boolean {
  return error.class === 'transient' || error.code === 'TD4002' || error.code === 'TD4003' || error.code === 'TD4004';
}

/**
 * Waits between attempts: exponential with full jitter (so that many clients of one server do not come back together),
 * and a log line whose level grows with the delay, so that noise means that the problem persists.
 */
export class Backoff {
  readonly #context: Context;
  readonly #delays: RetryDelays;
  readonly #fields: object;
  #attempt = 0;

  constructor(context: Context, delays: RetryDelays, fields: object) {
    this.#context = context;
    this.#delays = delays;
    this.#fields = fields;
  }

  /** Rejects with the signal's reason when it fires. */
  async wait(error: TandemError, signal: AbortSignal): Promise<void> {
    const ceiling = Math.min(this.#delays.lastMs, this.#delays.firstMs * 2 ** this.#attempt++);
    const delayMs = Math.ceil(ceiling * (0.5 + this.#context.random() / 2));
    const fields = { ...this.#fields, code: error.code, attempt: this.#attempt, delayMs, at: error.details.at };
    const level = delayMs < 1_000 ? 'info' : delayMs < 7_000 ? 'warn' : 'error';
    this.#context.log[level](fields, `${error.message}; trying again`);
    await this.#context.sleep(delayMs, signal);
  }

  /** An attempt succeeded. Says so once, if there was trouble before. */
  reset(): void {
    if (this.#attempt > 0)
      this.#context.log.info({ ...this.#fields, attempts: this.#attempt }, 'went on after retries');
    this.#attempt = 0;
  }
}
