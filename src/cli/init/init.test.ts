import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.ts';
import { addLines, addToEnvFile } from './env-file.ts';
import { chooseNames } from './names.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-init-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('addToEnvFile', () => {
  const path = () => join(folder, '.env');

  it('makes a file that only its owner reads, and reads back as it was', async () => {
    const variables = {
      PLAIN: 'postgres://u:p%40@h:5432/db?sslmode=require',
      HASH: 'postgres://u:a#b@h/db',
      QUOTE: `mysql://u:it's@h/db`,
    };
    await addToEnvFile(path(), variables, false);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect(parseEnv(await readFile(path(), 'utf8'))).toEqual(variables);
  });

  it('keeps what is there, also without a newline at its end', async () => {
    await writeFile(path(), '# mine\nOTHER=1');
    await addToEnvFile(path(), { URL: 'x' }, false);
    expect(await readFile(path(), 'utf8')).toBe('# mine\nOTHER=1\nURL=x\n');
    await addToEnvFile(path(), { URL: 'x' }, false);
    expect(await readFile(path(), 'utf8')).toBe('# mine\nOTHER=1\nURL=x\n');
  });

  it('replaces another value only when told to', async () => {
    await writeFile(path(), 'URL=old\nOTHER=1\n');
    await expect(addToEnvFile(path(), { URL: 'new' }, false)).rejects.toMatchObject({ code: 'TD9003' });
    await addToEnvFile(path(), { URL: 'new' }, true);
    expect(await readFile(path(), 'utf8')).toBe('OTHER=1\nURL=new\n');
  });
});

describe('addLines', () => {
  it('adds a line once', async () => {
    const path = join(folder, '.gitignore');
    await writeFile(path, 'node_modules');
    expect(await addLines(path, ['.env'])).toEqual(['.env']);
    expect(await addLines(path, ['.env'])).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe('node_modules\n.env\n');
  });
});

describe('parseDatabaseUrl', () => {
  it.each([
    ['postgres://u:p@h:5432/shop', ['postgres'], 'shop'],
    ['postgresql://h/shop', ['postgres'], 'shop'],
    ['mysql://u@h/my%20shop', ['mysql', 'mariadb'], 'my shop'],
    ['mariadb://h', ['mariadb'], ''],
  ])('reads %s', (url, engines, database) => {
    expect(parseDatabaseUrl(url)).toEqual({ url, engines, database });
  });

  it.each(['', 'shop', 'https://h/shop'])('refuses %j without repeating it', (text) => {
    expect(() => parseDatabaseUrl(text)).toThrow(expect.objectContaining({ code: 'TD9003' }) as Error);
  });
});

describe('chooseNames', () => {
  const url = (database: string): DatabaseUrl => ({ url: '', engines: ['postgres'], database });

  it('takes the names of the databases where they can be told apart and written', () => {
    expect(chooseNames({ left: url('legacy'), right: url('revamp') }, undefined)).toEqual({
      sync: 'legacy_revamp',
      labels: { left: 'legacy', right: 'revamp' },
    });
  });

  it.each([
    ['shop', 'shop', 'shop'],
    ['postgres', 'mysql', 'postgres_mysql'],
    ['my-shop', 'class', 'my_shop_class'],
    ['', '', 'sync'],
    ['1st', '2nd', 'st_2nd'],
  ])('says left and right for %j and %j', (left, right, sync) => {
    expect(chooseNames({ left: url(left), right: url(right) }, undefined)).toEqual({
      sync,
      labels: { left: 'left', right: 'right' },
    });
  });

  it('takes the name that is given, and keeps a long one short', () => {
    expect(chooseNames({ left: url('a'), right: url('b') }, 'mine').sync).toBe('mine');
    expect(chooseNames({ left: url('a'.repeat(60)), right: url('b') }, undefined).sync).toHaveLength(40);
  });
});
