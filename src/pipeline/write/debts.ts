import { encodeRow } from '../../model/value.ts';
import { type Dirty, type DirtyRow, dirtyKey, WHOLE_TABLE } from '../lane/dirty.ts';
import type { StateWrites } from './state-writes.ts';

/** What one transaction does to the dirty rows of its target. It becomes true with the commit. */
export class Debts {
  readonly #dirty: Dirty;
  readonly #owed = new Map<string, DirtyRow>();
  readonly #paid = new Map<string, { readonly link: string; readonly sourceKey: string }>();
  readonly #wholes = new Set<string>();
  readonly #paidWholes = new Set<string>();

  constructor(dirty: Dirty) {
    this.#dirty = dirty;
  }

  /** The target is owed the row; the later of two changes counts. */
  owe(row: DirtyRow): void {
    const id = `${row.link}\u0000${row.sourceKey}`;
    this.#owed.set(id, row);
    this.#paid.delete(id);
  }

  oweWhole(link: string): void {
    if (!this.#dirty.isWhole(link)) this.#wholes.add(link);
  }

  /** The row is in the target as the source has it, or is noted elsewhere. */
  pay(link: string, sourceKey: string): void {
    const id = `${link}\u0000${sourceKey}`;
    const isNew = this.#owed.delete(id);
    if (isNew || this.#dirty.isNoted(link, sourceKey)) this.#paid.set(id, { link, sourceKey });
  }

  payWhole(link: string): void {
    this.#paidWholes.add(link);
  }

  /** Row changes that are noted in this transaction. */
  get size(): number {
    return this.#owed.size;
  }

  write(stream: string, states: StateWrites): void {
    for (const { link, sourceKey, key, effectiveUs } of this.#owed.values()) {
      const row = { stream, link, source_key: dirtyKey(sourceKey), row_key: encodeRow(key) };
      if (this.#dirty.isNoted(link, sourceKey)) states.remove('dirty', [stream, link, row.source_key]);
      states.put('dirty', { ...row, effective_us: BigInt(effectiveUs) });
    }
    for (const { link, sourceKey } of this.#paid.values()) states.remove('dirty', [stream, link, dirtyKey(sourceKey)]);
    for (const link of this.#wholes) {
      states.put('dirty', { stream, link, source_key: WHOLE_TABLE, row_key: null, effective_us: 0n });
    }
    for (const link of this.#paidWholes) states.remove('dirty', [stream, link, WHOLE_TABLE]);
  }

  settle(): void {
    for (const row of this.#owed.values()) this.#dirty.add(row);
    for (const { link, sourceKey } of this.#paid.values()) this.#dirty.remove(link, sourceKey);
    for (const link of this.#wholes) this.#dirty.addWhole(link);
    for (const link of this.#paidWholes) this.#dirty.removeWhole(link);
  }
}
