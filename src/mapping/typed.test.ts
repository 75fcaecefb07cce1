import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { column, table } from '../../test/sample-schemas.ts';
import type { TableSchema } from '../model/schema.ts';
import { schemaFile } from './schema-file.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** A folder as a user would have it, in which `tandem-sync` means this checkout. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-typed-'));
  const modules = ['codecs', 'policies', 'tables', 'typed'].map(
    (name) => `export * from '${root}/src/mapping/${name}.ts';`,
  );
  await writeFile(join(folder, 'tandem-sync.ts'), modules.join('\n'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What tsc prints about the files of a folder, options as a user's project would have them. */
async function check(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const project = join(folder, name);
  await mkdir(project);
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
    paths: { 'tandem-sync': ['../tandem-sync.ts'] },
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(project, file), text);
  const tsc = join(root, 'node_modules/.bin/tsc');
  return run(tsc, ['-p', project, '--extendedDiagnostics', '--pretty', 'false'], { maxBuffer: 1e8 })
    .then(({ stdout }) => stdout)
    .catch((failed: { readonly stdout: string }) => failed.stdout);
}

const mistakes: readonly {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly message: string;
}[] = [
  {
    name: 'a misspelt column',
    from: "username: 'user_name'",
    to: "username: 'user_nam'",
    message: `Did you mean '"user_name"'?`,
  },
  {
    name: 'values that differ',
    from: "status: via('account_status', titleCase())",
    to: "status: 'account_status'",
    message:
      '"status is one of active|inactive|suspended, account_status is one of Active|Inactive|Suspended. ' +
      `Write status: via('account_status', <codec>)"`,
  },
  {
    name: 'kinds that differ',
    from: "created_at: 'created_at'",
    to: "created_at: 'id'",
    message: `"created_at is timestamp, id is int. Write created_at: via('id', <codec>)"`,
  },
  {
    name: 'a column left out',
    from: "email: 'email_address',",
    to: '',
    message: `"left column 'email' is NOT NULL without a default: map it, or skip({ onInsert })"`,
  },
  {
    name: 'NULL on one side',
    from: "full_name: 'display_name'",
    to: "full_name: 'email_address'",
    message: `"full_name may be NULL, email_address may not. Write full_name: via('email_address', nullAs(...))"`,
  },
  {
    name: 'a value that the other side does not know',
    from: 'titleCase()',
    to: "enumMap({ active: 'Activ', inactive: 'Inactive', suspended: 'Suspended' })",
    message: `Did you mean '"Active"'?`,
  },
  {
    name: 'a value without a counterpart',
    from: 'titleCase()',
    to: "enumMap({ active: 'Active', inactive: 'Inactive' })",
    message: `Type '"suspended"' is not assignable to type '"active" | "inactive"'`,
  },
  {
    name: 'a codec of another type',
    from: "username: 'user_name'",
    to: "username: via('user_name', codec('length', { toRight: (a: string) => a.length, toLeft: String }))",
    message: `Type 'number' is not assignable to type 'string'`,
  },
];

describe('the compiler', { timeout: 120_000 }, () => {
  it('accepts the sample and names every one of eight mistakes', async () => {
    const config = await readFile(join(root, 'examples/sample/tandem.config.ts'), 'utf8');
    const schema = await readFile(join(root, 'examples/sample/tandem.schema.ts'), 'utf8');
    const imports = config.replace('import { ', 'import { codec, enumMap, ');
    const files = mistakes.map(({ from, to }, at) => [`mistake-${at}.ts`, imports.replace(from, to)]);
    const printed = await check('mistakes', {
      'tandem.schema.ts': schema,
      'sound.ts': config,
      ...Object.fromEntries(files),
    });
    expect(printed).not.toContain('sound.ts(');
    for (const [at, { name, message }] of mistakes.entries()) {
      const own = printed.split(/^(?=\S+\.ts\()/m).filter((error) => error.includes(`mistake-${at}.ts(`));
      expect(own.join('\n'), name).toContain(message);
    }
  });

  it('takes 200 links of 30 columns', async () => {
    const left = manyTables('public', 200, 30);
    const right = manyTables('app', 200, 30);
    const links = left.map(({ ref, columns }) => {
      const entries = columns.map(({ name }) => `${name}: '${name}'`);
      return `${ref.table}: link(left.${ref.table}, right.${ref.table}, { columns: { ${entries.join(', ')} } }),`;
    });
    const printed = await check('scale', {
      'tandem.schema.ts': schemaFile({
        left: { engine: 'postgres', label: 'left', tables: left },
        right: { engine: 'mysql', label: 'right', tables: right },
      }),
      'tandem.config.ts': [
        "import { defineConfig, link, mysql, postgres } from 'tandem-sync';",
        "import { left, right } from './tandem.schema.ts';",
        "export default defineConfig({ left: postgres({ url: '' }), right: mysql({ url: '' }), links: {",
        ...links,
        '} });',
      ].join('\n'),
    });
    expect(printed).not.toContain('error TS');
    const facts = printed.split('\n').filter((line) => /^(Instantiations|Memory used|Total time)/.test(line));
    console.log(`200 links of 30 columns: ${facts.map((line) => line.replaceAll(/\s+/g, ' ')).join(', ')}`);
    const instantiations = Number(/Instantiations:\s+(\d+)/.exec(printed)?.[1]);
    expect(instantiations).toBeLessThan(5_000_000);
  });
});

function manyTables(schema: string, tables: number, columns: number): readonly TableSchema[] {
  return Array.from({ length: tables }, (_, at) =>
    table(schema, `t${at}`, [
      column('id', 'bigint', { kind: 'bigint', auto: true }),
      ...Array.from({ length: columns - 1 }, (_, index) =>
        index % 3 === 0
          ? column(`c${index}`, 'varchar(20)', { values: ['a', 'b', 'c'] })
          : column(`c${index}`, 'text', { nullable: index % 2 === 0 }),
      ),
    ]),
  );
}
