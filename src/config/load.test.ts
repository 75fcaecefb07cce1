import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Declaration } from '../mapping/declaration.ts';
import { byColumns, delta, newestWins, park, perColumn, sideWins } from '../mapping/policies.ts';
import { yamlConfig } from '../mapping/write-yaml.ts';
import { SYNC_NAME_WORDS } from '../mapping/declaration.ts';
import { frameOf, helpOf } from './frames.ts';
import { type Loaded, type LoadOptions, loadConfig } from './load.ts';

const examples = resolve(import.meta.dirname, '../../examples/sample');
const env = { LEFT_URL: 'postgres://tandem:pa55@legacy/db', RIGHT_URL: 'mysql://tandem:pa55@revamp/db' };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-config-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Loads a text as the only configuration of a folder. */
async function load(text: string, name = 'tandem.yaml', options: Partial<LoadOptions> = {}): Promise<Loaded> {
  const cwd = await mkdtemp(join(folder, 'case-'));
  await writeFile(join(cwd, name), text);
  return loadConfig({ cwd, env, ...options });
}

const SOUND = `left: { engine: postgres, url: '\${env:LEFT_URL}' }
right: { engine: mysql, url: '\${env:RIGHT_URL}' }
links:
  users:
    left: users
    right: members
    columns:
      id: id
      status: { to: state, codec: titleCase }
`;

const frames = ({ findings, source }: Loaded): string =>
  findings
    .map((finding) =>
      [`${finding.severity}[${finding.code}]: ${finding.message}`, frameOf(finding, source), ...helpOf(finding)].join(
        '\n',
      ),
    )
    .join('\n\n');

describe('the sample', () => {
  const urls = { LEGACY_DATABASE_URL: env.LEFT_URL, REVAMP_DATABASE_URL: env.RIGHT_URL };

  it('is one tree, whichever front it comes from', async () => {
    const typescript = await loadConfig({ cwd: examples, env: urls });
    const yaml = await loadConfig({ cwd: examples, file: 'tandem.yaml', env: urls });
    expect(typescript.source.file).toBe('tandem.config.ts');
    expect(typescript.findings).toEqual([]);
    expect(yaml.findings).toEqual([]);
    // Functions are compared by what they were made of.
    const plain = ({ declaration }: Loaded): unknown => JSON.parse(JSON.stringify(declaration));
    expect(plain(yaml)).toEqual(plain(typescript));
    expect(yaml.declaration?.links['users']?.columns['status']).toMatchObject({ codec: { spec: 'titleCase' } });
  });

  it('keeps its secrets out of what may be printed', async () => {
    const { declaration, written } = await loadConfig({ cwd: examples, env: urls });
    expect(declaration?.left.url).toBe(env.LEFT_URL);
    expect(written?.left.url).toBe('${env:LEGACY_DATABASE_URL}');
  });
});

