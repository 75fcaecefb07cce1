import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { LinkPlan } from '../model/plan.ts';
import type { LaneItem, LinkedChange, Unread } from '../pipeline/lane/linked.ts';
import type { Spill, SpillFile } from './spill.ts';

/** What goes into each file that spills from a queue's tail: little, so that what is read back dies young. */
const SEGMENT_ROWS = 4_000;
const SEGMENT_BYTES = 4 * 1024 * 1024;

/** Places of taken items that are kept before they are cleared away. */
const TAKEN_MIN = 64;

type StoredChange = Omit<LinkedChange, 'link'> & { readonly link: number };
interface StoredItem extends Omit<LaneItem, 'changes' | 'unread'> {
  readonly changes: readonly StoredChange[];
  readonly unread: readonly StoredUnread[];
}
type StoredUnread = Omit<Unread, 'link'> & { readonly link: number };

/** A file of the queue's tail. */
interface Segment extends Size {
  readonly file: SpillFile;
}

/** Row changes, and about what they take in the log. */
export interface Size {
  rows: number;
  bytes: number;
}

export interface QueueOptions {
  readonly links: readonly LinkPlan[];
  /** This queue's own; made when the first file is. */
  readonly folder: () => string;
  readonly spill: Spill;
  /** What stays in memory at most; an item is never divided. */
  readonly memoryMax: Readonly<Size>;
}

/**
 * What a reader has read and an applier has not applied yet, in order. A reader never waits for an applier, so beyond a
 * bound in memory the queue goes to disk. Nothing here must survive a crash: the log holds it all.
 */
export class ItemQueue {
  readonly #options: QueueOptions;
  /** Null where an item was taken: nothing may hold on to it, as the head of a busy queue is never used up. */
  #head: (LaneItem | null)[] = [];
  #next = 0;
  #inHead: Size = { rows: 0, bytes: 0 };
  #tail: LaneItem[] = [];
  #inTail: Size = { rows: 0, bytes: 0 };
  readonly #segments: Segment[] = [];
  #made = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#head.length && this.#segments.length === 0 && this.#tail.length === 0;
  }

  get rows(): number {
    return this.#inHead.rows + this.#inTail.rows + this.#segments.reduce((sum, segment) => sum + segment.rows, 0);
  }

  /** About what the changes took in the log, wherever they are kept. */
  get bytes(): number {
    return this.#inHead.bytes + this.#inTail.bytes + this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Is a part of it on disk, or on its way there? */
  get isSpilled(): boolean {
    return this.#segments.length > 0;
  }

  /** The oldest item, if it is in memory (it is, unless the head has just been used up). */
  peek(): LaneItem | null {
    return this.#head[this.#next] ?? (this.#segments.length === 0 ? (this.#tail[0] ?? null) : null);
  }

  /** Adds an item. */
  push(item: LaneItem): void {
    const { memoryMax } = this.#options;
    const isRoom = this.#inHead.rows < memoryMax.rows && this.#inHead.bytes < memoryMax.bytes;
    if (this.#segments.length === 0 && this.#tail.length === 0 && isRoom) {
      this.#head.push(item);
      grow(this.#inHead, item);
      return;
    }
    this.#tail.push(item);
    grow(this.#inTail, item);
    if (this.#inTail.rows >= SEGMENT_ROWS || this.#inTail.bytes >= SEGMENT_BYTES) this.#spill();
  }

  /**
   * What to wait for so that memory stays bounded while the disk is slower than the log; null where there is nothing.
   */
  get backlog(): Promise<void> | null {
    return this.#segments.at(-2)?.file.written ?? null;
  }

  /** Items in order while `accept` says yes, up to about `max`; at least one if any is accepted. */
  async take(max: Readonly<Size>, accept: (item: LaneItem) => boolean): Promise<LaneItem[]> {
    const taken: LaneItem[] = [];
    const size: Size = { rows: 0, bytes: 0 };
    for (;;) {
      if (this.#next >= this.#head.length && !(await this.#refill())) return taken;
      const item = this.#head[this.#next] as LaneItem;
      if (!accept(item)) return taken;
      const isRoom = size.rows + item.changes.length <= max.rows && size.bytes + item.bytes <= max.bytes;
      if (taken.length > 0 && !isRoom) return taken;
      this.#drop(item);
      grow(size, item);
      taken.push(item);
    }
  }

  #drop({ changes, bytes }: LaneItem): void {
    this.#inHead.rows -= changes.length;
    this.#inHead.bytes -= bytes;
    this.#head[this.#next++] = null;
    if (this.#next < TAKEN_MIN || this.#next * 2 < this.#head.length) return;
    this.#head = this.#head.slice(this.#next);
    this.#next = 0;
  }

  #spill(): void {
    const path = join(this.#options.folder(), `${this.#made++}`);
    const content = serialize(this.#tail.map((item) => this.#store(item)));
    this.#segments.push({ ...this.#inTail, file: this.#options.spill.store(path, content) });
    this.#tail = [];
    this.#inTail = { rows: 0, bytes: 0 };
  }

  async #refill(): Promise<boolean> {
    const segment = this.#segments[0];
    if (segment === undefined) {
      this.#next = 0;
      [this.#head, this.#inHead, this.#tail, this.#inTail] = [this.#tail, this.#inTail, [], { rows: 0, bytes: 0 }];
      return this.#head.length > 0;
    }
    const content = await segment.file.take();
    this.#segments.shift();
    this.#next = 0;
    this.#head = (deserialize(content) as StoredItem[]).map((item) => this.#restore(item));
    this.#inHead = { rows: segment.rows, bytes: segment.bytes };
    return true;
  }

  #store(item: LaneItem): StoredItem {
    const { links } = this.#options;
    return {
      ...item,
      changes: item.changes.map((change) => ({ ...change, link: links.indexOf(change.link) })),
      unread: item.unread.map(({ link, key }) => ({ link: links.indexOf(link), key })),
    };
  }

  #restore(item: StoredItem): LaneItem {
    const { links } = this.#options;
    return {
      ...item,
      changes: item.changes.map((change) => ({ ...change, link: links[change.link] as LinkPlan })),
      unread: item.unread.map(({ link, key }) => ({ link: links[link] as LinkPlan, key })),
    };
  }
}

function grow(size: Size, { changes, bytes }: LaneItem): void {
  size.rows += changes.length;
  size.bytes += bytes;
}
