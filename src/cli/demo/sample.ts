import type { Side } from '../../model/policy.ts';
import type { SampleEngine } from './database.ts';

/**
 * The sample: a legacy platform and the one that replaces it. Both describe users, posts and likes, under other names,
 * with other spellings, and each generates its own keys. Everything about it is derived from this one description: the
 * tables on any engine, the declaration of the sync, the load and the comparison.
 */
export interface SampleTable {
  readonly name: Readonly<Record<Side, string>>;
  readonly columns: readonly SampleColumn[];
  /** Left names of columns that are unique together. */
  readonly unique?: readonly string[];
}

export interface SampleColumn {
  readonly left: string;
  readonly right: string;
  readonly type: ColumnType;
}

export type ColumnType =
  /** A number that the database generates. */
  | { readonly kind: 'key' }
  /** The key of another table's row; children go with their parent. */
  | { readonly kind: 'parent'; readonly table: keyof typeof SAMPLE }
  | { readonly kind: 'text'; readonly length: number | null; readonly required?: boolean; readonly unique?: boolean }
  /** One of a few words, of which the first is the default: lower case on the left, title case on the right. */
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  | { readonly kind: 'counter' }
  /** Who wrote the row last. */
  | { readonly kind: 'source' }
  /** An instant, in UTC; MySQL's keep whole seconds. `touched`: a trigger sets it on every update. */
  | { readonly kind: 'time'; readonly touched: boolean };

const key: SampleColumn = { left: 'id', right: 'id', type: { kind: 'key' } };
const source: SampleColumn = { left: 'source', right: 'source', type: { kind: 'source' } };
const createdAt: SampleColumn = { left: 'created_at', right: 'created_at', type: { kind: 'time', touched: false } };
const updatedAt: SampleColumn = { left: 'updated_at', right: 'updated_at', type: { kind: 'time', touched: true } };

const text = (length: number | null): ColumnType => ({ kind: 'text', length });
const unique = (length: number): ColumnType => ({ kind: 'text', length, required: true, unique: true });

const users: SampleTable = {
  name: { left: 'legacy_users', right: 'revamp_users' },
  columns: [
    key,
    { left: 'username', right: 'user_name', type: unique(50) },
    { left: 'email', right: 'email_address', type: unique(100) },
    { left: 'full_name', right: 'display_name', type: text(100) },
    { left: 'phone_number', right: 'mobile', type: text(20) },
    {
      left: 'status',
      right: 'account_status',
      type: { kind: 'choice', values: ['active', 'inactive', 'suspended'] },
    },
    source,
    createdAt,
    updatedAt,
  ],
};

const posts: SampleTable = {
  name: { left: 'legacy_posts', right: 'revamp_posts' },
  columns: [
    key,
    { left: 'user_id', right: 'author_id', type: { kind: 'parent', table: 'users' } },
    { left: 'post_title', right: 'title', type: { kind: 'text', length: 200, required: true } },
    { left: 'post_content', right: 'content', type: text(null) },
    { left: 'post_status', right: 'status', type: { kind: 'choice', values: ['draft', 'published', 'archived'] } },
    { left: 'view_count', right: 'views', type: { kind: 'counter' } },
    source,
    createdAt,
    updatedAt,
  ],
};

const likes: SampleTable = {
  name: { left: 'legacy_likes', right: 'revamp_likes' },
  columns: [
    key,
    { left: 'user_id', right: 'user_id', type: { kind: 'parent', table: 'users' } },
    { left: 'post_id', right: 'post_id', type: { kind: 'parent', table: 'posts' } },
    {
      left: 'like_type',
      right: 'reaction_type',
      type: { kind: 'choice', values: ['like', 'love', 'wow', 'sad', 'angry'] },
    },
    source,
    createdAt,
  ],
  unique: ['user_id', 'post_id'],
};

/** Parents before their children. */
export const SAMPLE: { readonly users: SampleTable; readonly posts: SampleTable; readonly likes: SampleTable } = {
  users,
  posts,
  likes,
};

/** What each platform calls itself; also the default of its `source` columns. */
export const PLATFORM: Readonly<Record<Side, string>> = { left: 'legacy', right: 'revamp' };

/** The databases that the two platforms live in. */
export const DATABASE: Readonly<Record<Side, string>> = { left: 'legacy_db', right: 'revamp_db' };

/** The word that a side uses for a choice. */
export function spell(side: Side, value: string): string {
  return side === 'left' ? value : `${value.slice(0, 1).toUpperCase()}${value.slice(1)}`;
}

/**
 * SQL for one side, out of SQL that names tables and columns as the left does, in braces: `{users}`, `{users.email}`.
 */
