import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { TandemError } from '../../model/error.ts';

/**
 * Adds variables to a file of `NAME=value` lines that its owner alone may read; other lines stay as they are. Throws
 * TD9003 where one of them is there with another value, unless that is to be replaced.
 */
export async function addToEnvFile(
  path: string,
  variables: Readonly<Record<string, string>>,
  replace: boolean,
): Promise<void> {
  const before = await readOrEmpty(path);
  const known = parseEnv(before);
  const wanted = Object.entries(variables).filter(([name, value]) => known[name] !== value);
  const taken = wanted.map(([name]) => name).filter((name) => known[name] !== undefined);
  if (taken.length > 0 && !replace) {
    throw new TandemError('TD9003', `${path} sets ${taken.join(', ')} to something else`, {
      fix: 'remove the line, or pass --force to replace it',
    });
  }
  if (wanted.length === 0) return;
  const kept = before.split('\n').filter((line) => !taken.some((name) => assigns(line, name)));
  const added = wanted.map(([name, value]) => `${name}=${quote(value)}\n`);
  await writeFile(path, startLine(kept.join('\n')) + added.join(''), { mode: 0o600 });
}

/** Adds lines that are missing in a file of lines, such as `.gitignore`. */
export async function addLines(path: string, lines: readonly string[]): Promise<readonly string[]> {
  const before = await readOrEmpty(path);
  const missing = lines.filter((line) => !before.split(/\r?\n/).includes(line));
  const start = before === '' || before.endsWith('\n') ? '' : '\n';
  if (missing.length > 0) await appendFile(path, `${start}${missing.join('\n')}\n`);
  return missing;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function assigns(line: string, name: string): boolean {
  return new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line);
}

function startLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** In the first kind of quotes that the value does not hold; none where none are needed. */
function quote(value: string): string {
  if (/^[\w\-.:/@%?&=+,~!*;]*$/.test(value)) return value;
  const mark = ["'", '"', '`'].find((candidate) => !value.includes(candidate));
  if (mark === undefined) throw new TandemError('TD9003', 'a URL holds all three kinds of quotes; percent-encode them');
  return mark + value + mark;
}
