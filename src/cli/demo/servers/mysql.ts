import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cached, copyInto } from './cache.ts';
import { clients } from './clients.ts';
import { unpackFromDebian } from './debian.ts';
import { dockerArguments, type Image, nameContainer, requireDocker } from './docker.ts';
import { type Command, runToEnd } from './process.ts';
import { findPrograms } from './programs.ts';
import type { Place, Recipe, ServerOptions } from './server.ts';
import { unavailable } from './unavailable.ts';

/** How to run `mysqld` here. */
interface Program {
  readonly version: string;
  readonly file: string;
  /** Arguments that come before any other. */
  readonly prefix: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

const defaults: Readonly<Record<string, string>> = {
  log_bin: 'binlog',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  gtid_mode: 'ON',
  enforce_gtid_consistency: 'ON',
};

/** Settings that are fixed when the data folder is made. */
const settingsOfData = new Set(['lower_case_table_names', 'innodb_page_size', 'innodb_data_file_path']);

const image: Image = {
  name: 'mysql:9',
  passwordVariable: 'MYSQL_ROOT_PASSWORD',
  dataPath: '/var/lib/mysql',
  port: 3306,
};

/** Finds MySQL 9: installed, else out of Debian's archive, else in a container. Throws `ServerUnavailable`. */
export async function mysqlRecipe(options: ServerOptions): Promise<Recipe> {
  const report = options.report ?? (() => undefined);
  const attempts: unknown[] = [];
  for (const find of [findInstalled, () => findUnpacked(report)]) {
    try {
      return recipeFor(await find(), options);
    } catch (error) {
      attempts.push(error);
    }
  }
  try {
    return await containerRecipe(options, report);
  } catch (error) {
    throw await unavailable('mysql', [...attempts, error]);
  }
}

/** A file of statements that the server runs before it takes connections; one statement a line. */
export async function writeRootAccount(place: Place): Promise<string> {
  const file = join(place.folder, 'accounts.sql');
  const statements = [
    'set sql_log_bin = 0;',
    "create user if not exists 'root'@'127.0.0.1';",
    `alter user 'root'@'127.0.0.1' identified by '${place.password}';`,
    "grant all on *.* to 'root'@'127.0.0.1' with grant option;",
    `alter user 'root'@'localhost' identified by '${place.password}';`,
  ];
  await writeFile(file, `${statements.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Settings as `--name=value`. */
export function printSettings(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
}

/** Settings that tie a server to its place. */
export function placeSettings(place: Place): Record<string, string> {
  return {
    datadir: place.dataDir,
    port: String(place.port),
    // Servers that run at the same time on one machine have different ports, so this tells them apart.
    server_id: String(place.port),
    bind_address: '127.0.0.1',
    // A server that starts removes temporary tables it takes for its own leftovers; in a shared folder they are
    // others'.
    tmpdir: join(place.folder, 'tmp'),
    socket: join(place.folder, 'socket'),
    pid_file: join(place.folder, 'pid'),
    init_file: join(place.folder, 'accounts.sql'),
    ...(process.getuid?.() === 0 ? { user: 'root' } : {}),
  };
}

function recipeFor(program: Program, options: ServerOptions): Recipe {
  const chosen = options.settings ?? {};
  return {
    engine: 'mysql',
    client: clients.mysql,
    stopSignal: 'SIGTERM',
    discardSignal: 'SIGKILL',
    async initialise(place) {
      await writeRootAccount(place);
      await copyInto(await freshData(program, chosen), place.dataDir);
    },
    command: (place) => commandOf(program, { ...defaults, ...chosen, ...placeSettings(place) }),
  };
}

function commandOf(program: Program, settings: Readonly<Record<string, string>>): Command {
  const all = printSettings({ ...program.settings, skip_name_resolve: 'ON', ...settings });
  return { file: program.file, args: [...program.prefix, '--no-defaults', ...all] };
}

/** Initialising takes seconds, copying the outcome does not; the server's own identity is not part of the copy. */
async function freshData(program: Program, chosen: Readonly<Record<string, string>>): Promise<string> {
  const fixed = Object.fromEntries(Object.entries(chosen).filter(([name]) => settingsOfData.has(name)));
  const key = ['fresh-mysql', program.version, ...Object.entries(fixed).flat()].join('-').replaceAll(/[^\w.+-]/g, '_');
  const folder = await cached(`${key}.`, async (scratch) => {
    const data = join(scratch, 'data');
    await mkdir(data, { mode: 0o700 });
    const user: Record<string, string> = process.getuid?.() === 0 ? { user: 'root' } : {};
    const command = commandOf(program, { ...fixed, ...user, datadir: data });
    await runToEnd(command.file, [...command.args, '--initialize-insecure']);
    await rm(join(data, 'auto.cnf'), { force: true });
    return `${key}.data`;
  });
  return join(folder, 'data');
}

async function findInstalled(): Promise<Program> {
  const usual = ['/usr/sbin', '/usr/libexec', '/usr/local/mysql/bin', '/opt/homebrew/opt/mysql/bin'];
  for (const file of await findPrograms('mysqld', usual)) {
    const output = await runToEnd(file, ['--no-defaults', '--version']).catch(() => '');
    const version = /Ver (9\.[\d.]+)/.exec(output)?.[1];
    if (version === undefined || output.includes('MariaDB')) continue;
    return { version, file, prefix: [], settings: { secure_file_priv: '', mysqlx: 'OFF' } };
  }
  throw new Error('MySQL 9 is not installed');
}

async function findUnpacked(report: (message: string) => void): Promise<Program> {
  const wanted = { name: 'mysql', package: 'mysql-server-core', suite: 'sid' } as const;
  const { root, loader, libraryPath } = await unpackFromDebian(wanted, report);
  const file = join(root, 'usr/sbin/mysqld');
  return {
    version: root.slice(root.lastIndexOf('/mysql-') + '/mysql-'.length),
    file: loader,
    prefix: ['--library-path', libraryPath, file],
    settings: {
      basedir: dirname(dirname(file)),
      plugin_dir: join(root, 'usr/lib/mysql/plugin'),
      lc_messages_dir: join(root, 'usr/share/mysql'),
      character_sets_dir: join(root, 'usr/share/mysql/charsets'),
      secure_file_priv: '',
      mysqlx: 'OFF',
    },
  };
}

async function containerRecipe(options: ServerOptions, report: (message: string) => void): Promise<Recipe> {
  await requireDocker();
  const container = nameContainer();
  return {
    engine: 'mysql',
    client: clients.mysql,
    stopSignal: 'SIGTERM',
    discardSignal: 'SIGKILL',
    async initialise() {
      report(`fetching the image ${image.name}, once`);
      await runToEnd('docker', ['pull', '--quiet', image.name], { timeoutMs: 900_000 });
    },
    command: (place) => {
      const settings = printSettings({ ...defaults, server_id: String(place.port), ...options.settings });
      return { file: 'docker', args: dockerArguments(image, container, place, settings), container };
    },
  };
}
