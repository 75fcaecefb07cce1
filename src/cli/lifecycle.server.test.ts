import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshStateSchema, openProject, type Project } from '../../test/project.ts';
import { describeServers, freshDatabase } from '../../test/servers.ts';
import type { Server } from './demo/servers/server.ts';
import { type Connection, connect } from './demo/database.ts';

const legacyTables = [
  `create table legacy_users (
    id serial primary key, email varchar(100) not null unique, full_name varchar(100),
    status varchar(20) not null default 'active' check (status in ('active', 'inactive')))`,
  `create table legacy_posts (
    id serial primary key, user_id integer not null references legacy_users on delete cascade,
    post_title varchar(200) not null)`,
];

const revampTables = [
  `create table revamp_users (
    user_id int auto_increment primary key, email_address varchar(100) not null unique, display_name varchar(100),
    account_status varchar(20) not null default 'Active' check (account_status in ('Active', 'Inactive')))`,
  `create table revamp_posts (
    post_id int auto_increment primary key, author_id int not null, title varchar(200) not null,
    foreign key (author_id) references revamp_users (user_id) on delete cascade)`,
];

interface Pair extends AsyncDisposable {
  readonly project: Project;
  readonly left: Connection;
  readonly right: Connection;
  readonly urls: { readonly left: string; readonly right: string };
}

