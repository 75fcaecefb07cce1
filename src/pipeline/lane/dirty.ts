import { hashText } from '../../arbiter/hash.ts';
import type { Row } from '../../model/value.ts';

/** A row that changed while its table group was stopped. */
export interface DirtyRow {
  readonly link: string;
  /** Key text and key at the source. */
  readonly sourceKey: string;
  readonly key: Row;
  /** Hybrid time of its last change, microseconds since 1970. */
  readonly effectiveUs: number;
}

/** The key text that stands for every row of a link in the dirty table; no row has it, because no key is so spelt. */
export const WHOLE_TABLE = '\u0001all';

const KEY_LENGTH_MAX = 150;

/** A key text as a state table can hold it, and told from all others there. Most keys stay as they are. */
export function dirtyKey(text: string): string {
  const isPlain = text.length <= KEY_LENGTH_MAX && !text.endsWith(' ') && !text.includes('\u0000');
  if (isPlain) return text;
  return `${text.slice(0, KEY_LENGTH_MAX).replaceAll('\u0000', '').trimEnd()}~${hashText(0, text).toString(36)}`;
}

/**
 * What one side is owed since its table group stopped: keys of rows of the other side, or whole tables where there are
 * too many of them. Holds what the dirty table of that side holds.
 */
export class Dirty {
  readonly #links = new Map<string, Map<string, DirtyRow>>();
  readonly #whole = new Set<string>();
  #rows = 0;

  /** Individual rows; see {@link wholes}. */
  get size(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#rows === 0 && this.#whole.size === 0;
  }

  get wholes(): readonly string[] {
    return [...this.#whole];
  }

  has(link: string, sourceKey: string): boolean {
    if (this.isEmpty) return false;
    return this.#whole.has(link) || this.#links.get(link)?.has(sourceKey) === true;
  }

  isNoted(link: string, sourceKey: string): boolean {
    return this.#links.get(link)?.has(sourceKey) === true;
  }

  /** When the row changed last; 0 where that is not known. */
  effectiveUs(link: string, sourceKey: string): number {
    return this.#links.get(link)?.get(sourceKey)?.effectiveUs ?? 0;
  }

  sizeOf(link: string): number {
    return this.#links.get(link)?.size ?? 0;
  }

  isWhole(link: string): boolean {
    return this.#whole.has(link);
  }

  rowsOf(link: string): IterableIterator<DirtyRow> {
    return (this.#links.get(link) ?? new Map<string, DirtyRow>()).values();
  }

  add(row: DirtyRow): void {
    let rows = this.#links.get(row.link);
    if (rows === undefined) {
      rows = new Map();
      this.#links.set(row.link, rows);
    }
    if (!rows.has(row.sourceKey)) this.#rows++;
    rows.set(row.sourceKey, row);
  }

  remove(link: string, sourceKey: string): void {
    if (this.#links.get(link)?.delete(sourceKey) === true) this.#rows--;
  }

  addWhole(link: string): void {
    this.#whole.add(link);
  }

  removeWhole(link: string): void {
    this.#whole.delete(link);
  }
}
