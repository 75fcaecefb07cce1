import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Context } from '../model/context.ts';
import { TandemError } from '../model/error.ts';

const RETRY_MS = 1_000;

/** A piece of a queue that goes to disk. Until the disk has it, it is kept in memory, and can be read from there. */
export interface SpillFile {
  readonly bytes: number;
  /** Resolves when the disk has it or nobody needs it any more; null after that. Never rejects. */
  readonly written: Promise<void> | null;
  /** Its content, once: the file is gone afterwards. Throws TandemError TD6057. */
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
        return this.#read(path);
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

  async #read(path: string): Promise<Buffer> {
    try {
      return await readFile(path);
    } catch (thrown) {
      throw new TandemError('TD6057', 'what was read ahead is not on the disk any more', {
        found: reasonOf(thrown),
        cause: thrown,
        at: { folder: this.#context.spillFolder },
      });
    } finally {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }

  #warn(thrown: unknown): void {
    if (this.#refused) return;
    this.#refused = true;
    const reason = reasonOf(thrown);
    const message = 'the disk does not take what is read ahead; reading waits until it does';
    this.#context.log.warn({ code: 'TD6050', folder: this.#context.spillFolder, reason }, message);
  }

  /** Removes everything. A disk that was never written to is not touched; what one keeps, a later start sweeps. */
  async close(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#writing);
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
}
