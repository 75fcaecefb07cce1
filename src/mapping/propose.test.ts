import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { column, legacySchemas, revampSchemas, table } from '../../test/sample-schemas.ts';
import { compile } from './compile.ts';
import { type Proposal, propose } from './propose.ts';
import { schemaFile } from './schema-file.ts';
import { typescriptConfig } from './write-config.ts';
import { yamlConfig } from './write-yaml.ts';

const example = (file: string): Promise<string> =>
  readFile(resolve(import.meta.dirname, '../../examples/sample', file), 'utf8');

const proposal: Proposal = propose(
  'sample',
  { endpoint: { engine: 'postgres', label: 'legacy', url: '${env:LEGACY_DATABASE_URL}' }, tables: legacySchemas },
  { endpoint: { engine: 'mysql', label: 'revamp', url: '${env:REVAMP_DATABASE_URL}' }, tables: revampSchemas },
);

describe('a proposal for the sample', () => {
  it('is what a person would have written', async () => {
    const withoutComments = (text: string): string =>
      text.replaceAll(/ *(?:\/\/|#(?! yaml)) .*/g, '').replaceAll(/\n\s*\n/g, '\n');
    const tables = { left: legacySchemas, right: revampSchemas };
    const written = typescriptConfig(proposal.declaration, { names: { left: 'legacy', right: 'revamp' }, tables });
    expect(withoutComments(written)).toBe(withoutComments(await example('tandem.config.ts')));
    const yaml = yamlConfig(proposal.declaration).replace(/.*\n/, '');
    expect(withoutComments(yaml)).toBe(withoutComments((await example('tandem.yaml')).replace(/.*\n/, '')));
  });

  it('compiles', () => {
    const { plan, findings } = compile(proposal.declaration, { left: legacySchemas, right: revampSchemas });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(plan?.lanes).toHaveLength(1);
  });

  it('says how sure it is', () => {
    expect(proposal.unmatched).toEqual({ left: [], right: [] });
    const columns = proposal.confidence['users']?.columns ?? {};
    expect(columns['id']).toBe(1);
    expect(columns['full_name']).toBeLessThan(columns['status'] ?? 0);
  });
});

describe('a proposal', () => {
  const endpoint = { engine: 'postgres', url: '' } as const;

  it('leaves out what resembles nothing', () => {
    const left = [
      table('public', 'invoices', [
        column('id', 'uuid', { kind: 'uuid' }),
        column('total', 'numeric', { kind: 'decimal' }),
      ]),
    ];
    const right = [
      table('public', 'weather', [column('station', 'text'), column('degrees', 'float8', { kind: 'float8' })]),
    ];
    const { declaration, unmatched } = propose('x', { endpoint, tables: left }, { endpoint, tables: right });
    expect(declaration.links).toEqual({});
    expect(unmatched).toEqual({ left: ['public.invoices'], right: ['public.weather'] });
  });

  it('does not link kinds that do not convert, whatever their names', () => {
    const left = [
      table('public', 'a', [column('id', 'uuid', { kind: 'uuid' }), column('size', 'json', { kind: 'json' })]),
    ];
    const right = [
      table('public', 'a', [column('id', 'uuid', { kind: 'uuid' }), column('size', 'int4', { kind: 'int' })]),
    ];
    const { declaration } = propose('x', { endpoint, tables: left }, { endpoint, tables: right });
    expect(declaration.links['a']?.columns).toEqual({ id: 'id' });
    expect(declaration.defaults.keys).toBeUndefined();
  });
});

describe('the schema file', () => {
  it('is the one of the sample, whatever order the tables come in', async () => {
    const file = (reversed: boolean): string =>
      schemaFile({
        left: { engine: 'postgres', label: 'legacy', tables: reversed ? legacySchemas.toReversed() : legacySchemas },
        right: { engine: 'mysql', label: 'revamp', tables: reversed ? revampSchemas.toReversed() : revampSchemas },
      });
    expect(file(false)).toBe(await example('tandem.schema.ts'));
    expect(file(true)).toBe(file(false));
  });
});
