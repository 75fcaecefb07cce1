/** A bell: whoever waits is woken when it rings. Rings that nobody waits for are not lost. */
export class Notice {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, at once if it rang since the last wait, or after `timeoutMs`; never rejects. */
  async wait(sleep: (ms: number, signal?: AbortSignal) => Promise<void>, timeoutMs?: number): Promise<void> {
    if (!this.#rung) {
      const timer = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const timeout = timeoutMs === undefined ? [] : [sleep(timeoutMs, timer.signal).catch(() => undefined)];
      await Promise.race([rung, ...timeout]);
      timer.abort();
      this.#wake = null;
    }
    this.#rung = false;
  }
}
