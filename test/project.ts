import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../src/cli/run-cli.ts';
import { type RecordedIo, recordIo } from './recorded-io.ts';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly talk: string;
}

/** A folder with files in it where commands run, as in a user's project. */
export interface Project extends AsyncDisposable {
  readonly folder: string;
  /** Runs a command line in this process; words are separated by blanks. */
  tandem(line: string): Promise<Ran>;
  /** The same, with `--json`, as the document. */
  json<T>(line: string): Promise<T>;
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Begins a command that goes on until it is signalled. */
  start(line: string): { readonly io: RecordedIo; readonly exit: Promise<number> };
}

export async function openProject(env: Record<string, string> = {}): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-project-'));
  const words = (line: string) => line.split(' ').filter((word) => word !== '');
  const tandem = async (line: string): Promise<Ran> => {
    const io = recordIo({ cwd: folder, env });
    const exit = await runCli(words(line), io);
    return { exit, out: io.out(), talk: io.talk() };
  };
  return {
    folder,
    tandem,
    json: async <T>(line: string) => JSON.parse((await tandem(`${line} --json`)).out) as T,
    read: (file) => readFile(join(folder, file), 'utf8'),
    write: (file, text) => writeFile(join(folder, file), text),
    start(line) {
      const io = recordIo({ cwd: folder, env });
      return { io, exit: runCli(words(line), io) };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A name for state tables that no other test of the run has: on MySQL they are shared by all databases of a server. */
export function freshStateSchema(): string {
  return `tandem_${randomBytes(5).toString('hex')}`;
}