export function phrase(side: Side, sql: string): string {
  return sql.replaceAll(/\{(\w+)(?:\.(\w+))?\}/g, (_, table: keyof typeof SAMPLE, column: string | undefined) => {
    if (column === undefined) return SAMPLE[table].name[side];
    const found = SAMPLE[table].columns.find(({ left }) => left === column);
    if (found === undefined) throw new Error(`the sample has no column ${table}.${column}`);
    return found[side];
  });
}

/** The statements that create one side of the sample in an empty database, in order. */
export function sampleTables(side: Side, engine: SampleEngine): readonly string[] {
  const dialect = engine === 'postgres' ? postgres : mysql;
  const tables = Object.values(SAMPLE);
  return [
    ...tables.map((table) => createTable(side, table, dialect)),
    ...dialect.touch(
      side,
      tables.filter((table) => table.columns.some(({ type }) => type.kind === 'time' && type.touched)),
    ),
  ];
}

interface Dialect {
  readonly column: (name: string, side: Side, type: ColumnType) => string;
  readonly suffix: string;
  /** Triggers that touch `updated_at`, and stay quiet while Tandem writes: it brings the other side's time along. */
  readonly touch: (side: Side, tables: readonly SampleTable[]) => readonly string[];
}

function createTable(side: Side, table: SampleTable, dialect: Dialect): string {
  const lines = table.columns.map((column) => dialect.column(column[side], side, column.type));
  const uniques = [
    ...table.columns.filter(({ type }) => type.kind === 'text' && type.unique === true).map((column) => [column]),
    ...(table.unique === undefined ? [] : [table.columns.filter(({ left }) => table.unique?.includes(left))]),
  ];
  for (const columns of uniques) lines.push(`UNIQUE (${columns.map((column) => column[side]).join(', ')})`);
  for (const { [side]: name, type } of table.columns) {
    if (type.kind !== 'parent') continue;
    lines.push(`FOREIGN KEY (${name}) REFERENCES ${SAMPLE[type.table].name[side]} (id) ON DELETE CASCADE`);
  }
  return `CREATE TABLE ${table.name[side]} (\n  ${lines.join(',\n  ')}\n)${dialect.suffix}`;
}

/** What both dialects write alike. */
function plainColumn(name: string, side: Side, type: Exclude<ColumnType, { kind: 'key' | 'time' }>): string {
  if (type.kind === 'parent') return `${name} int NOT NULL`;
  if (type.kind === 'counter') return `${name} int NOT NULL DEFAULT 0`;
  if (type.kind === 'source') return words(name, ['legacy', 'revamp', 'sync_service'], side === 'left' ? 0 : 1);
  if (type.kind === 'choice') return words(name, type.values.map(spell.bind(null, side)), 0);
  const native = type.length === null ? 'text' : `varchar(${type.length})`;
  return `${name} ${native}${type.required === true ? ' NOT NULL' : ''}`;
}

function words(name: string, values: readonly string[], byDefault: number): string {
  const list = values.map((value) => `'${value}'`);
  return `${name} varchar(20) NOT NULL DEFAULT ${list[byDefault]} CHECK (${name} IN (${list.join(', ')}))`;
}

const postgres: Dialect = {
  column(name, side, type) {
    if (type.kind === 'key') return `${name} serial PRIMARY KEY`;
    if (type.kind === 'time') return `${name} timestamp NOT NULL DEFAULT timezone('UTC', now())`;
    return plainColumn(name, side, type);
  },
  suffix: '',
  touch(side, tables) {
    const name = `${PLATFORM[side]}_touch_updated_at`;
    return [
      `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('tandem.apply', true) IS DISTINCT FROM 'on' THEN
    NEW.updated_at := timezone('UTC', now());
  END IF;
  RETURN NEW;
END
$$`,
      ...tables.map(
        (table) =>
          `CREATE TRIGGER ${table.name[side]}_touch BEFORE UPDATE ON ${table.name[side]}\n` +
          `  FOR EACH ROW EXECUTE FUNCTION ${name}()`,
      ),
    ];
  },
};

const mysql: Dialect = {
  column(name, side, type) {
    if (type.kind === 'key') return `${name} int NOT NULL AUTO_INCREMENT PRIMARY KEY`;
    if (type.kind === 'time') return `${name} timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP`;
    return plainColumn(name, side, type);
  },
  // PostgreSQL tells 'Ann' from 'ann' in a unique column; so must its counterpart.
  suffix: ' ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  touch: (side, tables) =>
    tables.map(
      ({ name: { [side]: table } }) =>
        `CREATE TRIGGER ${table}_touch BEFORE UPDATE ON ${table}\n` +
        '  FOR EACH ROW SET NEW.updated_at = IF(@tandem_apply IS NULL, CURRENT_TIMESTAMP, NEW.updated_at)',
    ),
};
