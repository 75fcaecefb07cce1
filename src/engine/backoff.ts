import type { Limits } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import { asTandemError, type TandemError } from '../model/error.ts';
import { limitsOf, type RetryDelays, retryDelays } from './limits.ts';

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
  #done = -Infinity;

  constructor(context: Context, delays: RetryDelays, fields: object) {
    this.#context = context;
    this.#delays = delays;
    this.#fields = fields;
  }

  /**
   * `done`: a number that grows with what has been done; an attempt that did a part of its work begins the count anew.
   * Rejects with the signal's reason when it fires.
   */
  async wait(error: TandemError, signal: AbortSignal, done = -Infinity): Promise<void> {
    if (done > this.#done) this.reset();
    this.#done = done;
    const delayMs = delayOf(this.#attempt++, this.#delays, this.#context);
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

function delayOf(attempt: number, { firstMs, lastMs }: RetryDelays, { random }: Context): number {
  const ceiling = Math.min(lastMs, firstMs * 2 ** attempt);
  return Math.ceil(ceiling * (0.5 + random() / 2));
}

/**
 * Tries what a start needs until it works: a server that is down, starting or full comes back. Says so once, again when
 * the reason becomes another, and once when it works. Throws what does not pass by itself, and the signal's reason when
 * it fires.
 */
export async function untilReady<Result>(
  context: Context,
  signal: AbortSignal,
  limits: Limits | undefined,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const delays = retryDelays(limitsOf(limits));
  let reason: string | null = null;
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      const result = await attempt();
      if (failures > 0) context.log.info({ failures }, 'both databases can be used');
      return result;
    } catch (thrown) {
      const error = asTandemError(thrown);
      if (error.class !== 'transient') throw thrown;
      const { code } = error;
      if (code !== reason)
        context.log.warn({ code, at: error.details.at }, `${error.message}; waiting until it is mended`);
      reason = code;
    }
    await context.sleep(delayOf(failures, delays, context), signal);
  }
}
