import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { clients } from './clients.ts';
import { unpackFromDebian } from './debian.ts';
import { dockerArguments, type Image, nameContainer, requireDocker } from './docker.ts';
import { placeSettings, printSettings, writeRootAccount } from './mysql.ts';
import { type Command, feed, runToEnd } from './process.ts';
import { findPrograms } from './programs.ts';
import type { Place, Recipe, ServerOptions } from './server.ts';
import { unavailable } from './unavailable.ts';

/** How to run `mariadbd` here. */
interface Program {
  readonly file: string;
  /** Arguments that come before any other. */
  readonly prefix: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** The folder with the statements that make the system tables. */
  readonly share: string;
}

const defaults: Readonly<Record<string, string>> = {
  log_bin: 'binlog',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  gtid_strict_mode: 'ON',
  character_set_server: 'utf8mb4',
};

const image: Image = {
  name: 'mariadb:10.11',
  passwordVariable: 'MARIADB_ROOT_PASSWORD',
  dataPath: '/var/lib/mysql',
  port: 3306,
};

/** The scripts of `mariadb-install-db`, in its order, by the ends of names that differ between versions. */
const systemTables = [
  '_system_tables.sql',
  '_performance_tables.sql',
  '_system_tables_data.sql',
  'fill_help_tables.sql',
  'maria_add_gis_sp_bootstrap.sql',
  '_sys_schema.sql',
];

/**
 * Finds MariaDB: installed, else out of the machine's own Debian suite, else in a container. Throws
 * `ServerUnavailable`.
 */
export async function mariadbRecipe(options: ServerOptions): Promise<Recipe> {
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
    throw await unavailable('mariadb', [...attempts, error]);
  }
}

function recipeFor(program: Program, options: ServerOptions): Recipe {
  return {
    engine: 'mariadb',
    client: clients.mariadb,
    stopSignal: 'SIGTERM',
    discardSignal: 'SIGKILL',
    async initialise(place) {
      await writeRootAccount(place);
      await makeSystemTables(program, place);
    },
    command: (place) => commandOf(program, { ...defaults, ...options.settings, ...placeSettings(place) }),
  };
}

function commandOf(program: Program, settings: Readonly<Record<string, string>>): Command {
  const all = printSettings({ ...program.settings, skip_name_resolve: 'ON', ...settings });
  return { file: program.file, args: [...program.prefix, '--no-defaults', ...all] };
}

/** Does the work of `mariadb-install-db`, which can run neither another loader nor without a shell's tools. */
async function makeSystemTables(program: Program, place: Place): Promise<void> {
  const names = await readdir(program.share);
  const opening = [
    'create database mysql;',
    'use mysql;',
    'set @auth_root_socket = null;',
    'set @skip_auth_anonymous = 1;',
  ];
  const parts = [opening.join('\n')];
  for (const ending of systemTables) {
    const name = names.find((each) => each.endsWith(ending));
    if (name !== undefined) parts.push(await readFile(join(program.share, name), 'utf8'));
  }
  const { datadir = place.dataDir, user } = placeSettings(place);
  const quick = { log_warnings: '0', enforce_storage_engine: '', max_allowed_packet: '8M', net_buffer_length: '16K' };
  const command = commandOf(program, { ...quick, datadir, ...(user === undefined ? {} : { user }) });
  await feed({ ...command, args: [...command.args, '--bootstrap'] }, parts.join('\n'));
}

async function findInstalled(): Promise<Program> {
  const usual = ['/usr/sbin', '/usr/libexec', '/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin'];
  for (const file of [...(await findPrograms('mariadbd', usual)), ...(await findPrograms('mysqld', usual))]) {
    const output = await runToEnd(file, ['--no-defaults', '--version']).catch(() => '');
    const [, major = '0', minor = '0'] = /Ver (\d+)\.(\d+)[\d.]*-MariaDB/.exec(output) ?? [];
    if (Number(major) * 100 + Number(minor) < 1011) continue;
    const share = await findShare(dirname(dirname(file)));
    return { file, prefix: [], settings: { basedir: dirname(dirname(file)) }, share };
  }
  throw new Error('MariaDB 10.11 or newer is not installed');
}

async function findUnpacked(report: (message: string) => void): Promise<Program> {
  const wanted = { name: 'mariadb', package: 'mariadb-server-core', suite: 'own' } as const;
  const { root, loader, libraryPath } = await unpackFromDebian(wanted, report);
  const share = await findShare(join(root, 'usr'));
  return {
    file: loader,
    prefix: ['--library-path', libraryPath, join(root, 'usr/sbin/mariadbd')],
    settings: {
      basedir: join(root, 'usr'),
      plugin_dir: join(root, 'usr/lib/mysql/plugin'),
      lc_messages_dir: share,
      character_sets_dir: join(share, 'charsets'),
    },
    share,
  };
}

async function findShare(baseFolder: string): Promise<string> {
  for (const name of ['share/mysql', 'share/mariadb', 'share']) {
    const folder = join(baseFolder, name);
    const files = await readdir(folder).catch(() => []);
    if (files.some((file) => file.endsWith('_system_tables.sql'))) return folder;
  }
  throw new Error(`the statements for MariaDB's system tables are not under ${baseFolder}`);
}

async function containerRecipe(options: ServerOptions, report: (message: string) => void): Promise<Recipe> {
  await requireDocker();
  const container = nameContainer();
  return {
    engine: 'mariadb',
    client: clients.mariadb,
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
