import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshStateSchema, openProject, type Project } from '../../test/project.ts';
import { describeServers, freshDatabase, type ServerName, startServer } from '../../test/servers.ts';
import type { Server } from './demo/servers/server.ts';
import { type Connection, connect, type SampleEngine } from './demo/database.ts';

// Every way in which a database refuses to take part has to come out as its own message, with what mends it.

interface Case extends AsyncDisposable {
  readonly project: Project;
  readonly left: Connection;
  readonly right: Connection;
}

const tables = {
  left: 'create table users (id integer primary key, name varchar(50))',
  right: 'create table users (id integer primary key, name varchar(50))',
};

interface Urls {
  readonly left: string;
  readonly right: string;
}

/** A sync of one table, as YAML, between fresh databases; `change` makes the addresses wrong. */
async function openCase(left: Server, right: Server, change: (urls: Urls) => Urls = (urls) => urls): Promise<Case> {
  const urls = { left: await freshDatabase(left), right: await freshDatabase(right) };
  const leftConnection = await connect({ engine: left.engine, url: urls.left });
  const rightConnection = await connect({ engine: right.engine, url: urls.right });
  await leftConnection.execute(tables.left);
  await rightConnection.execute(tables.right);
  const changed = change(urls);
  const project = await openProject({ LEFT_URL: changed.left, RIGHT_URL: changed.right });
  const side = (engine: SampleEngine, name: string) =>
    `{ engine: ${engine}, url: '\${env:${name}}', stateSchema: ${freshStateSchema()} }`;
  await project.write(
    'tandem.yaml',
    `version: 1
name: ${new URL(urls.left).pathname.slice(1)}
left: ${side(left.engine, 'LEFT_URL')}
right: ${side(right.engine, 'RIGHT_URL')}
links:
  users: { left: users, right: users, keys: { shared: { left: odd, right: even } }, columns: { id: id, name: name } }
`,
  );
  return {
    project,
    left: leftConnection,
    right: rightConnection,
    async [Symbol.asyncDispose]() {
      await project.tandem(`teardown --confirm ${new URL(urls.left).pathname.slice(1)} -q`);
      await leftConnection[Symbol.asyncDispose]();
      await rightConnection[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    },
  };
}

function altered(url: string, change: (url: URL) => void): string {
  const copy = new URL(url);
  change(copy);
  return copy.href;
}

interface CheckDocument {
  readonly exit: number;
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly help: readonly string[];
  }[];
}

/** What is away may come back: `run` says so once and waits, until it is told to stop. */
async function expectWaiting(project: Project, code: string): Promise<void> {
  const running = project.start('run');
  await expect.poll(() => running.io.talk(), { timeout: 30_000 }).toContain('waiting until it is mended');
  running.io.signal('SIGTERM');
  expect(await running.exit).toBe(0);
  const talk = running.io.talk();
  expect(talk).toContain(code);
  expect(talk.match(/waiting until/g)).toHaveLength(1);
}

async function errorsOf(project: Project): Promise<{ exit: number; codes: string[]; help: string }> {
  const { exit, findings } = await project.json<CheckDocument>('check');
  const errors = findings.filter(({ severity }) => severity === 'error');
  return { exit, codes: errors.map(({ code }) => code), help: errors.flatMap(({ help }) => help).join('\n') };
}

