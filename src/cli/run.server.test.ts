import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { type AppliedProject, openAppliedProject } from '../../test/applied-project.ts';
import { describeServers } from '../../test/servers.ts';
import type { Server } from './demo/servers/server.ts';
import type { Connection } from './demo/database.ts';

/** A sync of one table that is applied, in a folder of its own. */
function openApplied(left: Server, right: Server): Promise<AppliedProject> {
  return openAppliedProject(left, right, {
    left: [
      'create table users (id integer primary key, name varchar(50))',
      "insert into users values (1, 'there before')",
    ],
    right: ['create table people (person_id integer primary key, full_name varchar(50))'],
    links: '  users: { left: users, right: people, columns: { id: person_id, name: full_name } }',
  });
}

const namesOf = async (connection: Connection, sql: string) =>
  (await connection.query(sql)).map((row) => String(row['name'])).toSorted();
const onLeft = 'select name from users';
const onRight = 'select full_name as name from people';
const patience = { timeout: 30_000 };

for (const engine of ['mysql', 'mariadb'] as const) {
  await describeServers(`tandem run on PostgreSQL and ${engine}`, { left: 'postgres', right: engine }, (servers) => {
    test('carries rows both ways and ends on SIGTERM with 0, as a process', async () => {
      await using applied = await openApplied(servers.left, servers.right);
      const { left, right } = applied;
      const child = startProcess(applied);
      await expect.poll(() => child.talk(), patience).toMatch(/left->right is running[^]*right->left is running/);
      expect(child.talk()).toContain('rows are not in step yet');
      await left.execute("insert into users values (3, 'from the left')");
      await right.execute("insert into people values (4, 'from the right')");
      await expect.poll(() => namesOf(right, onRight), patience).toEqual(['from the left', 'from the right']);
      await expect.poll(() => namesOf(left, onLeft), patience).toContain('from the right');
      expect(await child.end('SIGTERM')).toEqual([0, null]);
      for (const line of child.talk().trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');

      const document = await applied.project.json<{ directions: Record<string, { lanes: { seq: number }[] }> }>(
        'status',
      );
      expect(document.directions['left->right']?.lanes[0]?.seq).toBeGreaterThan(0);
    });

    test('goes on where it stood after kill -9', async () => {
      await using applied = await openApplied(servers.left, servers.right);
      const { left, right } = applied;
      const first = startProcess(applied);
      await left.execute("insert into users values (5, 'one')");
      await expect.poll(() => namesOf(right, onRight), patience).toEqual(['one']);
      expect(await first.end('SIGKILL')).toEqual([null, 'SIGKILL']);
      await left.execute("insert into users values (7, 'two')");
      const second = startProcess(applied);
      await expect.poll(() => namesOf(right, onRight), patience).toEqual(['one', 'two']);
      expect(await second.end('SIGINT')).toEqual([0, null]);
    });

    test('stops applying while it is paused, and catches up', async () => {
      await using applied = await openApplied(servers.left, servers.right);
      const { left, right, project } = applied;
      await project.tandem('pause --direction toRight');
      const running = project.start('run');
      await expect.poll(() => running.io.talk(), patience).toContain('left->right is paused');
      await left.execute("insert into users values (3, 'late')");
      await right.execute("insert into people values (4, 'at once')");
      await expect.poll(() => namesOf(left, onLeft), patience).toContain('at once');
      expect(await namesOf(right, onRight)).toEqual(['at once']);
      await project.tandem('resume');
      await expect.poll(() => namesOf(right, onRight), patience).toEqual(['at once', 'late']);
      running.io.signal('SIGINT');
      expect(await running.exit).toBe(0);
      expect(running.io.exits).toEqual([]);
    });

    test('ends at once on a second signal', async () => {
      await using applied = await openApplied(servers.left, servers.right);
      const running = applied.project.start('run');
      await expect.poll(() => running.io.talk(), patience).toContain('right->left is running');
      running.io.signal('SIGTERM');
      running.io.signal('SIGTERM');
      expect(running.io.exits).toEqual([130]);
      expect(await running.exit).toBe(0);
    });
  });
}

interface Process {
  readonly talk: () => string;
  /** Exit code and signal. */
  readonly end: (signal: NodeJS.Signals) => Promise<readonly unknown[]>;
}

/** `tandem run` in a process of its own, from the sources. */
function startProcess({ project, env }: AppliedProject): Process {
  const jiti = pathToFileURL(createRequire(import.meta.url).resolve('jiti/package.json'));
  const main = new URL('./main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', new URL('lib/jiti-register.mjs', jiti).href, main, 'run'], {
    cwd: project.folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => void lines.push(text));
  const exited = once(child, 'close');
  return {
    talk: () => lines.join(''),
    async end(signal) {
      child.kill(signal);
      return await exited;
    },
  };
}
