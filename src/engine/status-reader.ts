import type { Declaration } from '../mapping/declaration.ts';
import type { Context } from '../model/context.ts';
import { type Endpoints, openEndpoints } from './prepare.ts';
import { prepareOver } from './prepare-run.ts';
import { readStatus, type StoredStatus } from './status.ts';

/** Reads what the databases hold again and again, over connections of its own that are opened when first needed. */
export class StatusReader implements AsyncDisposable {
  readonly #declaration: Declaration;
  readonly #context: Context;
  #endpoints: Endpoints | null = null;

  constructor(declaration: Declaration, context: Context) {
    this.#declaration = declaration;
    this.#context = context;
  }

  /** Throws TandemError; the connections are then opened anew the next time. One call at a time. */
  async read(): Promise<StoredStatus> {
    try {
      this.#endpoints ??= await openEndpoints(this.#declaration, this.#context);
      // Anew each time: tables may have changed since.
      return await readStatus(await prepareOver(this.#endpoints, this.#declaration));
    } catch (thrown) {
      await this[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const endpoints = this.#endpoints;
    this.#endpoints = null;
    await endpoints?.[Symbol.asyncDispose]();
  }
}