for (const engine of ['mysql', 'mariadb'] as const) {
  await describeServers(
    `PostgreSQL and ${engine} that cannot be opened`,
    { left: 'postgres', right: engine },
    (servers) => {
      test.each([
        ['a wrong password', 'TD4002', (url: URL) => void (url.password = 'wrong-secret')],
        ['a wrong database', 'TD4004', (url: URL) => void (url.pathname = '/no_such_database')],
        ['a closed port', 'TD4001', (url: URL) => void (url.port = '1')],
        ['a host that is not there', 'TD4001', (url: URL) => void (url.hostname = 'no-such-host.invalid')],
      ])('say so for %s, on both sides at once', async (_, code, change) => {
        const wrong = ({ left, right }: Urls) => ({ left: altered(left, change), right: altered(right, change) });
        await using broken = await openCase(servers.left, servers.right, wrong);
        expect(await errorsOf(broken.project)).toMatchObject({ exit: 4, codes: [code, code] });
        const isPassing = code === 'TD4001';
        if (isPassing) await expectWaiting(broken.project, code);
        for (const command of ['check', 'status', 'apply -y', ...(isPassing ? [] : ['run'])]) {
          const { exit, out, talk } = await broken.project.tandem(command);
          expect(exit).toBe(4);
          expect(talk).toContain(`error[${code}]`);
          expect(talk).toMatch(/side (left|right)/);
          expect(out + talk).not.toMatch(/wrong-secret|TD9002/);
        }
      });
    },
  );
}

await describeServers('values that would not come back', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('are counted in a sample or in all rows, and named on request', async () => {
    await using broken = await openCase(servers.left, servers.right);
    await broken.left.execute("insert into users select id, 'plain' from generate_series(1, 21000) id");
    await broken.left.execute("update users set name = 'McDonald' where id in (1, 2, 21000)");
    const config = await broken.project.read('tandem.yaml');
    await broken.project.write('tandem.yaml', config.replace('name: name', 'name: { to: name, codec: titleCase }'));
    const lossy = async (flags: string) => {
      const { findings } = await broken.project.json<CheckDocument>(`check ${flags}`);
      const lost = findings.filter(({ code }) => code === 'TD3002');
      return lost.map(({ message, help }) => ({ message, found: help.filter((line) => line.startsWith('found: ')) }));
    };
    const counted = (rows: number) => expect.stringContaining(`name of ${rows} rows`);
    expect(await lossy('')).toEqual([{ message: counted(2), found: [] }]);
    expect(await lossy('--all-rows')).toEqual([{ message: counted(3), found: [] }]);
    expect(await lossy('--all-rows --values')).toEqual([{ message: counted(3), found: ['found: "McDonald"'] }]);
  });
});

await describeServers('users without privileges', { left: 'postgres', right: 'mysql', other: 'mariadb' }, (servers) => {
  test('are told the GRANT, on PostgreSQL', async () => {
    const admin = await connect({ engine: 'postgres', url: servers.left.url });
    const name = freshStateSchema();
    await admin.execute(`create role ${name} login password 'poor'`);
    try {
      const poor = (url: URL) => Object.assign(url, { username: name, password: 'poor' });
      const change = ({ left, right }: Urls) => ({ left: altered(left, poor), right });
      await using broken = await openCase(servers.left, servers.right, change);
      await broken.left.execute(`grant select on users to ${name}`);
      const { exit, codes, help } = await errorsOf(broken.project);
      expect(exit).toBe(4);
      expect(codes).toContain('TD4003');
      expect(help).toContain('ALTER ROLE');
      const applied = await broken.project.tandem('apply -y');
      expect(applied.exit).toBe(4);
      expect(applied.talk).toContain('error[TD4003]');
      await broken.left.execute(`revoke all on users from ${name}`);
    } finally {
      await admin.execute(`drop role ${name}`);
      await admin[Symbol.asyncDispose]();
    }
  });

  test.each(['right', 'other'] as const)('are told the GRANT, on MySQL and MariaDB (%s)', async (role) => {
    const server = servers[role];
    const engine = server.engine;
    const admin = await connect({ engine, url: server.url });
    const name = freshStateSchema();
    await admin.execute(`create user ${name}@'%' identified by 'poor'`);
    await admin.execute(`grant select, insert, update, delete on *.* to ${name}@'%'`);
    try {
      const poor = (url: URL) => Object.assign(url, { username: name, password: 'poor' });
      const change = ({ left, right }: Urls) => ({ left, right: altered(right, poor) });
      await using broken = await openCase(servers.left, server, change);
      const { exit, codes, help } = await errorsOf(broken.project);
      expect(exit).toBe(4);
      expect(codes).toContain('TD4003');
      expect(help).toMatch(/GRANT REPLICATION/);
      const applied = await broken.project.tandem('apply -y');
      expect(applied.exit).toBe(4);
      expect(applied.talk).toContain('error[TD4003]');
    } finally {
      await admin.execute(`drop user ${name}@'%'`);
      await admin[Symbol.asyncDispose]();
    }
  });
});

