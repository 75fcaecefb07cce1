import type { Context } from '../model/context.ts';

/** A bell: whoever waits is woken when it rings. Rings that nobody waits for are not lost. */
export class Notice {
  readonly #context: Pick<Context, 'nowMs' | 'sleep'>;
  readonly #over = new AbortController();
  #rung = false;
  #wake: (() => void) | null = null;
  /** When the timers go off that are set, the earliest last: another one is set only where it is earlier still. */
  #duesMs: readonly number[] = [];

  constructor(context: Pick<Context, 'nowMs' | 'sleep'>) {
    this.#context = context;
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /**
   * Resolves at the next ring, at once if it rang since the last wait, and after `timeoutMs` at the latest. May resolve
   * for no reason: a timer is left running when the bell rings before it, because to cancel one for each transaction
   * costs more than to be woken once too often.
   */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#rung) {
      this.#setTimer(timeoutMs);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    this.#rung = false;
  }

  /** Lets go of the timers. Nobody may wait any more. */
  close(): void {
    this.#over.abort();
  }

  #setTimer(timeoutMs: number): void {
    const dueMs = this.#context.nowMs() + timeoutMs;
    if ((this.#duesMs.at(-1) ?? Infinity) <= dueMs) return;
    this.#duesMs = [...this.#duesMs, dueMs];
    const expire = () => {
      this.#duesMs = this.#duesMs.filter((each) => each !== dueMs);
      this.#wake?.();
    };
    void this.#context.sleep(timeoutMs, this.#over.signal).then(expire, () => undefined);
  }
}
