import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { SAMPLE } from '../src/cli/demo/sample.ts';
import type { Side } from '../src/model/policy.ts';
import { openProject, type Project } from './project.ts';
import type { SamplePair } from './sample-pair.ts';

/** `tandem run` in a process of its own, from the sources. */
export interface TandemProcess {
  /** Everything that it has said so far. */
  talk(): string;
  readonly pid: number;
  readonly hasEnded: boolean;
  send(signal: NodeJS.Signals): void;
  /** Exit code and signal, once it has ended. */
  readonly ended: Promise<readonly unknown[]>;
}

/** A project folder of the pair's sync, where processes run. `urls`: other ways to the same databases. */
export interface ProcessHome extends AsyncDisposable {
  run(...flags: readonly string[]): TandemProcess;
  /** The folder, for commands within this process. */
  readonly project: Project;
}

export async function openHome(pair: SamplePair, urls: Partial<Record<Side, string>> = {}): Promise<ProcessHome> {
  const env = { LEFT_URL: urls.left ?? pair.sides.left.url, RIGHT_URL: urls.right ?? pair.sides.right.url };
  const project = await openProject(env);
  await project.write('tandem.config.ts', configOf(pair));
  const started: TandemProcess[] = [];
  return {
    project,
    run(...flags) {
      const child = startProcess(project.folder, env, flags);
      started.push(child);
      return child;
    },
    async [Symbol.asyncDispose]() {
      for (const child of started) if (!child.hasEnded) child.send('SIGKILL');
      await Promise.all(started.map((child) => child.ended));
      await project[Symbol.asyncDispose]();
    },
  };
}

/** The pair's declaration as a file; links beside the sample's are plain data. Passwords come from the environment. */
function configOf({ sides, declaration }: SamplePair): string {
  const source = new URL('../src/cli/demo/sample-declaration.ts', import.meta.url).pathname;
  const plain = (side: Side) => {
    const { engine, url } = sides[side];
    return JSON.stringify({ engine, url: `${engine}://host${new URL(url).pathname}` });
  };
  const added = Object.fromEntries(Object.entries(declaration.links).filter(([name]) => !(name in SAMPLE)));
  const endpoint = (side: Side, variable: string) =>
    `{ ...sample.${side}, url: '\${env:${variable}}', stateSchema: '${declaration[side].stateSchema}' }`;
  return `import { sampleDeclaration } from '${source}';
const sample = sampleDeclaration({ left: ${plain('left')}, right: ${plain('right')} });
export default {
  ...sample,
  links: { ...sample.links, ...${JSON.stringify(added)} },
  name: '${declaration.name}',
  left: ${endpoint('left', 'LEFT_URL')},
  right: ${endpoint('right', 'RIGHT_URL')},
};
`;
}

function startProcess(folder: string, env: Readonly<Record<string, string>>, flags: readonly string[]): TandemProcess {
  const jiti = pathToFileURL(createRequire(import.meta.url).resolve('jiti/package.json'));
  const translator = new URL('lib/jiti-register.mjs', jiti).href;
  const databases = new URL('servers/load-databases.ts', import.meta.url).href;
  const main = new URL('../src/cli/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', translator, '--import', databases, main, 'run', ...flags], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let talk = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    talk += text;
  });
  return {
    talk: () => talk,
    pid: child.pid ?? 0,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    send: (signal) => void child.kill(signal),
    ended: once(child, 'close'),
  };
}
