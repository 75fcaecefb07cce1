import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const staticImport = /^(?:import|export)\s(?!type\b)(?:[^;]*?\sfrom\s)?'([^']+)';/gm;

/** The packages that a module loads before anything in it runs, by following its static imports. */
function packagesOf(file: URL, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file.href)) return packages;
  seen.add(file.href);
  const statements = readFileSync(fileURLToPath(file), 'utf8').matchAll(staticImport);
  for (const [, name = ''] of statements) {
    if (name.startsWith('node:')) continue;
    if (!name.startsWith('.')) packages.add(name);
    else for (const found of packagesOf(new URL(name, file), seen)) packages.add(found);
  }
  return packages;
}

it('answers --help without loading a driver, a parser or a prompt', () => {
  expect([...packagesOf(new URL('./main.ts', import.meta.url))].toSorted()).toEqual(['commander', 'picocolors']);
});

it('sees what a command body loads', () => {
  expect(packagesOf(new URL('./commands/check.ts', import.meta.url))).toContain('pino');
});
