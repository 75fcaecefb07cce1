import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Context } from '../model/context.ts';

const RETRY_MS = 1_000;

/** A piece of a queue that goes to disk. Until the disk has it, it is kept in memory, and can be read from there. */
export interface SpillFile {
  readonly bytes: number;
  /** Resolves when the disk has it or nobody needs it any more; null after that. Never rejects. */
  readonly written: Promise<void> | null;
  /** Its content, once: the file is gone afterwards. */
  take(): Promise<Buffer>;
}

/**
 * What all queues of one engine have on disk. A disk that refuses is asked again for as long as it takes: whoever fills
 * the queues waits for it meanwhile, and whoever empties them goes on.
 */
export class Spill {
  readonly #context: Context;
  readonly #folders = new Set<string>();
  readonly #writing = new Set<Promise<void>>();
  /** Bytes that are on disk, or on their way there. */
  bytes = 0;
  #ended = false;
  #refused = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Hands content to the disk. `path` is in a folder below the spill folder and was never used before. */
  store(path: string, content: Buffer): SpillFile {
    const bytes = content.length;
    let unwritten: Buffer | null = content;
    this.bytes += bytes;
    const isWanted = (): boolean => unwritten !== null && !this.#ended;
    const file: { -readonly [K in keyof SpillFile]: SpillFile[K] } = {
      bytes,
      written: null,
      take: async () => {
        this.bytes -= bytes;
        const kept = unwritten;
        unwritten = null;
        if (kept !== null) return kept;
        const found = await readFile(path);
        await rm(path, { force: true });
        return found;
      },
    };
    const written = this.#write(path, content, isWanted).then(async () => {
      this.#writing.delete(written);
      file.written = null;
      if (unwritten === null) await rm(path, { force: true }).catch(() => undefined);
      unwritten = null;
    });
    file.written = written;
    this.#writing.add(written);
    return file;
  }

  async #write(path: string, content: Buffer, isWanted: () => boolean): Promise<void> {
    this.#folders.add(dirname(path));
    while (isWanted()) {
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
        this.#refused = false;
        return;
      } catch (thrown) {
        this.#warn(thrown);
        await this.#context.sleep(RETRY_MS);
      }
    }
  }

  #warn(thrown: unknown): void {
    if (this.#refused) return;
    this.#refused = true;
    const reason = thrown instanceof Error && 'code' in thrown ? thrown.code : String(thrown);
    const message = 'the disk does not take what is read ahead; reading waits until it does';
    this.#context.log.warn({ code: 'TD6050', folder: this.#context.spillFolder, reason }, message);
  }

  /** Removes everything. A disk that was never written to is not touched. */
  async close(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#writing);
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }
}
