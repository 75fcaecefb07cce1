/**
 * What differs between MySQL and MariaDB, as data and small pure functions; everything else in this folder is shared.
 */
export interface Flavor {
  readonly engine: 'mysql' | 'mariadb';
  readonly title: 'MySQL' | 'MariaDB';
  /** An expression for what identifies a server: no copy and no fresh server has the same. */
  readonly identity: string;
  /** An expression for the set of all transactions in the log so far. */
  readonly logEnd: string;
  /** INSERT ... RETURNING. */
  readonly returning: boolean;
  /** Inclusive lower and exclusive upper bound of the versions that Tandem is tested with. */
  readonly versions: { readonly from: Version; readonly below: Version; readonly words: string };
  /** Shows the log filters (Binlog_Do_DB, Binlog_Ignore_DB in columns 3 and 4). */
  readonly logStatus: (version: Version) => string;
  /** From here on the engine's log carries what referential actions do to children. */
  readonly logsCascadesFrom: Version | null;
  /** The privilege behind SHOW BINARY LOG STATUS and its like. */
  readonly logPrivilege: 'REPLICATION CLIENT' | 'BINLOG MONITOR';
  /** The table and clause of every CHECK that is enforced, of the tables that `where` picks. */
  readonly checksSql: (where: (prefix?: string, column?: string, schemaColumn?: string) => string) => string;
  /** Rows of literals (`1,'a'`) as a table `v` with the given column names. */
  readonly derivedTable: (names: readonly string[], rows: readonly string[]) => string;
}

/** A version of three numbers, as far as the server names them: `8.0.36-log` is [8, 0, 36]. */
export type Version = readonly [number, number, number];

export const mysqlFlavor: Flavor = {
  engine: 'mysql',
  title: 'MySQL',
  identity: '@@server_uuid',
  logEnd: '@@GLOBAL.gtid_executed',
  returning: false,
  versions: { from: [8, 0, 22], below: [10, 0, 0], words: 'MySQL 8.0.22 to 9.7' },
  logStatus: (version) => (atLeast(version, [8, 4, 0]) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'),
  logsCascadesFrom: [9, 6, 0],
  logPrivilege: 'REPLICATION CLIENT',
  // The names of CHECK constraints are unique in a database.
  checksSql: (where) =>
    'SELECT t.TABLE_NAME, c.CHECK_CLAUSE FROM information_schema.TABLE_CONSTRAINTS t ' +
    'JOIN information_schema.CHECK_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA ' +
    `AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME WHERE ${where('t.')} AND t.ENFORCED = 'YES'`,
  derivedTable: (names, rows) => `(VALUES ROW(${rows.join('),ROW(')})) v (${names.join(',')})`,
};

export const mariadbFlavor: Flavor = {
  engine: 'mariadb',
  title: 'MariaDB',
  identity: "CONCAT(@@server_uid, '/', @@server_id)",
  logEnd: '@@GLOBAL.gtid_binlog_pos',
  returning: true,
  versions: { from: [10, 11, 0], below: [12, 0, 0], words: 'MariaDB 10.11 to 11.8' },
  logStatus: () => 'SHOW BINLOG STATUS',
  logsCascadesFrom: null,
  logPrivilege: 'BINLOG MONITOR',
  checksSql: (where) =>
    'SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS ' +
    `WHERE ${where('', 'TABLE_NAME', 'CONSTRAINT_SCHEMA')}`,
  derivedTable: (names, rows) => `(WITH w (${names.join(',')}) AS (VALUES (${rows.join('),(')})) SELECT * FROM w) v`,
};

/** The leading numbers of `@@version`. */
export function parseVersion(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

export function atLeast(version: Version, bound: Version): boolean {
  for (let at = 0; at < 3; at++) {
    const difference = (version[at] ?? 0) - (bound[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
