import { held, same, type Entry, type Image, type Item, type Restated, type SideIndex, type World } from './world.ts';

/** One of our own transactions while it is composed. Its writes are there at once; its entry comes with the commit. */
export class Transaction {
  readonly #world: World;
  readonly #target: SideIndex;
  readonly #known: number;
  readonly wrote = new Map<number, Image | null>();
  readonly restated: Restated[] = [];
  readonly deferred = new Map<number, number>();

  constructor(world: World, target: SideIndex) {
    this.#world = world;
    this.#target = target;
    this.#known = world.readings[target].at;
  }

  current(id: number): Image | null {
    return this.#world.sites[this.#target].rows.get(id) ?? null;
  }

  /** False where another row holds the natural key. */
  put(id: number, image: Image | null): boolean {
    const { rows, deferred } = this.#world.sites[this.#target];
    if (image === null) rows.delete(id);
    else {
      const holder = this.#world.holder(this.#target, image.natural);
      if (holder !== null && holder !== id) return false;
      rows.set(id, image);
    }
    this.wrote.set(id, image);
    this.deferred.delete(id);
    deferred.delete(id);
    return true;
  }

  /** Writes a decision, if it is not there already. */
  replace(id: number, image: Image | null): boolean {
    return same(this.current(id), image) || this.put(id, image);
  }

  make(image: Image): number {
    const site = this.#world.sites[this.#target];
    const id = site.nextId++;
    site.rows.set(id, image);
    this.wrote.set(id, image);
    return id;
  }

  defer(id: number, position: number): void {
    const { deferred } = this.#world.sites[this.#target];
    if (!deferred.has(id)) deferred.set(id, position);
    if (!this.deferred.has(id)) this.deferred.set(id, position);
  }

  commit(items: readonly Item[]): void {
    const site = this.#world.sites[this.#target];
    const before = held(site);
    const last = items.at(-1);
    const entry: Entry = {
      kind: 'own',
      position: last?.ordinal ?? before?.position ?? 0,
      floor: last?.seen ?? before?.floor ?? 0,
      known: this.#known,
      us: items.reduce((newest, item) => Math.max(newest, item.us), before?.us ?? 0),
      wrote: this.wrote,
      restated: this.restated,
      deferred: this.deferred,
    };
    site.log.push(entry);
  }
}
