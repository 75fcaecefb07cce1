import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cached, cacheFolder, findCached } from './cache.ts';

let home = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tandem-cache-test-'));
  vi.stubEnv('XDG_CACHE_HOME', home);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

/** Builds a folder that holds one file, and counts how often it was asked to. */
function builder(name: string): { build: (scratch: string) => Promise<string>; readonly times: () => number } {
  let times = 0;
  async function build(scratch: string): Promise<string> {
    times += 1;
    await writeFile(join(scratch, 'content'), name);
    return name;
  }
  return { build, times: () => times };
}

describe('the cache of fetched servers', () => {
  it('builds once, also for callers that come at the same time', async () => {
    const { build, times } = builder('engine-1.2');
    const folders = await Promise.all([1, 2, 3].map(() => cached('engine-', build)));
    expect(new Set(folders)).toEqual(new Set([join(cacheFolder(), 'engine-1.2')]));
    expect(await readFile(join(folders[0] ?? '', 'content'), 'utf8')).toBe('engine-1.2');
    expect(times()).toBe(1);
    expect(await readdir(cacheFolder())).toEqual(['engine-1.2']);
  });

  it('keeps nothing of a build that failed, and tries again', async () => {
    const failing = async (scratch: string): Promise<string> => {
      await writeFile(join(scratch, 'half'), '');
      throw new Error('no network');
    };
    await expect(cached('engine-', failing)).rejects.toThrow('no network');
    expect(await readdir(cacheFolder())).toEqual([]);
    await cached('engine-', builder('engine-1.2').build);
    expect(await readdir(cacheFolder())).toEqual(['engine-1.2']);
  });

  it('takes over the lock of a process that has died', async () => {
    await cached('other-', builder('other-1').build);
    // No process has a number as high as this one.
    await writeFile(join(cacheFolder(), '.lock-engine-'), '99999999');
    await cached('engine-', builder('engine-1.2').build);
    expect(await readdir(cacheFolder())).toEqual(['engine-1.2', 'other-1']);
  });

  it('takes the newest of several versions', async () => {
    for (const name of ['engine-9.7.4', 'engine-9.10.0', 'engine-8.4']) await cached(name, builder(name).build);
    expect(await findCached('engine-')).toBe(join(cacheFolder(), 'engine-9.10.0'));
  });
});
