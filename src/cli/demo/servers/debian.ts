import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { runToEnd } from './process.ts';
import { findPrograms } from './programs.ts';
import { readSystem } from './unavailable.ts';

/** A server unpacked with all the libraries it needs, the C library and its loader included. */
export interface Unpacked {
  readonly root: string;
  readonly loader: string;
  readonly libraryPath: string;
}

/** Which of Debian's packages to unpack, and from which of its suites. */
export interface Wanted {
  /** The name under which the cache keeps it. */
  readonly name: string;
  readonly package: string;
  /** `own`: the suite of the machine. `sid`: Debian's unstable suite, for what no stable one has. */
  readonly suite: 'own' | 'sid';
}

/** One entry of the machine's package sources, as the fields of a deb822 stanza. */
type Stanza = Readonly<Record<string, string>>;

const notNeeded = ['usr/bin', 'usr/share/doc', 'usr/share/man', 'usr/share/perl', 'usr/share/locale'];

/**
 * Takes a server out of Debian's archive without installing anything: apt resolves, fetches and verifies in folders of
 * our own, starting from an empty list of installed packages, and the packages are unpacked into the cache. No root
 * needed. Throws where this is not Debian, or not for that suite, or the archive is out of reach.
 */
export async function unpackFromDebian(wanted: Wanted, report: (message: string) => void): Promise<Unpacked> {
  const root = await cached(`${wanted.name}-`, async (scratch) => {
    const sources = await sourcesFor(wanted.suite);
    if ((await findPrograms('apt-get')).length === 0) throw new Error('apt-get is not on the PATH');
    report(`fetching ${wanted.name} from the Debian archive, once`);
    const work = await mkdtemp(join(tmpdir(), 'tandem-apt-'));
    try {
      const packages = await download(wanted.package, sources, work);
      for (const file of packages) await runToEnd('dpkg', ['-x', file, scratch]);
      for (const folder of notNeeded) await rm(join(scratch, folder), { recursive: true, force: true });
      return `${wanted.name}-${versionIn(packages, wanted.package)}`;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return { root, ...(await findLoader(root)) };
}

async function download(name: string, sources: readonly Stanza[], work: string): Promise<string[]> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'none']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  await writeFile(join(work, 'status'), '');
  await writeFile(join(work, 'ours.sources'), sources.map(printStanza).join('\n'));
  const settings = join(work, 'apt.conf');
  await writeFile(settings, aptSettings(work));
  await runToEnd('apt-get', ['-c', settings, '-qq', 'update']);
  await runToEnd('apt-get', ['-c', settings, '-qq', '-y', '--download-only', 'install', name]);
  const archives = join(work, 'cache/archives');
  return (await readdir(archives)).filter((file) => file.endsWith('.deb')).map((file) => join(archives, file));
}

function aptSettings(work: string): string {
  return `
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
Dir::State::lists "${work}/lists";
Dir::State::status "${work}/status";
Dir::State::extended_states "${work}/extended_states";
Dir::Cache "${work}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "${work}/ours.sources";
Dir::Etc::sourceparts "${work}/none";
Dir::Etc::preferences "${work}/none/preferences";
Dir::Etc::preferencesparts "${work}/none";
Dir::Log "${work}";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
`;
}

/** The machine's own package sources, narrowed to its own release, or turned to the unstable suite. */
async function sourcesFor(suite: Wanted['suite']): Promise<Stanza[]> {
  const { ids, codename } = await readSystem();
  if (!ids.includes('debian') || codename === '') throw new Error('this system does not use Debian packages');
  if (suite === 'sid' && ids[0] !== 'debian') throw new Error(`${ids[0]} has no access to Debian's unstable suite`);
  const all = await readSources();
  if (suite === 'sid') {
    const main = all.find((stanza) => words(stanza['Suites']).includes(codename));
    if (main === undefined) throw new Error(`no package source for ${codename} in /etc/apt`);
    return [{ ...main, Suites: 'sid', Components: 'main' }];
  }
  const known = new Set([codename, `${codename}-updates`, `${codename}-security`]);
  const own = all
    .map((stanza) => ({
      ...stanza,
      Suites: words(stanza['Suites'])
        .filter((name) => known.has(name))
        .join(' '),
    }))
    .filter((stanza) => stanza.Suites !== '');
  if (own.length === 0) throw new Error(`no package source for ${codename} in /etc/apt`);
  return own;
}

async function readSources(): Promise<Stanza[]> {
  const folder = '/etc/apt/sources.list.d';
  const names: string[] = await readdir(folder).catch(() => []);
  const stanzas: Stanza[] = [];
  for (const file of ['/etc/apt/sources.list', ...names.toSorted().map((name) => join(folder, name))]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) stanzas.push(...parseStanzas(text));
    else if (file.endsWith('.list')) stanzas.push(...parseLines(text));
  }
  return stanzas.filter((stanza) => words(stanza['Types']).includes('deb') && stanza['Enabled'] !== 'no');
}

/** Reads the format of `*.sources` files: stanzas of `Key: value`, where an indented line continues the value. */
export function parseStanzas(text: string): Stanza[] {
  const stanzas = text.split(/\n\s*\n/).map((block) => {
    const fields: Record<string, string> = {};
    let key = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field !== null) fields[(key = field[1] ?? '')] = field[2] ?? '';
      else if (/^\s+\S/.test(line) && key !== '') fields[key] += `\n${line}`;
    }
    return fields;
  });
  return stanzas.filter((stanza) => 'URIs' in stanza);
}

/** Reads the one-line format: `deb [option=value ...] address suite component...`. */
export function parseLines(text: string): Stanza[] {
  const stanzas: Stanza[] = [];
  for (const line of text.split('\n')) {
    const found = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
    if (found === null) continue;
    const [, options = '', uri = '', suite = '', components = ''] = found;
    const stanza: Record<string, string> = { Types: 'deb', URIs: uri, Suites: suite, Components: components.trim() };
    const fieldNames: Record<string, string> = { 'signed-by': 'Signed-By', trusted: 'Trusted', arch: 'Architectures' };
    for (const option of words(options)) {
      const [key = '', value = ''] = option.split('=');
      const fieldName = fieldNames[key];
      if (fieldName !== undefined) stanza[fieldName] = value;
    }
    stanzas.push(stanza);
  }
  return stanzas;
}

function printStanza(stanza: Stanza): string {
  const fields = Object.entries(stanza).map(([key, value]) => `${key}: ${value}\n`);
  return fields.join('');
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

function versionIn(files: readonly string[], name: string): string {
  const file = files.map((path) => path.slice(path.lastIndexOf('/') + 1)).find((path) => path.startsWith(`${name}_`));
  const version = file?.split('_')[1];
  if (version === undefined) throw new Error(`apt did not fetch ${name}`);
  // The epoch, as in 1%3a10.11.14, is no part of the version that users know.
  return version.replace(/^\d+%3a/, '');
}

async function findLoader(root: string): Promise<Omit<Unpacked, 'root'>> {
  const folders: string[] = [];
  for (const parent of ['lib', 'usr/lib']) {
    const names = await readdir(join(root, parent)).catch(() => []);
    folders.push(...names.filter((name) => name.includes('-linux-gnu')).map((name) => join(root, parent, name)));
  }
  for (const folder of folders) {
    const loader = (await readdir(folder)).find((name) => name.startsWith('ld-linux'));
    if (loader !== undefined) return { loader: join(folder, loader), libraryPath: folders.join(':') };
  }
  throw new Error(`no program loader among the packages in ${root}`);
}
