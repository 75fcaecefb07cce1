import { describe, expect, it } from 'vitest';
import * as rules from './layers/rules.ts';
import { parseSource, readSources, type Source } from './layers/source.ts';

// The shape of the code, checked like any other behaviour. The first half looks at the real sources; the second proves
// that every rule can fail, on small made-up ones.

const sources = readSources(['src', 'test', 'bench']);

function expectNone(found: readonly string[]): void {
  expect(found, `\n${found.join('\n')}\n`).toEqual([]);
}

describe('the code', () => {
  it('imports only inwards', () => expectNone(rules.imports(sources)));
  it('has no import circles, types included', () => expectNone(rules.cycles(sources)));
  it('re-exports only in src/index.ts', () => expectNone(rules.reExports(sources)));
  it('has functions of at most 70 lines', () => expectNone(rules.functionSizes(sources)));
  it('has files of at most 400 lines', () => expectNone(rules.fileSizes(sources)));
  it('has lines of at most 120 characters', () => expectNone(rules.lineWidths(sources)));
  it('names files after their subject, in kebab-case', () => expectNone(rules.fileNames(sources)));
  it('names functions and types after their subject', () => expectNone(rules.declaredNames(sources)));
  it('takes time, chance, environment and terminal only at the edges', () => expectNone(rules.edgesOnly(sources)));
  it('ends the process only in cli/', () => expectNone(rules.exits(sources)));
  it('has no dead files', () => expectNone(rules.deadFiles(sources)));
});

