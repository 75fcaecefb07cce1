import { cp, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const lockTimeoutMs = 600_000;

/** The folder in which fetched servers are kept between runs. */
export function cacheFolder(): string {
  const configured = process.env['XDG_CACHE_HOME'];
  if (configured !== undefined && configured !== '') return join(configured, 'tandem-sync');
  // Root's home is closed to the user that PostgreSQL has to run as.
  if (process.getuid?.() === 0) return '/var/cache/tandem-sync';
  return join(homedir(), '.cache', 'tandem-sync');
}

/** The newest folder in the cache whose name starts so, if there is one. */
export async function findCached(prefix: string): Promise<string | undefined> {
  const names = await readdir(cacheFolder()).catch(() => []);
  const order = new Intl.Collator('en', { numeric: true });
  const newest = names
    .filter((name) => name.startsWith(prefix))
    .toSorted(order.compare)
    .at(-1);
  return newest === undefined ? undefined : join(cacheFolder(), newest);
}

/**
 * Returns the cached folder whose name starts with `prefix`. Where there is none, `build` fills a scratch folder and
 * names the result; it appears in the cache at once and whole, and of several processes only one builds.
 */
export async function cached(prefix: string, build: (scratch: string) => Promise<string>): Promise<string> {
  const present = await findCached(prefix);
  if (present !== undefined) return present;
  await mkdir(cacheFolder(), { recursive: true });
  await using _lock = await lock(join(cacheFolder(), `.lock-${prefix}`));
  const builtMeanwhile = await findCached(prefix);
  if (builtMeanwhile !== undefined) return builtMeanwhile;
  const scratch = join(cacheFolder(), `.building-${prefix}${process.pid}`);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch);
  try {
    const target = join(cacheFolder(), await build(scratch));
    await rename(scratch, target).catch(tolerateExisting);
    return target;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Of two processes that built the same folder in spite of the lock, the second uses what the first one made. */
function tolerateExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

/** Copies a folder's content into an existing folder, as links to the same blocks where the file system can do that. */
export async function copyInto(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
}

async function lock(path: string): Promise<AsyncDisposable> {
  const deadline = Date.now() + lockTimeoutMs;
  while (!(await take(path))) {
    if (await isAbandoned(path)) await rm(path, { force: true });
    else if (Date.now() > deadline) throw new Error(`another process has held ${path} for too long; remove the file`);
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

async function take(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx');
    await file.write(String(process.pid));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const [owner, age] = await Promise.all([readFile(path, 'utf8'), ageMs(path)]).catch(() => ['', 0] as const);
  // The owner writes its id right after creating the file, so an empty file is only suspicious once it is old.
  if (owner === '') return age > 5_000;
  try {
    process.kill(Number(owner), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function ageMs(path: string): Promise<number> {
  return Date.now() - (await stat(path)).mtimeMs;
}
