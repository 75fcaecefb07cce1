import type { Target } from '../../model/endpoint.ts';
import type { LinkPlan, TableShape } from '../../model/plan.ts';
import { otherSide, type Side } from '../../model/policy.ts';
import type { Kind, Row, Value } from '../../model/value.ts';

const CACHE_ENTRIES_MAX = 200_000;
const LOOKUP_TUPLES_MAX = 500;

/**
 * The managed key map: which row of one side is which row of the other, for links whose sides generate their own keys.
 * A pair is written in the transaction that creates the counterpart, so it stands in the database where that happened;
 * a look-up is the union of both (correctness 6). Recently used pairs are kept in memory.
 */
export class KeyMap {
  readonly #stores: readonly { readonly target: Target; readonly shape: TableShape }[];
  readonly #cache: Record<Side, Map<string, string>> = { left: new Map(), right: new Map() };

  constructor(stores: readonly { readonly target: Target; readonly shape: TableShape }[]) {
    this.#stores = stores;
  }

  /** The other side's key text for each key text that has a counterpart. */
  async resolve(link: LinkPlan, from: Side, keys: Iterable<string>): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const missing: string[] = [];
    for (const key of keys) {
      const known = this.#recall(link.id, from, key);
      if (known === undefined) missing.push(key);
      else found.set(key, known);
    }
    for (let at = 0; at < missing.length; at += LOOKUP_TUPLES_MAX) {
      await this.#lookUp(link, from, missing.slice(at, at + LOOKUP_TUPLES_MAX), found);
    }
    return found;
  }

  /** The counterpart, where it is known without asking a database. */
  recall(link: string, from: Side, key: string): string | undefined {
    return this.#cache[from].get(`${link}\u0000${key}`);
  }

  /** A pair that was committed, by us or as the log shows. */
  remember(link: string, leftKey: string, rightKey: string): void {
    put(this.#cache.left, `${link}\u0000${leftKey}`, rightKey);
    put(this.#cache.right, `${link}\u0000${rightKey}`, leftKey);
  }

  #recall(link: string, from: Side, key: string): string | undefined {
    const cache = this.#cache[from];
    const id = `${link}\u0000${key}`;
    const value = cache.get(id);
    if (value !== undefined) put(cache, id, value);
    return value;
  }

  async #lookUp(link: LinkPlan, from: Side, keys: readonly string[], found: Map<string, string>): Promise<void> {
    const by = from === 'left' ? 'left_key' : 'right_key';
    const tuples = keys.map((key) => [link.id, key]);
    const answers = await Promise.all(
      this.#stores.map(({ target, shape }) => target.find(shape, [column(shape, 'link'), column(shape, by)], tuples)),
    );
    for (const [at, rows] of answers.entries()) {
      const { shape } = this.#stores[at] as { shape: TableShape };
      for (const row of rows) {
        const [left, right] = [String(row[column(shape, 'left_key')]), String(row[column(shape, 'right_key')])];
        this.remember(link.id, left, right);
        found.set(from === 'left' ? left : right, from === 'left' ? right : left);
      }
    }
  }
}

function put(cache: Map<string, string>, key: string, value: string): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size > CACHE_ENTRIES_MAX) {
    const oldest = cache.keys().next();
    if (oldest.done !== true) cache.delete(oldest.value);
  }
}

function column(shape: TableShape, name: string): number {
  return shape.columns.findIndex((candidate) => candidate.name === name);
}

/** A key text as the key on one side, see keyText. */
export function keyFromText(link: LinkPlan, side: Side, text: string): Row {
  const { key, columns } = link[side];
  const texts = key.length === 1 ? [text] : text.split('\u001f');
  return key.map((at, nth) => valueFromText(columns[at]?.kind ?? 'text', texts[nth] ?? ''));
}

function valueFromText(kind: Kind, text: string): Value {
  switch (kind) {
    case 'int':
    case 'float4':
    case 'float8':
      return Number(text);
    case 'bigint':
      return BigInt(text);
    case 'bool':
      return text === 'true';
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'latin1'));
    default:
      return text;
  }
}

/** Left and right of a pair, given the source's and the target's key text. */
export function orderedPair(
  target: Side,
  sourceKey: string,
  targetKey: string,
): readonly [left: string, right: string] {
  return otherSide(target) === 'left' ? [sourceKey, targetKey] : [targetKey, sourceKey];
}