describe('a configuration', () => {
  it.each(['Main', 'web-shop', '1st', 'é', '', 'x'.repeat(41)])(
    'cannot be called %j, on either front',
    async (name) => {
      const typescript = `export default { name: ${JSON.stringify(name)}, left: { engine: 'postgres', url: 'a' },
      right: { engine: 'mysql', url: 'b' }, links: {} };`;
      const loaded = [
        await load(`name: ${JSON.stringify(name)}\n${SOUND}`),
        await load(typescript, 'tandem.config.ts'),
      ];
      for (const { findings, declaration } of loaded) {
        expect(declaration).toBeNull();
        expect(findings).toMatchObject([{ code: 'TD1002', path: ['name'], expected: SYNC_NAME_WORDS }]);
      }
    },
  );

  it('that is not there is an error of its own', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'tandem-empty-'));
    await expect(loadConfig({ cwd: empty, env })).rejects.toMatchObject({ code: 'TD1001' });
    await expect(loadConfig({ cwd: empty, file: 'x.yaml', env })).rejects.toMatchObject({ code: 'TD1001' });
    await rm(empty, { recursive: true });
  });

  it('has defaults for what is not said', async () => {
    const { declaration } = await load(SOUND);
    expect(declaration).toMatchObject({ name: 'main', home: 'left', defaults: {} });
  });

  it('says all that YAML can say', async () => {
    await writeFile(
      join(folder, 'own.ts'),
      `import { codec } from 'tandem-sync';
       export const cents = codec('cents', { toRight: (a: string) => BigInt(a), toLeft: String });
       export const pair = { toRight: (a: string) => a, toLeft: (b: string) => b };
       export const decide = () => 'left' as const;
       export const recent = (row: { year: number }): boolean => row.year > 2000;`,
    );
    const { declaration, findings } = await load(`version: 1
name: all
left: { engine: postgres, url: '\${env:LEFT_URL}', tls: { ca: '\${env:LEFT_URL}', verify: false } }
right: { engine: mariadb, url: '\${env:RIGHT_URL}', label: new, stateSchema: sync }
home: right
defaults: { conflict: { side: left }, direction: both, deletes: ignore, keys: { shared: { left: odd, right: even } } }
limits: { batchRows: 100 }
links:
  a:
    left: a
    right: b
    key: [id]
    conflict: { custom: ../own.ts#decide }
    where: { left: ../own.ts#recent, right: { live: true } }
    leftOnly: { tenant: 1 }
    columns:
      id: id
      one: { to: one, direction: toRight }
      two: { to: two, codec: { enumMap: { a: A } } }
      three: { to: three, codec: { flip: { nullAs: none } } }
      four: { to: four, codec: ../own.ts#cents }
      five: { to: five, codec: ../own.ts#pair }
      six: { to: six, codec: { epoch: ms } }
      seven: { skip: true, onInsert: x }
`);
    expect(findings).toEqual([]);
    expect(declaration).toMatchSnapshot();
    const link = declaration?.links['a'];
    expect(link?.columns['four']).toMatchObject({ codec: { name: 'cents', spec: { own: '../own.ts#cents' } } });
  });

  it('says who wins conflicts in the same words on both fronts', async () => {
    const yaml = (conflict: string) => SOUND.replace('    left: users', `    conflict: ${conflict}\n    left: users`);
    const policies = [
      ['newest', newestWins()],
      ['{ newest: at }', newestWins('at')],
      ['park', park()],
      ['perColumn', perColumn()],
      ['{ perColumn: { side: left } }', perColumn(sideWins('left'))],
      [
        '{ columns: [{ columns: [a], policy: delta }] }',
        byColumns(newestWins(), [{ columns: ['a'], policy: delta() }]),
      ],
      [
        '{ default: park, columns: [{ columns: [a, b], policy: { side: right } }, { columns: [c], policy: newest }] }',
        byColumns(park(), [
          { columns: ['a', 'b'], policy: sideWins('right') },
          { columns: ['c'], policy: newestWins() },
        ]),
      ],
    ] as const;
    for (const [words, policy] of policies) {
      const { declaration, findings } = await load(yaml(words));
      expect(findings).toEqual([]);
      expect(declaration?.links['users']?.conflict).toEqual(policy);
      const written = await load(yamlConfig(declaration as Declaration));
      expect(written.declaration?.links['users']?.conflict).toEqual(policy);
    }
    const wrong = await load(yaml('{ columns: [{ columns: [a], policy: dleta }] }'));
    expect(wrong.findings[0]).toMatchObject({ code: 'TD1002', path: expect.arrayContaining(['policy']) });
  });

  it.each([
    ['tandem.config.ts', 'const url: string = process.version; export default { url };'],
    ['tandem.config.js', 'export default { left: 5 };'],
  ])('in code is held to the same shape: %s', async (name, text) => {
    const { declaration, findings } = await load(text, name);
    expect(declaration).toBeNull();
    expect(findings).toContainEqual(expect.objectContaining({ code: 'TD1002', message: "'right' is missing" }));
  });

  it('in code that does not load says why, and nothing is assumed instead', async () => {
    const thrown = await load("throw new Error('no such thing');", 'tandem.config.ts');
    expect(thrown.findings).toMatchObject([{ code: 'TD1002', message: expect.stringContaining('no such thing') }]);
    const empty = await load('export const x = 1;', 'tandem.config.ts');
    expect(empty.findings).toMatchObject([{ code: 'TD1002', message: expect.stringContaining('no default export') }]);
    expect(empty.declaration).toBeNull();
  });
});

