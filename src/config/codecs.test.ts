import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { codecImports, codecOf, codecSource } from '../mapping/codec-spec.ts';
import type { CodecSpec, Declaration } from '../mapping/declaration.ts';
import { yamlConfig } from '../mapping/write-yaml.ts';
import { loadConfig, type Loaded } from './load.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-codecs-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function load(name: string, text: string): Promise<Loaded> {
  const cwd = await mkdtemp(join(folder, 'case-'));
  await writeFile(join(cwd, name), text);
  return loadConfig({ cwd, env: {} });
}

function specOf({ declaration }: Loaded): CodecSpec | undefined {
  const column = declaration?.links['a']?.columns['x'];
  return typeof column === 'object' && 'to' in column ? column.codec?.spec : undefined;
}

const codecs: readonly (readonly [words: string, spec: CodecSpec])[] = [
  ['titleCase', 'titleCase'],
  ['stripNul', 'stripNul'],
  ['truthy', 'truthy'],
  ['rounded', 'rounded'],
  ['emptyAsNull', 'emptyAsNull'],
  ['{ flip: swappedUuid }', { flip: 'swappedUuid' }],
  ['{ enumMap: { a: A, "b c": B } }', { enumMap: { a: 'A', 'b c': 'B' } }],
  ['{ nullAs: none }', { nullAs: 'none' }],
  ['{ epoch: ms }', { epoch: 'ms' }],
  ['{ zeroDateAs: null }', { zeroDateAs: null }],
  ['{ flip: { zeroDateAs: 0001-01-01 } }', { flip: { zeroDateAs: '0001-01-01' } }],
  [
    '{ infinityAs: { infinity: 9999-12-31, -infinity: null } }',
    { infinityAs: { infinity: '9999-12-31', '-infinity': null } },
  ],
  [
    '{ zeroDateAs: null, others: { timeZone: Asia/Kolkata } }',
    { zeroDateAs: null, others: { timeZone: 'Asia/Kolkata' } },
  ],
  [
    '{ flip: { infinityAs: { infinity: null }, others: { flip: { zeroDateAs: 0001-01-01 } } } }',
    { flip: { infinityAs: { infinity: null }, others: { flip: { zeroDateAs: '0001-01-01' } } } },
  ],
  ['{ timeZone: Asia/Kolkata }', { timeZone: 'Asia/Kolkata' }],
  [
    '{ timeZone: { zone: Europe/Berlin, clockChanges: earlier } }',
    { timeZone: { zone: 'Europe/Berlin', clockChanges: 'earlier' } },
  ],
];

it.each(codecs)('%s is one codec, whichever front it comes from, and is written as it is read', async (words, spec) => {
  const yaml = await load(
    'tandem.yaml',
    `left: { engine: postgres, url: 'postgres://u@h/a' }
right: { engine: mysql, url: 'mysql://u@h/b' }
links: { a: { left: a, right: b, columns: { x: { to: y, codec: ${words} } } } }`,
  );
  expect(yaml.findings).toEqual([]);
  expect(specOf(yaml)).toEqual(spec);
  const typescript = await load(
    'tandem.config.ts',
    `import { ${[...new Set(codecImports(spec))].join(', ')} } from 'tandem-sync';
export default {
  left: { engine: 'postgres', url: 'postgres://u@h/a' }, right: { engine: 'mysql', url: 'mysql://u@h/b' },
  links: { a: { left: 'a', right: 'b', columns: { x: { to: 'y', codec: ${codecSource(spec)} } } } } };`,
  );
  expect(typescript.findings).toEqual([]);
  expect(specOf(typescript)).toEqual(spec);
  expect(specOf(await load('tandem.yaml', yamlConfig(yaml.declaration as Declaration)))).toEqual(spec);
  expect(codecOf(spec).spec).toEqual(spec);
});

it.each([
  ['{ zeroDateAs: 0 }'],
  ['{ infinityAs: { infinite: null } }'],
  ['{ timeZone: { zone: Europe/Berlin } }'],
  ['{ timeZone: { zone: Europe/Berlin, clockChanges: sometimes } }'],
  ['truthful'],
])('%s is no codec', async (words) => {
  const { findings } = await load(
    'tandem.yaml',
    `left: { engine: postgres, url: 'postgres://u@h/a' }
right: { engine: mysql, url: 'mysql://u@h/b' }
links: { a: { left: a, right: b, columns: { x: { to: y, codec: ${words} } } } }`,
  );
  expect(findings).toMatchObject([{ code: 'TD1002', severity: 'error' }]);
});
