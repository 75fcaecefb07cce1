import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { LinkPlan } from '../model/plan.ts';
import type { LaneItem, LinkedChange } from '../pipeline/linked.ts';

/** Row changes in each file that spills from a queue's tail: few, so that what is read back dies young. */
const SEGMENT_ROWS = 4_000;

type StoredChange = Omit<LinkedChange, 'link'> & { readonly link: number };
type StoredItem = Omit<LaneItem, 'changes'> & { readonly changes: readonly StoredChange[] };

/** A file of the queue's tail; `written` is null once the disk has it. */
interface Segment {
  readonly file: string;
  written: Promise<void> | null;
  readonly rows: number;
}

/**
 * What a reader has read and an applier has not applied yet, in order. A reader never waits for an applier, so beyond a
 * bound in memory the queue goes to disk. Nothing here must survive a crash: the log holds it all.
 */
export class ItemQueue {
  readonly #links: readonly LinkPlan[];
  readonly #folder: string;
  readonly #headRowsMax: number;
  #head: LaneItem[] = [];
  #next = 0;
  #headRows = 0;
  #tail: LaneItem[] = [];
  #tailRows = 0;
  readonly #segments: Segment[] = [];
  #made = 0;

  /** `folder` is this queue's own, made when the first file is; `headRowsMax` row changes stay in memory. */
  constructor(links: readonly LinkPlan[], folder: string, headRowsMax: number) {
    this.#headRowsMax = headRowsMax;
    this.#links = links;
    this.#folder = folder;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#head.length && this.#segments.length === 0 && this.#tail.length === 0;
  }

  get rows(): number {
    return this.#headRows + this.#tailRows + this.#segments.reduce((sum, segment) => sum + segment.rows, 0);
  }

  /** The oldest item, if it is in memory (it is, unless the head has just been used up). */
  peek(): LaneItem | null {
    return this.#head[this.#next] ?? (this.#segments.length === 0 ? (this.#tail[0] ?? null) : null);
  }

  /** Adds an item. Resolves at once, or when a file was handed to the disk. */
  push(item: LaneItem): void {
    if (this.#segments.length === 0 && this.#tail.length === 0 && this.#headRows < this.#headRowsMax) {
      this.#head.push(item);
      this.#headRows += item.changes.length;
      return;
    }
    this.#tail.push(item);
    this.#tailRows += item.changes.length;
    if (this.#tailRows >= SEGMENT_ROWS) this.#spill();
  }

  /**
   * What to wait for so that memory stays bounded while the disk is slower than the log; null where there is nothing.
   */
  get backlog(): Promise<void> | null {
    return this.#segments.at(-2)?.written ?? null;
  }

  /** Items in order while `accept` says yes, up to about `rowsMax` row changes; at least one if any is accepted. */
  async take(rowsMax: number, accept: (item: LaneItem) => boolean): Promise<LaneItem[]> {
    const taken: LaneItem[] = [];
    let rows = 0;
    for (;;) {
      if (this.#next >= this.#head.length && !(await this.#refill())) return taken;
      const item = this.#head[this.#next] as LaneItem;
      if (!accept(item) || (taken.length > 0 && rows + item.changes.length > rowsMax)) return taken;
      this.#next++;
      this.#headRows -= item.changes.length;
      rows += item.changes.length;
      taken.push(item);
    }
  }

  async close(): Promise<void> {
    // A disk that was never written to is not touched.
    if (this.#made === 0) return;
    await Promise.allSettled(this.#segments.flatMap(({ written }) => written ?? []));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #spill(): void {
    const file = join(this.#folder, `${this.#made++}`);
    const bytes = serialize(this.#tail.map((item) => this.#store(item)));
    const written = mkdir(this.#folder, { recursive: true }).then(() => writeFile(file, bytes));
    // A failure shows when the file is read or the reader waits for it; until then it must not end the process.
    written.catch(() => undefined);
    const segment: Segment = { file, written, rows: this.#tailRows };
    void written.then(() => (segment.written = null)).catch(() => undefined);
    this.#segments.push(segment);
    this.#tail = [];
    this.#tailRows = 0;
  }

  async #refill(): Promise<boolean> {
    const segment = this.#segments[0];
    if (segment === undefined) {
      [this.#head, this.#headRows, this.#tail, this.#tailRows] = [this.#tail, this.#tailRows, [], 0];
      this.#next = 0;
      return this.#head.length > 0;
    }
    await segment.written;
    const items = (deserialize(await readFile(segment.file)) as StoredItem[]).map((item) => this.#restore(item));
    await rm(segment.file, { force: true });
    this.#segments.shift();
    this.#head = items;
    this.#headRows = segment.rows;
    this.#next = 0;
    return true;
  }

  #store(item: LaneItem): StoredItem {
    return { ...item, changes: item.changes.map((change) => ({ ...change, link: this.#links.indexOf(change.link) })) };
  }

  #restore(item: StoredItem): LaneItem {
    return {
      ...item,
      changes: item.changes.map((change) => ({ ...change, link: this.#links[change.link] as LinkPlan })),
    };
  }
}
