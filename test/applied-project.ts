import { expect } from 'vitest';
import { type Connection, connect } from '../src/cli/demo/database.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { freshStateSchema, openProject, type Project } from './project.ts';
import { freshDatabase } from './servers.ts';

/** A project whose sync is applied, with both its databases; disposal tears it down. */
export interface AppliedProject extends AsyncDisposable {
  readonly project: Project;
  readonly left: Connection;
  readonly right: Connection;
  readonly env: Readonly<Record<'LEFT_URL' | 'RIGHT_URL', string>>;
  /** Runs the sync until what it is given has come true. */
  readonly whileRunning: (work: () => Promise<void>) => Promise<void>;
}

export interface Contents {
  /** Statements that make the tables, for each side. */
  readonly left: readonly string[];
  readonly right: readonly string[];
  /** What stands under `links:` in tandem.yaml. */
  readonly links: string;
}

export async function openAppliedProject(
  leftServer: Server,
  rightServer: Server,
  contents: Contents,
): Promise<AppliedProject> {
  const env = { LEFT_URL: await freshDatabase(leftServer), RIGHT_URL: await freshDatabase(rightServer) };
  const left = await connect({ engine: leftServer.engine, url: env.LEFT_URL });
  const right = await connect({ engine: rightServer.engine, url: env.RIGHT_URL });
  for (const sql of contents.left) await left.execute(sql);
  for (const sql of contents.right) await right.execute(sql);
  const project = await openProject(env);
  const name = new URL(env.LEFT_URL).pathname.slice(1);
  await project.write(
    'tandem.yaml',
    `version: 1
name: ${name}
left: { engine: ${leftServer.engine}, url: '\${env:LEFT_URL}', stateSchema: ${freshStateSchema()} }
right: { engine: ${rightServer.engine}, url: '\${env:RIGHT_URL}', stateSchema: ${freshStateSchema()} }
defaults: { keys: { shared: { left: odd, right: even } } }
links:
${contents.links}
`,
  );
  expect(await project.tandem('apply -y')).toMatchObject({ exit: 0 });
  return {
    project,
    left,
    right,
    env,
    async whileRunning(work) {
      const running = project.start('run');
      try {
        await work();
      } finally {
        running.io.signal('SIGTERM');
        expect(await running.exit).toBe(0);
      }
    },
    async [Symbol.asyncDispose]() {
      await project.tandem(`teardown --confirm ${name} -q`);
      await left[Symbol.asyncDispose]();
      await right[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}
