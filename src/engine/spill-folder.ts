import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'tandem-spill-';

/** Folders of this very process; after a restart in a container another process had its number. */
const own = new Set<string>();

/** The name tells whose it is: containers that share a folder do not share their process numbers. */
function prefixOf(pid: number | string): string {
  return `${PREFIX}${hostname().replaceAll(/[^\w.]/g, '_')}-${pid}-`;
}

/** Makes a new folder in the temporary folder of the system (TMPDIR). */
export function makeSpillFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), prefixOf(process.pid)));
  own.add(folder);
  return folder;
}

export function removeSpillFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  own.delete(folder);
}

/** Removes what processes of this machine left behind that were killed; returns how many folders there were. */
export function sweepSpillFolders(): number {
  const pattern = new RegExp(`^${prefixOf('(\\d+)')}\\w+$`);
  const left = readdirSync(tmpdir()).filter((name) => {
    const pid = pattern.exec(name)?.[1];
    return pid !== undefined && !own.has(join(tmpdir(), name)) && !isAlive(Number(pid));
  });
  for (const name of left) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  return left.length;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // A process of another user's lives and may not be signalled.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}
