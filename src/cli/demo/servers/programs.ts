import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Every executable of that name on the PATH and in the further folders, each once, in that order. */
export async function findPrograms(name: string, furtherFolders: readonly string[] = []): Promise<string[]> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...furtherFolders].filter(
    (folder) => folder !== '',
  );
  const found = new Set<string>();
  for (const folder of folders) {
    try {
      const file = join(folder, name);
      await access(file, constants.X_OK);
      found.add(await realpath(file));
    } catch {
      // Not in this folder.
    }
  }
  return [...found];
}
