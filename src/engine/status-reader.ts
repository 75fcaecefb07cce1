import type { Declaration } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import { prepare, type Prepared } from './prepare.ts';
import { readStatus, type StoredStatus } from './status.ts';

/** Reads what the databases hold again and again, over connections of its own that are opened when first needed. */
export class StatusReader implements AsyncDisposable {
  readonly #declaration: Declaration;
  readonly #context: Context;
  #prepared: Prepared | null = null;

  constructor(declaration: Declaration, context: Context) {
    this.#declaration = declaration;
    this.#context = context;
  }

  /** Throws TandemError; the connections are then opened anew the next time. One call at a time. */
  async read(): Promise<StoredStatus> {
    try {
      this.#prepared ??= await prepare(this.#declaration, this.#context);
      return await readStatus(this.#prepared);
    } catch (thrown) {
      await this[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = null;
    await prepared?.[Symbol.asyncDispose]();
  }
}
