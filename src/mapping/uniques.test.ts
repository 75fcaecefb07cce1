import { describe, expect, it } from 'vitest';
import { column, table } from '../../test/sample-schemas.ts';
import type { Finding } from '../model/finding.ts';
import type { Column } from '../model/schema.ts';
import { compile } from './compile.ts';

const key = column('id', 'integer', { kind: 'int' });
const unique = { uniques: [{ name: 'mail', columns: ['mail'], deferrable: false }] };
const latin = (collation: string): Column =>
  column('mail', 'varchar(50)', { length: 50, charset: 'utf8mb4', collation });

/** What is said of two columns that are unique on both sides. */
function findingsOf(left: Column, right: Column): readonly Finding[] {
  const { findings } = compile(
    {
      name: 'main',
      left: { engine: 'postgres', url: '' },
      right: { engine: 'mysql', url: '' },
      home: 'left',
      defaults: {},
      links: { a: { left: 'a', right: 'a', columns: { id: 'id', mail: 'mail' } } },
    },
    {
      left: [table('public', 'a', [key, left], unique)],
      right: [table('db', 'a', [key, right], unique)],
    },
  );
  return findings.filter(({ code }) => code === 'TD2306');
}

describe('unique columns that judge equality by different rules', () => {
  it('are warned of, with what would make them alike', () => {
    const citext = column('mail', 'citext', { collation: 'default' });
    expect(findingsOf(citext, latin('utf8mb4_bin'))).toMatchObject([
      {
        severity: 'warning',
        found: 'mail ignores case, mail ignores blanks at the end',
        fix: 'ALTER TABLE public.a ALTER COLUMN mail TYPE text;',
      },
    ]);
    expect(findingsOf(column('mail', 'text'), latin('utf8mb4_0900_ai_ci'))).toMatchObject([
      { severity: 'warning', found: 'mail ignores nothing, mail ignores case and accents' },
    ]);
  });

  it('are no more than noted where blanks at the end make the difference, and not where nothing does', () => {
    const citext = column('mail', 'citext', { collation: 'default' });
    expect(findingsOf(citext, latin('utf8mb4_0900_as_ci'))).toEqual([]);
    expect(findingsOf(column('mail', 'text'), latin('utf8mb4_bin'))).toMatchObject([{ severity: 'note' }]);
  });
});