/** Two fresh databases with tables, and an empty project folder. */
async function openPair(leftServer: Server, rightServer: Server, env: Record<string, string> = {}): Promise<Pair> {
  const urls = { left: await freshDatabase(leftServer), right: await freshDatabase(rightServer) };
  const left = await connect({ engine: leftServer.engine, url: urls.left });
  const right = await connect({ engine: rightServer.engine, url: urls.right });
  for (const sql of legacyTables) await left.execute(sql);
  for (const sql of revampTables) await right.execute(sql);
  const project = await openProject(env);
  return {
    project,
    left,
    right,
    urls,
    async [Symbol.asyncDispose]() {
      await project.tandem(`teardown --confirm ${nameOf(urls)} -q`);
      await left[Symbol.asyncDispose]();
      await right[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}

const databaseOf = (url: string) => new URL(url).pathname.slice(1);
const nameOf = (urls: Pair['urls']) => `${databaseOf(urls.left)}_${databaseOf(urls.right)}`;

/** `init`, and then state tables of the test's own: on MySQL all databases of a server share one name for them. */
async function initPair({ project, urls }: Pair): Promise<void> {
  const { exit, talk } = await project.tandem(`init --left ${urls.left} --right ${urls.right} --yes`);
  expect(talk).not.toContain('error');
  expect(exit).toBe(0);
  const config = await project.read('tandem.config.ts');
  const schema = freshStateSchema();
  await project.write('tandem.config.ts', config.replaceAll('({ label:', `({ stateSchema: '${schema}', label:`));
}

for (const engine of ['mysql', 'mariadb'] as const) {
  await describeServers(`a sync of PostgreSQL and ${engine}`, { left: 'postgres', right: engine }, (servers) => {
    test('goes from two URLs to applied and away again, each step once', async () => {
      await using pair = await openPair(servers.left, servers.right);
      const { project } = pair;
      await initPair(pair);
      expect(await project.read('tandem.config.ts')).toContain("via('account_status', titleCase())");
      expect(await project.read('tandem.config.ts')).not.toContain('://');
      expect((await stat(join(project.folder, '.env'))).mode & 0o777).toBe(0o600);

      const checked = await project.json<{ exit: number; findings: { severity: string }[] }>('check');
      expect(checked.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(checked.exit).toBe(0);

      expect((await project.tandem('status')).exit).toBe(2);
      const planned = await project.tandem('plan --sql');
      expect(planned.exit).toBe(0);
      expect(planned.out).toMatch(/CREATE PUBLICATION[^]*pg_create_logical_replication_slot[^]*CREATE TABLE/);

      expect(await project.tandem('apply')).toMatchObject({ exit: 6, talk: expect.stringContaining('pass --yes') });
      expect((await project.tandem('apply -y')).exit).toBe(0);
      const again = await project.tandem('apply');
      expect(again).toMatchObject({ exit: 0, out: '' });
      expect((await project.tandem('plan')).talk).toContain('Everything is in place');
      expect((await project.tandem('plan --sql')).out).toBe('');

      const status = await project.json<{ applied: boolean; directions: Record<string, { lanes: unknown[] }> }>(
        'status',
      );
      expect(status.applied).toBe(true);
      expect(status.directions['left->right']?.lanes).toHaveLength(1);

      const name = nameOf(pair.urls);
      expect((await project.tandem('teardown --confirm other')).exit).toBe(6);
      expect((await project.tandem(`teardown --confirm ${name}`)).exit).toBe(0);
      expect((await project.tandem(`teardown --confirm ${name}`)).talk).toContain('Nothing is left');
      expect(await pair.left.query('select count(*)::int as n from legacy_users')).toEqual([{ n: 0 }]);
    });

    test('never shows a password', async () => {
      await using pair = await openPair(servers.left, servers.right);
      await initPair(pair);
      const password = new URL(pair.urls.left).password;
      const commands = ['check', 'plan', 'plan --sql', 'apply -y -v', 'status', 'status --json', 'pull --check -v'];
      for (const command of commands) {
        const { out, talk } = await pair.project.tandem(command);
        expect(out + talk).not.toContain(password);
      }
    });

    test('sees drift, shows it, and takes it in', async () => {
      await using pair = await openPair(servers.left, servers.right);
      await initPair(pair);
      expect((await pair.project.tandem('pull --check')).exit).toBe(0);
      await pair.right.execute('alter table revamp_users add column nickname varchar(20)');
      await pair.right.execute("alter table revamp_posts modify title enum('a', 'b')");
      await pair.left.execute('alter table legacy_posts drop column post_title');
      await pair.left.execute('alter table legacy_users alter column full_name set not null');
      await pair.left.execute('create table legacy_tags (id int primary key)');
      const written = await pair.project.read('tandem.schema.ts');
      const drifted = await pair.project.tandem('pull --check');
      expect(drifted.exit).toBe(2);
      const database = databaseOf(pair.urls.right);
      expect(drifted.out.split('\n').filter((line) => line.startsWith('  '))).toEqual([
        '  - column public.legacy_posts.post_title  character varying(200) NOT NULL',
        '  + table public.legacy_tags  id; key id',
        '  ~ nullable public.legacy_users.full_name  NULL -> NOT NULL',
        expect.stringMatching(`^  ~ type ${database}.revamp_posts.title  varchar.200. .text. -> enum`),
        `  ~ nullable ${database}.revamp_posts.title  NOT NULL -> NULL`,
        `  ~ values ${database}.revamp_posts.title  any -> 'a', 'b'`,
        `  + column ${database}.revamp_users.nickname  varchar(20) NULL`,
      ]);
      const document = await pair.project.json<{ differences: unknown[] }>('pull --check');
      expect(document).toMatchObject({ schema: 'tandem.pull/1', drifted: true, written: false, next: ['tandem pull'] });
      expect(document.differences).toHaveLength(7);
      expect(document.differences).toContainEqual({
        side: 'left',
        change: 'changed',
        aspect: 'nullable',
        table: 'public.legacy_users',
        column: 'full_name',
        file: 'NULL',
        database: 'NOT NULL',
      });
      expect(await pair.project.read('tandem.schema.ts')).toBe(written);
      expect((await pair.project.tandem('pull')).exit).toBe(0);
      expect((await pair.project.tandem('pull --check')).exit).toBe(0);
    });

    test('pauses and resumes one direction, with nobody running', async () => {
      await using pair = await openPair(servers.left, servers.right);
      const { project } = pair;
      await initPair(pair);
      expect((await project.tandem('pause')).exit).toBe(5);
      await project.tandem('apply -y');
      const paused = async () => {
        const { directions } = await project.json<{ directions: Record<string, { paused: boolean }> }>('status');
        return Object.entries(directions).flatMap(([stream, direction]) => (direction.paused ? [stream] : []));
      };
      expect(await paused()).toEqual([]);
      expect((await project.tandem('pause --direction toLeft')).exit).toBe(0);
      expect(await paused()).toEqual(['right->left']);
      expect((await project.tandem('pause')).exit).toBe(0);
      expect(await paused()).toEqual(['left->right', 'right->left']);
      expect((await project.tandem('resume')).exit).toBe(0);
      expect(await paused()).toEqual([]);
    });

    test('refuses to run before it is applied', async () => {
      await using pair = await openPair(servers.left, servers.right);
      await initPair(pair);
      const { exit, talk } = await pair.project.tandem('run');
      expect(exit).toBe(5);
      expect(talk).toContain('error[TD5013]');
      expect(talk).toContain('tandem apply');
    });

    test('says how a mapping is wrong, and where, before anything is changed', async () => {
      await using pair = await openPair(servers.left, servers.right);
      await initPair(pair);
      const config = await pair.project.read('tandem.config.ts');
      const wrong = config.replace("'email_address'", "'email_adress'").replace("'title'", "'titel'");
      await pair.project.write('tandem.config.ts', wrong);
      const { exit, talk } = await pair.project.tandem('apply -y');
      expect(exit).toBe(3);
      expect(talk).toContain("did you mean 'email_address'?");
      expect(talk).toContain("did you mean 'title'?");
      expect(talk).toMatch(/--> tandem\.config\.ts:\d+:\d+/);
      const slots = 'select slot_name from pg_replication_slots where slot_name = ?';
      expect(await pair.left.query(slots, [`tandem_${nameOf(pair.urls)}_left`])).toEqual([]);
    });
  });
}
