import { describe, expect, it } from 'vitest';
import { column, legacySchemas, revampSchemas, table } from '../../test/sample-schemas.ts';
import type { LinkPlan } from '../model/plan.ts';
import type { Column, ForeignKey, TableSchema } from '../model/schema.ts';
import { flip, titleCase } from './codecs.ts';
import { compile } from './compile.ts';
import type { Declaration, LinkDeclaration } from './declaration.ts';
import { describePlan } from './describe.ts';
import { newestWins, sideWins } from './policies.ts';

const source = { left: 'source', right: 'source' };

const sample: Declaration = {
  name: 'sample',
  left: { engine: 'postgres', url: '', label: 'legacy' },
  right: { engine: 'mysql', url: '', label: 'revamp' },
  home: 'left',
  defaults: { conflict: newestWins(), keys: 'mapped' },
  links: {
    users: {
      left: 'legacy_users',
      right: 'revamp_db.revamp_users',
      naturalKeys: [['email']],
      source,
      columns: {
        id: 'id',
        username: 'user_name',
        email: 'email_address',
        full_name: 'display_name',
        phone_number: 'mobile',
        status: { to: 'account_status', codec: titleCase() },
        created_at: 'created_at',
        updated_at: 'updated_at',
      },
    },
    posts: {
      left: 'public.legacy_posts',
      right: 'revamp_posts',
      source,
      columns: {
        id: 'id',
        user_id: 'author_id',
        post_title: 'title',
        post_content: 'content',
        post_status: { to: 'status', codec: titleCase() },
        view_count: 'views',
        created_at: 'created_at',
        updated_at: 'updated_at',
      },
    },
    likes: {
      left: 'legacy_likes',
      right: 'revamp_likes',
      naturalKeys: [['user_id', 'post_id']],
      source,
      columns: {
        id: 'id',
        user_id: 'user_id',
        post_id: 'post_id',
        like_type: { to: 'reaction_type', codec: titleCase() },
        created_at: 'created_at',
      },
    },
  },
};

const schemas = { left: legacySchemas, right: revampSchemas };

function links(declaration: Declaration, given = schemas): Readonly<Record<string, LinkPlan>> {
  const { plan, findings } = compile(declaration, given);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  return Object.fromEntries((plan?.lanes ?? []).flatMap((lane) => lane.links).map((link) => [link.id, link]));
}

describe('the sample', () => {
  it('becomes one lane, parents first', () => {
    const { plan } = compile(sample, schemas);
    expect(plan?.lanes.map(({ id, home }) => ({ id, home }))).toEqual([{ id: 'users', home: 'left' }]);
    const { users, posts, likes } = links(sample);
    expect([users?.rank, posts?.rank, likes?.rank]).toEqual([0, 1, 2]);
  });

  it('translates keys and references, and nothing else of them', () => {
    const { users, posts, likes } = links(sample);
    expect(users).toMatchObject({
      keys: 'mapped',
      naturalKeys: [[2]],
      parents: [],
      policy: { kind: 'newest' },
      deletes: 'sync',
    });
    expect(posts?.parents).toEqual([{ link: 'users', column: 1 }]);
    expect(likes?.parents).toEqual([
      { link: 'users', column: 1 },
      { link: 'posts', column: 2 },
    ]);
    expect(likes?.pairs.slice(0, 3).map((pair) => pair.codec)).toEqual([null, null, null]);
    expect(likes?.left).toMatchObject({ key: [0], uniques: [[1, 2]] });
    expect(likes?.right.foreignKeys).toEqual([
      { link: 'users', columns: [1], byKey: [1], unlogged: 'delete' },
      { link: 'posts', columns: [2], byKey: [2], unlogged: 'delete' },
    ]);
  });

  it('writes its name into the source columns, with every write', () => {
    const { users } = links(sample);
    for (const side of ['left', 'right'] as const) {
      expect(users?.[side].constants).toMatchObject([
        { column: { name: 'source' }, value: 'sync_service', on: 'write' },
      ]);
    }
  });

  it('does by hand what one server does not log, although both cascade', () => {
    expect(links(sample)['users']?.cascades).toEqual([
      { from: 'right', childLink: 'posts', columns: [1], action: 'delete' },
      { from: 'right', childLink: 'likes', columns: [1], action: 'delete' },
    ]);
  });

  it('can be printed', () => {
    const { plan } = compile(sample, schemas);
    expect(plan).not.toBeNull();
    if (plan !== null) expect(JSON.parse(JSON.stringify(describePlan(plan)))).toMatchSnapshot();
  });

  it('compiles the other way round', () => {
    const exchanged: Declaration = {
      ...sample,
      left: sample.right,
      right: sample.left,
      links: {
        users: {
          left: 'revamp_users',
          right: 'legacy_users',
          columns: {
            id: 'id',
            user_name: 'username',
            email_address: 'email',
            account_status: { to: 'status', codec: flip(titleCase()) },
          },
        },
      },
    };
    const { users } = links(exchanged, { left: revampSchemas, right: legacySchemas });
    expect(users?.pairs[3]?.codec?.toRight('Suspended')).toBe('suspended');
  });
});

const uuid = column('id', 'uuid', { kind: 'uuid' });

