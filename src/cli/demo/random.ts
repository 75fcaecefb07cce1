/** Random choices that a seed repeats (mulberry32). */
export interface Random {
  /** 0 <= next() < 1. */
  next(): number;
  /** A whole number below `limit`. */
  below(limit: number): number;
  /** True with that probability. */
  chance(probability: number): boolean;
  /** Any of the items; undefined where there are none. */
  pick<Item>(items: readonly Item[]): Item | undefined;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, chance: (probability) => next() < probability, pick: (items) => items[below(items.length)] };
}