describe('secrets', () => {
  it('come from variables, from --env-file and from files', async () => {
    await writeFile(join(folder, 'secret.env'), 'RIGHT_URL=mysql://file/db\nLEFT_URL=ignored\n');
    await writeFile(join(folder, 'password'), 'pa55\n');
    const text = SOUND.replace('${env:LEFT_URL}', 'postgres://tandem:${file:../password}@legacy/db');
    const { declaration, findings } = await load(text, 'tandem.yaml', {
      env: { LEFT_URL: 'x' },
      envFile: '../secret.env',
    });
    expect(findings).toEqual([]);
    expect(declaration?.left.url).toBe('postgres://tandem:pa55@legacy/db');
    expect(declaration?.right.url).toBe('mysql://file/db');
  });

  it('that are missing are named', async () => {
    const text = SOUND.replace('${env:LEFT_URL}', 'postgres://${file:nowhere}@h/db');
    const { declaration, findings } = await load(text, 'tandem.yaml', { env: {} });
    expect(declaration).toBeNull();
    expect(findings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'TD1003 the file nowhere is not there or empty',
      'TD1003 the environment variable RIGHT_URL is not set',
    ]);
    await expect(load(SOUND, 'tandem.yaml', { envFile: 'nowhere' })).rejects.toMatchObject({ code: 'TD1003' });
  });

  it('written into the file are a warning that does not repeat them', async () => {
    const loaded = await load(SOUND.replace('${env:LEFT_URL}', 'postgres://tandem:pa55word@legacy/db'));
    expect(loaded.findings).toMatchObject([{ code: 'TD1201', severity: 'warning' }]);
    expect(loaded.declaration).not.toBeNull();
    expect(frames(loaded)).not.toContain('pa55word');
  });

  it('never show up when a url does not fit its engine', async () => {
    const loaded = await load(SOUND.replace('${env:LEFT_URL}', '${env:RIGHT_URL}'));
    expect(loaded.findings).toMatchObject([{ code: 'TD1002', path: ['left', 'url'] }]);
    expect(frames(loaded) + JSON.stringify(loaded.findings)).not.toContain('pa55');
  });
});

describe('mistakes', () => {
  it('are all reported, each at its place', async () => {
    const wrong = SOUND.replace('engine: mysql', 'engine: mysq')
      .replace('titleCase', 'titelCase')
      .replace('    left: users', '    left: 5\n    colums: {}\n    conflict: { newst: a }')
      .replace('links:', 'defaults: { keys: { shared: { left: odd } }, deletes: maybe }\nlinks:');
    expect(frames(await load(wrong))).toMatchSnapshot();
  });

  it('of YAML itself are shown where they are', async () => {
    expect(frames(await load('left: {\nright: [\n'))).toMatchSnapshot();
    expect(frames(await load(`${SOUND}links: {}\n`))).toMatchSnapshot();
  });

  it('in references lead to the reference', async () => {
    await writeFile(join(folder, 'half.ts'), 'export const half = { toRight: (a: string) => a };');
    const text = SOUND.replace('titleCase', '../half.ts#half').replace(
      '      id: id',
      '      id: { to: id, codec: ./nowhere.ts#x }',
    );
    expect(frames(await load(text)).replaceAll(/\/\S*\/case-\w+/g, '')).toMatchSnapshot();
  });

  it('in code are found by the names of properties', async () => {
    const text = `import { defineConfig } from 'tandem-sync';
export default defineConfig({
  left: { engine: 'postgres', url: '\${env:LEFT_URL}' },
  right: { engine: 'mysq', url: '\${env:RIGHT_URL}' },
  links: {
    users: {
      left: 'users',
      right: 'members',
      columns: {
        id: 'id',
        'status': { to: 'state', codex: 1 },
      },
    },
  },
});
`;
    expect(frames(await load(text, 'tandem.config.mts'))).toMatchSnapshot();
  });
});

describe('a file that is sound', () => {
  it('keeps the order of links and columns', async () => {
    const { declaration } = await load(SOUND);
    expect(Object.keys((declaration as Declaration).links['users']?.columns ?? {})).toEqual(['id', 'status']);
    expect(await readFile(join(examples, 'tandem.yaml'), 'utf8')).toContain('yaml-language-server');
  });
});
