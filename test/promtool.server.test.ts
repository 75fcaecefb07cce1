import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { findPrograms } from '../src/cli/demo/servers/programs.ts';
import { StatusReader } from '../src/engine/status-reader.ts';
import { openSyncServer } from '../src/server/serve.ts';
import { openSamplePair, silence } from './sample-pair.ts';
import { describeServers } from './servers.ts';

const run = promisify(execFile);

interface Promtool extends AsyncDisposable {
  /** What it says, and how it ends. */
  run(args: readonly string[], input?: string): Promise<{ readonly exit: number | null; readonly said: string }>;
}

/** Prometheus' own checker: the machine's, else out of Debian's archive, of which nothing is installed. */
async function openPromtool(): Promise<Promtool> {
  const [own] = await findPrograms('promtool');
  const folder = await mkdtemp(join(tmpdir(), 'tandem-promtool-'));
  if (own === undefined) {
    await run('apt-get', ['download', 'prometheus'], { cwd: folder });
    const [archive = ''] = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
    await run('dpkg', ['-x', join(folder, archive), folder]);
  }
  const program = own ?? join(folder, 'usr/bin/promtool');
  return {
    async run(args, input = '') {
      const child = execFile(program, args);
      child.stdin?.end(input);
      const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
      const said = [child.stdout, child.stderr].map((stream) => (stream === null ? Promise.resolve('') : text(stream)));
      return { exit: await exit, said: (await Promise.all(said)).join('') };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function promtoolOrNull(): Promise<Promtool | null> {
  try {
    return await openPromtool();
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn(`SKIPPED: promtool\n${String(error)}`);
    return null;
  }
}

const promtool = await promtoolOrNull();

afterAll(() => promtool?.[Symbol.asyncDispose]());

await describeServers('Prometheus', { left: 'postgres', right: 'mysql' }, (servers) => {
  test.skipIf(promtool === null)('takes the rules for alerts', async () => {
    const answer = await promtool?.run(['check', 'rules', 'monitoring/alerts.yaml']);
    expect(answer?.exit, answer?.said).toBe(0);
    expect(answer?.said).toMatch(/SUCCESS: \d+ rules found/);
  });

  test.skipIf(promtool === null)('has nothing to say against the metrics of a running sync', async () => {
    await using pair = await openSamplePair(servers);
    const { declaration, context } = pair;
    await using server = await openSyncServer({
      listen: '127.0.0.1:0',
      token: undefined,
      name: declaration.name,
      version: '1.2.3',
      links: Object.keys(declaration.links).length,
      stored: new StatusReader(declaration, context),
      context,
    });
    const sync = await pair.start();
    server.show(sync);
    await pair.connections.left.execute(
      "INSERT INTO legacy_users (username, email, full_name, status) VALUES ('a', 'a@example.com', 'A', 'active')",
    );
    await silence(pair, sync);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('tandem_transactions_applied_total');
    const { said = 'nothing' } = (await promtool?.run(['check', 'metrics'], metrics)) ?? {};
    // Three gauges of the process end in _total, as prom-client names them for all programs on Node.
    expect(said.split('\n').filter((line) => !/^nodejs_active_\w+_total non-counter metrics/.test(line))).toEqual(['']);
    const broken = await promtool?.run(['check', 'metrics'], `${metrics}\ntandem_broken{ 1\n`);
    expect(broken).toMatchObject({ exit: 1 });
  });
});