describe('constants', () => {
  it('are written on insert, in canonical form', () => {
    const right = [column('tenant', 'bigint', { kind: 'bigint' }), column('rate', 'decimal(4,2)', { kind: 'decimal' })];
    const declaration: Declaration = {
      ...emptyDeclaration(),
      links: { a: { left: 'a', right: 'a', columns: { id: 'id' }, rightOnly: { tenant: 7, rate: 1.5 } } },
    };
    const { plan, findings } = compile(declaration, schemasOf([], right));
    expect(findings).toEqual([]);
    expect(plan?.lanes[0]?.links[0]?.right.constants.map(({ value, on }) => ({ value, on }))).toEqual([
      { value: 7n, on: 'insert' },
      { value: '1.5', on: 'insert' },
    ]);
  });
});

describe('filters', () => {
  const columns = [column('tenant', 'bigint', { kind: 'bigint' })];
  const filtered = (where: NonNullable<LinkDeclaration['where']>) => {
    const declaration = emptyDeclaration();
    const link = { left: 'a', right: 'a', columns: { id: 'id', tenant: 'tenant' }, where };
    return compile({ ...declaration, links: { a: link } }, schemasOf(columns, columns)).plan?.lanes[0]?.links[0];
  };

  it('compare by value, or ask a function', () => {
    const simple = filtered({ left: { tenant: 7 } });
    expect(simple?.left.where?.(['u', 7n])).toBe(true);
    expect(simple?.left.where?.(['u', 8n])).toBe(false);
    expect(simple?.right.where).toBeNull();
    const asked = filtered({ right: (row) => row['tenant'] === 8n });
    expect(asked?.right.where?.(['u', 8n])).toBe(true);
  });

  it('that throw park the row', () => {
    const broken = filtered({
      left: () => {
        throw new Error('broken');
      },
    });
    expect(() => broken?.left.where?.(['u', 7n])).toThrow(expect.objectContaining({ code: 'TD3008' }));
  });
});

function emptyDeclaration(): Declaration {
  return {
    name: 'test',
    left: { engine: 'postgres', url: '' },
    right: { engine: 'mysql', url: '' },
    home: 'left',
    defaults: {},
    links: {},
  };
}

function schemasOf(left: readonly Column[], right: readonly Column[]) {
  return { left: [table('public', 'a', [uuid, ...left])], right: [table('db', 'a', [uuid, ...right])] };
}

describe('foreign keys', () => {
  const reference = (schema: string, given: Partial<ForeignKey> = {}): ForeignKey => ({
    name: 'fk',
    columns: ['parent'],
    references: { schema, table: 'parents' },
    referencedColumns: ['id'],
    onDelete: 'cascade',
    onUpdate: 'no action',
    deferrable: false,
    ...given,
  });
  const parent = column('parent', 'uuid', { kind: 'uuid', nullable: true });
  const declaration: Declaration = {
    ...emptyDeclaration(),
    links: {
      children: { left: 'children', right: 'children', columns: { id: 'id', parent: 'parent' } },
      parents: { left: 'parents', right: 'parents', columns: { id: 'id' }, conflict: sideWins('right') },
      others: { left: 'others', right: 'others', columns: { id: 'id' } },
    },
  };
  const family = (schema: string, children: Partial<TableSchema>, logsCascades = true) => [
    table(schema, 'children', [uuid, parent], { logsCascades, ...children }),
    table(schema, 'parents', [uuid], { logsCascades }),
    table(schema, 'others', [uuid], { logsCascades }),
  ];
  const without = family('public', {});

  it('tie links into lanes, named after the first of each', () => {
    const left = family('public', { foreignKeys: [reference('public')] });
    const { plan } = compile(declaration, { left, right: family('db', {}) });
    expect(plan?.lanes.map((lane) => [lane.id, lane.links.map((link) => `${link.id} ${link.rank}`)])).toEqual([
      ['children', ['children 1', 'parents 0']],
      ['others', ['others 0']],
    ]);
  });

  it('that cascade unseen are done by hand', () => {
    const right = family('db', { foreignKeys: [reference('db')] }, false);
    const { plan } = compile(declaration, { left: without, right });
    const parents = plan?.lanes[0]?.links.find((link) => link.id === 'parents');
    expect(parents?.cascades).toEqual([{ from: 'right', childLink: 'children', columns: [1], action: 'delete' }]);
    const logged = compile(declaration, { left: without, right: family('db', { foreignKeys: [reference('db')] }) });
    expect(logged.plan?.lanes[0]?.links[1]?.cascades).toEqual([]);
  });

  it('set to NULL unseen likewise', () => {
    const right = family('db', { foreignKeys: [reference('db', { onDelete: 'set null' })] }, false);
    const { plan } = compile(declaration, { left: without, right });
    expect(plan?.lanes[0]?.links[1]?.cascades).toMatchObject([{ action: 'setNull' }]);
  });

  it('to a parent in no link are reported, as an error where its keys are generated', () => {
    const { parents: _, ...rest } = declaration.links;
    const alone = { ...declaration, links: rest };
    const left = family('public', { foreignKeys: [reference('public')] });
    expect(compile(alone, { left, right: family('db', {}) }).findings).toMatchObject([
      { code: 'TD2305', severity: 'warning' },
    ]);
    const counting = left.map((schema) =>
      schema.ref.table === 'parents' ? { ...schema, columns: [{ ...uuid, auto: true }] } : schema,
    );
    expect(compile(alone, { left: counting, right: family('db', {}) }).findings).toMatchObject([
      { code: 'TD2305', severity: 'error' },
    ]);
  });
});
