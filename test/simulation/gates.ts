/**
 * The steps of two databases, as a test arranges them by hand. Everything runs freely but what is held; a step is
 * called `database.client.operation`, as the memory database says.
 */
export class Gates {
  readonly #held = new Set<RegExp>();
  #waiting: { readonly name: string; readonly go: () => void }[] = [];
  #watchers: (() => void)[] = [];

  /** The yield point of both databases. */
  readonly pass = (name: string): Promise<void> => {
    if (!this.#isHeld(name)) return Promise.resolve();
    return new Promise((go) => {
      this.#waiting.push({ name, go });
      const watchers = this.#watchers;
      this.#watchers = [];
      for (const look of watchers) look();
    });
  };

  /** Whoever comes to such a step waits until it is released. */
  hold(step: RegExp): void {
    this.#held.add(step);
  }

  release(step: RegExp): void {
    for (const held of this.#held) if (held.source === step.source) this.#held.delete(held);
    const free = this.#waiting.filter(({ name }) => !this.#isHeld(name));
    this.#waiting = this.#waiting.filter(({ name }) => this.#isHeld(name));
    for (const { go } of free) go();
  }

  /** Lets everybody go, for good. */
  open(): void {
    this.#held.clear();
    for (const { go } of this.#waiting.splice(0)) go();
  }

  /** Lets one step be taken; whoever comes next waits. */
  step(step: RegExp): void {
    const at = this.#waiting.findIndex(({ name }) => step.test(name));
    for (const { go } of this.#waiting.splice(at, at < 0 ? 0 : 1)) go();
  }

  /** Resolves when somebody waits at such a step. */
  async reached(step: RegExp): Promise<void> {
    while (!this.#waiting.some(({ name }) => step.test(name)))
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #isHeld(name: string): boolean {
    return [...this.#held].some((step) => step.test(name));
  }
}