describe('the rules', () => {
  function made(files: Record<string, string>): Source[] {
    return Object.entries(files).map(([path, text]) => parseSource(path, text));
  }

  it.each([
    ['src/model/a.ts', "import '../arbiter/b.ts';"],
    ['src/model/a.ts', "import { x } from 'node:crypto';"],
    ['src/mapping/a.ts', "import type { X } from '../arbiter/b.ts';"],
    ['src/arbiter/a.ts', "export type X = import('../pipeline/b.ts').X;"],
    ['src/pipeline/map/a.ts', "import '../../mapping/b.ts';"],
    ['src/pipeline/map/a.ts', "import '../apply/b.ts';"],
    ['src/pipeline/a.ts', 'export const x = 1;'],
    ['src/databases/mysql/a.ts', "import '../postgres/b.ts';"],
    ['src/databases/mysql/a.ts', "import '../index.ts';"],
    ['src/databases/mysql/a.ts', "import '../../arbiter/b.ts';"],
    ['src/databases/index.ts', "import '../mapping/b.ts';"],
    ['src/transports/direct.ts', "import './kafka/source.ts';"],
    ['src/transports/kafka/a.ts', "import '../../databases/index.ts';"],
    ['src/config/a.ts', "import '../databases/mysql/config.ts';"],
    ['src/config/a.ts', "import '../transports/kafka/source.ts';"],
    ['src/engine/a.ts', "import '../jobs/b.ts';"],
    ['src/jobs/a.ts', "const x = await import('../server/b.ts');"],
    ['src/server/a.ts', "import '../databases/index.ts';"],
    ['src/server/dashboard/a.ts', "import '../../cli/b.ts';"],
    ['src/cli/a.ts', "import '../index.ts';"],
    ['src/cli/a.ts', "import '../../test/b.ts';"],
    ['src/elsewhere/a.ts', 'export const x = 1;'],
  ])('see that %s must not say %s', (path, text) => {
    expect(rules.imports(made({ [path]: text }))).toEqual([expect.stringContaining(`${path}:1 `)]);
  });

  it.each([
    ['src/index.ts', "export { x } from './cli/main.ts';"],
    ['src/databases/index.ts', "const x = () => import('./mysql/index.ts');"],
    ['src/databases/mysql/a.ts', "import { x } from './b.ts'; import pg from 'pg'; import '../../model/c.ts';"],
    ['src/config/a.ts', "import '../databases/index.ts'; import '../transports/kafka/config.ts';"],
    ['src/pipeline/decide/a.ts', "import '../lane/b.ts'; import '../../arbiter/c.ts';"],
    ['src/pipeline/map/a.test.ts', "import '../../engine/b.ts';"],
  ])('see that %s may say %s', (path, text) => {
    expect(rules.imports(made({ [path]: text }))).toEqual([]);
  });

  it('see circles, also of types and across three files', () => {
    const files = made({
      'src/model/a.ts': "import type { B } from './b.ts';",
      'src/model/b.ts': "import { c } from './c.ts';",
      'src/model/c.ts': "\nconst a = () => import('./a.ts');",
    });
    const circle = 'src/model/a.ts -> src/model/b.ts -> src/model/c.ts -> src/model/a.ts';
    expect(rules.cycles(files)).toEqual([expect.stringContaining(`src/model/c.ts:2 closes a circle: ${circle}`)]);
  });

  it('see re-exports', () => {
    const text = "export * from './b.ts';\nexport { c } from './c.ts';\nexport type { D } from './d.ts';";
    expect(rules.reExports(made({ 'src/model/a.ts': text }))).toHaveLength(3);
    expect(rules.reExports(made({ 'src/index.ts': text }))).toEqual([]);
  });

  it('see long functions, long files and wide lines', () => {
    const long = (lines: number): string => `\nexport const f = () => {\n${'f();\n'.repeat(lines - 2)}};\n`;
    expect(rules.functionSizes(made({ 'src/model/a.ts': long(70) }))).toEqual([]);
    expect(rules.functionSizes(made({ 'src/model/a.ts': long(71) }))).toEqual([expect.stringContaining('a.ts:2 ')]);
    expect(rules.fileSizes(made({ 'src/model/a.ts': 'f();\n'.repeat(400) }))).toEqual([]);
    expect(rules.fileSizes(made({ 'src/model/a.ts': 'f();\n'.repeat(401) }))).toHaveLength(1);
    expect(rules.lineWidths(made({ 'test/a.ts': `\n//${'x'.repeat(118)}` }))).toEqual([]);
    expect(rules.lineWidths(made({ 'test/a.ts': `\n//${'x'.repeat(119)}` }))).toEqual([
      expect.stringContaining('test/a.ts:2 '),
    ]);
  });

  it.each(['src/model/utils.ts', 'src/common/a.ts', 'test/row-helpers.ts', 'src/model/rowMap.ts', 'bench/base.ts'])(
    'see that %s is a bad file name',
    (path) => expect(rules.fileNames(made({ [path]: '' }))).toHaveLength(1),
  );

  it.each([
    'export class LaneManager {}',
    'export interface IRow {}',
    'export class RowImpl {}',
    'function rowHelper() {}',
    'const miscRows = () => 1;',
    'type AbstractRow = string;',
  ])('see the bad name in: %s', (text) => {
    expect(rules.declaredNames(made({ 'src/model/a.ts': text }))).toHaveLength(1);
  });

  it('accept good names that look like bad ones', () => {
    const text = 'interface Identity {}\ninterface ID {}\nfunction databaseName() {}\nconst base = 1;';
    expect(rules.declaredNames(made({ 'src/model/a.ts': text }))).toEqual([]);
  });

  it.each([
    'process.env.HOME;',
    "process.env['HOME'];",
    "console.log('');",
    'Date.now();',
    'new Date();',
    'performance.now();',
    'Math.random();',
    'setTimeout(f, 1);',
    'setInterval(f, 1);',
    'globalThis.process.env.HOME;',
    "import { setTimeout } from 'node:timers/promises';",
  ])('see that only the edges may say %s', (text) => {
    expect(rules.edgesOnly(made({ 'src/engine/retry.ts': text }))).toEqual([
      expect.stringContaining('src/engine/retry.ts:1 uses '),
    ]);
    for (const path of ['src/cli/a.ts', 'src/config/load.ts', 'src/engine/context.ts', 'src/engine/retry.test.ts']) {
      expect(rules.edgesOnly(made({ [path]: text }))).toEqual([]);
    }
  });

  it('accept a date made from a number', () => {
    expect(rules.edgesOnly(made({ 'src/model/a.ts': 'new Date(0);' }))).toEqual([]);
  });

  it('see who ends the process', () => {
    expect(rules.exits(made({ 'src/config/load.ts': 'process.exit(1);' }))).toHaveLength(1);
    expect(rules.exits(made({ 'src/cli/main.ts': 'process.exit(1);' }))).toEqual([]);
  });

  it('see dead files', () => {
    const files = made({
      'src/index.ts': "export { a } from './model/a.ts';",
      'src/cli/main.ts': '',
      'src/cli/start.ts': "new URL('./program.ts', import.meta.url);",
      'src/cli/program.ts': '',
      'src/model/a.ts': '',
      'src/model/dead.ts': '',
      'src/model/dead.test.ts': "import './dead.ts';",
      'src/model/other.server.test.ts': "import './other.ts';",
      'src/model/other.ts': '',
      'test/scenario.test.ts': "import '../src/cli/start.ts';",
    });
    expect(rules.deadFiles(files)).toEqual([
      expect.stringContaining('src/model/dead.ts:1 '),
      expect.stringContaining('src/model/other.ts:1 '),
    ]);
  });
});
