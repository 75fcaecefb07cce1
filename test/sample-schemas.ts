import type { Column, ForeignKey, TableSchema } from '../src/model/schema.ts';

/** Catalogue entries for tests that need no server; what is not said is the plainest there is. */
export function column(name: string, native: string, given: Partial<Column> = {}): Column {
  return {
    name,
    kind: 'text',
    native,
    nullable: false,
    hasDefault: false,
    auto: false,
    generated: false,
    values: null,
    length: null,
    precision: null,
    scale: null,
    fraction: null,
    unsigned: false,
    charset: null,
    collation: null,
    element: null,
    ...given,
  };
}

export function table(
  schema: string,
  name: string,
  columns: readonly Column[],
  given: Partial<TableSchema> = {},
): TableSchema {
  return {
    ref: { schema, table: name },
    columns,
    key: ['id'],
    uniques: [],
    foreignKeys: [],
    triggers: [],
    fullImages: true,
    transactional: true,
    logsCascades: true,
    ...given,
  };
}

const serial = column('id', 'int4', { kind: 'int', auto: true, hasDefault: true });
const autoIncrement = column('id', 'int', { kind: 'int', auto: true, hasDefault: true });
const integer = (name: string): Column => column(name, 'int', { kind: 'int' });
const varchar = (name: string, length: number, given: Partial<Column> = {}): Column =>
  column(name, `varchar(${length})`, { length, ...given });
const choice = (name: string, values: readonly string[]): Column => varchar(name, 20, { hasDefault: true, values });
const sourceColumn = choice('source', ['legacy', 'revamp', 'sync_service']);
const timestamp = (name: string): Column =>
  column(name, 'timestamp', { kind: 'timestamp', hasDefault: true, fraction: 6 });
const mysqlTimestamp = (name: string): Column =>
  column(name, 'timestamp', { kind: 'timestamptz', hasDefault: true, fraction: 0 });
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const STATUS = ['active', 'inactive', 'suspended'];
const POST_STATUS = ['draft', 'published', 'archived'];
const REACTION = ['like', 'love', 'wow', 'sad', 'angry'];

function reference(schema: string, name: string, parent: string): ForeignKey {
  return {
    name: `${name}_fk`,
    columns: [name],
    references: { schema, table: parent },
    referencedColumns: ['id'],
    onDelete: 'cascade',
    onUpdate: 'no action',
    deferrable: false,
  };
}

const unique = (name: string, columns: readonly string[]) => ({ name, columns, deferrable: false });

/** The sample's PostgreSQL side as the catalogue describes it. */
export const legacySchemas: readonly TableSchema[] = [
  table(
    'public',
    'legacy_users',
    [
      serial,
      varchar('username', 50),
      varchar('email', 100),
      varchar('full_name', 100, { nullable: true }),
      varchar('phone_number', 20, { nullable: true }),
      choice('status', STATUS),
      sourceColumn,
      timestamp('created_at'),
      timestamp('updated_at'),
    ],
    { uniques: [unique('username', ['username']), unique('email', ['email'])] },
  ),
  table(
    'public',
    'legacy_posts',
    [
      serial,
      integer('user_id'),
      varchar('post_title', 200),
      column('post_content', 'text', { nullable: true }),
      choice('post_status', POST_STATUS),
      column('view_count', 'int4', { kind: 'int', hasDefault: true }),
      sourceColumn,
      timestamp('created_at'),
      timestamp('updated_at'),
    ],
    { foreignKeys: [reference('public', 'user_id', 'legacy_users')] },
  ),
  table(
    'public',
    'legacy_likes',
    [
      serial,
      integer('user_id'),
      integer('post_id'),
      choice('like_type', REACTION),
      sourceColumn,
      timestamp('created_at'),
    ],
    {
      uniques: [unique('once', ['user_id', 'post_id'])],
      foreignKeys: [reference('public', 'user_id', 'legacy_users'), reference('public', 'post_id', 'legacy_posts')],
    },
  ),
];

const utf8 = { charset: 'utf8mb4', collation: 'utf8mb4_bin' };

/** The sample's MySQL side as the catalogue describes it. */
export const revampSchemas: readonly TableSchema[] = [
  table(
    'revamp_db',
    'revamp_users',
    [
      autoIncrement,
      varchar('user_name', 50, utf8),
      varchar('email_address', 100, utf8),
      varchar('display_name', 100, { nullable: true, ...utf8 }),
      varchar('mobile', 20, { nullable: true, ...utf8 }),
      { ...choice('account_status', STATUS.map(capital)), ...utf8 },
      { ...sourceColumn, ...utf8 },
      mysqlTimestamp('created_at'),
      mysqlTimestamp('updated_at'),
    ],
    { uniques: [unique('user_name', ['user_name']), unique('email', ['email_address'])], logsCascades: false },
  ),
  table(
    'revamp_db',
    'revamp_posts',
    [
      autoIncrement,
      integer('author_id'),
      varchar('title', 200, utf8),
      column('content', 'text', { nullable: true, length: 65_535, ...utf8 }),
      { ...choice('status', POST_STATUS.map(capital)), ...utf8 },
      column('views', 'int', { kind: 'int', hasDefault: true }),
      { ...sourceColumn, ...utf8 },
      mysqlTimestamp('created_at'),
      mysqlTimestamp('updated_at'),
    ],
    { foreignKeys: [reference('revamp_db', 'author_id', 'revamp_users')], logsCascades: false },
  ),
  table(
    'revamp_db',
    'revamp_likes',
    [
      autoIncrement,
      integer('user_id'),
      integer('post_id'),
      { ...choice('reaction_type', REACTION.map(capital)), ...utf8 },
      { ...sourceColumn, ...utf8 },
      mysqlTimestamp('created_at'),
    ],
    {
      uniques: [unique('once', ['user_id', 'post_id'])],
      foreignKeys: [
        reference('revamp_db', 'user_id', 'revamp_users'),
        reference('revamp_db', 'post_id', 'revamp_posts'),
      ],
      logsCascades: false,
    },
  ),
];