/** A server with one wrong setting beside a shared one that is right. */
function describeSetting(name: ServerName, settings: Record<string, string>, code: string, fix: RegExp): void {
  const [[setting, value] = ['', '']] = Object.entries(settings);
  describe(`${name} with ${setting}=${value}`, () => {
    let wrong: Server;
    let right: Server;
    beforeAll(async () => {
      wrong = await startServer(name, { settings });
      right = await startServer(name === 'postgres' ? 'mariadb' : 'postgres');
    });
    afterAll(async () => {
      await wrong?.[Symbol.asyncDispose]();
      await right?.[Symbol.asyncDispose]();
    });

    test(`is refused as ${code} by check, with what to change, and by apply or run`, async () => {
      const sides = name === 'postgres' ? ([wrong, right] as const) : ([right, wrong] as const);
      await using broken = await openCase(...sides);
      const { exit, codes, help } = await errorsOf(broken.project);
      expect(exit).toBe(5);
      expect(codes).toContain(code);
      expect(help).toMatch(fix);
      const applied = await broken.project.tandem('apply -y');
      expect(applied.exit).toBe(5);
      expect(applied.talk).toContain(`error[${code}]`);
    });
  });
}

describeSetting('postgres', { wal_level: 'replica' }, 'TD5001', /ALTER SYSTEM SET wal_level/);
for (const name of ['mysql', 'mariadb'] as const) {
  describeSetting(name, { binlog_format: 'STATEMENT' }, 'TD5005', /binlog_format = ROW/);
  describeSetting(name, { binlog_row_image: 'MINIMAL' }, 'TD5006', /binlog_row_image = FULL/);
}

/** How many logs are left: MariaDB keeps one until the storage engine has let go of it. */
async function purge(connection: Connection): Promise<number> {
  await connection.execute('flush binary logs');
  const logs = await connection.query('show binary logs');
  await connection.execute(`purge binary logs to '${String(logs.at(-1)?.['Log_name'])}'`);
  return (await connection.query('show binary logs')).length;
}

await describeServers('a log that is lost', { left: 'postgres' }, (servers) => {
  test('is told by status, run and apply when the slot was dropped, and nothing is made anew', async () => {
    await using right = await startServer('mariadb');
    await using broken = await openCase(servers.left, right);
    expect((await broken.project.tandem('apply -y')).exit).toBe(0);
    await broken.left.execute(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()`,
    );
    for (const command of ['status', 'run', 'apply -y']) {
      const { exit, out, talk } = await broken.project.tandem(command);
      expect(exit).toBe(7);
      expect(out + talk).toContain('TD6001');
    }
  });

  test.each(['mysql', 'mariadb'] as const)('is told when the binary log of %s was purged', async (name) => {
    await using right = await startServer(name);
    await using broken = await openCase(servers.left, right);
    expect((await broken.project.tandem('apply -y')).exit).toBe(0);
    await broken.right.execute("insert into users values (2, 'b')");
    await expect.poll(() => purge(broken.right), { timeout: 30_000 }).toBe(1);
    for (const command of ['status', 'run', 'apply -y']) {
      const { exit, out, talk } = await broken.project.tandem(command);
      expect(exit).toBe(7);
      expect(out + talk).toContain('TD6002');
    }
  });
});
