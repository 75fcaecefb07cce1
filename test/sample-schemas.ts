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

const serial = column('id', 'integer', { kind: 'int', auto: true, hasDefault: true });
const autoIncrement = column('id', 'int', { kind: 'int', auto: true, hasDefault: true });
const integer = (name: string, given: Partial<Column> = {}): Column =>
  column(name, 'integer', { kind: 'int', ...given });
const int = (name: string, given: Partial<Column> = {}): Column => column(name, 'int', { kind: 'int', ...given });
const varying = (name: string, length: number, given: Partial<Column> = {}): Column =>
  column(name, `character varying(${length})`, { length, collation: 'default', ...given });
const varchar = (name: string, length: number, given: Partial<Column> = {}): Column =>
  column(name, `varchar(${length})`, { length, charset: 'utf8mb4', collation: 'utf8mb4_bin', ...given });
const timestamp = (name: string): Column =>
  column(name, 'timestamp without time zone', { kind: 'timestamp', hasDefault: true, fraction: 6 });
const mysqlTimestamp = (name: string): Column =>
  column(name, 'timestamp', { kind: 'timestamptz', hasDefault: true, fraction: 0 });
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const STATUS = ['active', 'inactive', 'suspended'];
const POST_STATUS = ['draft', 'published', 'archived'];
const REACTION = ['like', 'love', 'wow', 'sad', 'angry'];

const SOURCE = ['legacy', 'revamp', 'sync_service'];
const choice = (name: string, values: readonly string[]): Column => varying(name, 20, { hasDefault: true, values });
const mysqlChoice = (name: string, values: readonly string[]): Column =>
  varchar(name, 20, { hasDefault: true, values });

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
      varying('username', 50),
      varying('email', 100),
      varying('full_name', 100, { nullable: true }),
      varying('phone_number', 20, { nullable: true }),
      choice('status', STATUS),
      choice('source', SOURCE),
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
      varying('post_title', 200),
      column('post_content', 'text', { nullable: true, collation: 'default' }),
      choice('post_status', POST_STATUS),
      integer('view_count', { hasDefault: true }),
      choice('source', SOURCE),
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
      choice('source', SOURCE),
      timestamp('created_at'),
    ],
    {
      uniques: [unique('once', ['user_id', 'post_id'])],
      foreignKeys: [reference('public', 'user_id', 'legacy_users'), reference('public', 'post_id', 'legacy_posts')],
    },
  ),
];

/** The sample's MySQL side as the catalogue describes it. */
export const revampSchemas: readonly TableSchema[] = [
  table(
    'revamp_db',
    'revamp_users',
    [
      autoIncrement,
      varchar('user_name', 50),
      varchar('email_address', 100),
      varchar('display_name', 100, { nullable: true }),
      varchar('mobile', 20, { nullable: true }),
      mysqlChoice('account_status', STATUS.map(capital)),
      mysqlChoice('source', SOURCE),
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
      int('author_id'),
      varchar('title', 200),
      column('content', 'text', { nullable: true, length: 65_535, charset: 'utf8mb4', collation: 'utf8mb4_bin' }),
      mysqlChoice('status', POST_STATUS.map(capital)),
      int('views', { hasDefault: true }),
      mysqlChoice('source', SOURCE),
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
      int('user_id'),
      int('post_id'),
      mysqlChoice('reaction_type', REACTION.map(capital)),
      mysqlChoice('source', SOURCE),
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
