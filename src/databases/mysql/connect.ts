import { createHash } from 'node:crypto';
import type { ConnectionOptions, SslOptions } from 'mysql2';
import type { EndpointOptions } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import { Session } from './session.ts';

const connectTimeoutMs = 10_000;
const lockWaitTimeoutS = 5;

/**
 * STRICT: a value that does not fit is an error. No NO_ZERO_DATE and NO_ZERO_IN_DATE: a column that holds such dates
 * must get them back. NO_AUTO_VALUE_ON_ZERO: 0 is a key like any other. Neither NO_BACKSLASH_ESCAPES nor ANSI_QUOTES,
 * on which `literals.ts` relies.
 */
const sqlMode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';

/** What the driver needs, out of the URL and the TLS settings. Throws TD1002 for a URL that cannot be meant. */
export function connectionOptions(options: Pick<EndpointOptions, 'url' | 'tls' | 'label'>): ConnectionOptions {
  const url = parseUrl(options);
  const socketPath = url.searchParams.get('socket');
  const ssl = options.tls === undefined ? tlsOfUrl(url, options.label) : tlsOfOptions(options.tls);
  return {
    ...(socketPath === null
      ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 3306) }
      : { socketPath }),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(ssl === null ? {} : { ssl }),
    charset: 'UTF8MB4_GENERAL_CI',
    connectTimeout: connectTimeoutMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    jsonStrings: true,
    rowsAsArray: true,
    // Statements are whole when they come here: looking for placeholders in megabytes of literals would be for nothing.
    queryFormat: (sql: string) => sql,
    flags: ['FOUND_ROWS'],
  };
}

const parameters = ['ssl-mode', 'socket'];

function parseUrl({ url, label }: Pick<EndpointOptions, 'url' | 'label'>): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^(?:mysql|mariadb):$/.test(parsed.protocol)) {
    throw new TandemError('TD1002', `the address of ${label} is not one of MySQL or MariaDB`, {
      expected: 'mysql://user:password@host:3306/database or mariadb://...',
    });
  }
  for (const name of parsed.searchParams.keys()) {
    if (!parameters.includes(name)) throw unknownParameter(label, name);
  }
  return parsed;
}

function unknownParameter(label: string, name: string): TandemError {
  return new TandemError('TD1002', `the address of ${label} has a parameter that is not known`, {
    expected: parameters.join(', '),
    found: name,
  });
}

/** The names are those of MySQL's own clients; without one the connection is not encrypted. */
function tlsOfUrl(url: URL, label: string): SslOptions | null {
  const mode = url.searchParams.get('ssl-mode')?.toUpperCase() ?? 'DISABLED';
  switch (mode) {
    case 'DISABLED':
      return null;
    case 'REQUIRED':
      return { rejectUnauthorized: false };
    case 'VERIFY_CA':
      return { rejectUnauthorized: true };
    case 'VERIFY_IDENTITY':
      return { rejectUnauthorized: true, verifyIdentity: true };
    default:
      throw new TandemError('TD1002', `the address of ${label} asks for an ssl-mode that is not known`, {
        expected: 'DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY',
        found: mode,
      });
  }
}

function tlsOfOptions(tls: NonNullable<EndpointOptions['tls']>): SslOptions {
  const { ca, cert, key, verify } = tls;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: verify,
    verifyIdentity: verify,
  };
}

/** A session for questions: nothing it reads depends on the server's defaults. */
export function openReader(options: ConnectionOptions): Promise<Session> {
  return openSession(options, '');
}

/**
 * A session that writes. `@tandem_apply` is 1 in it, so that triggers of the user's can leave Tandem's writes alone.
 * Several statements may go in one text: all of them are composed in this folder, out of `literals.ts`.
 */
export async function openWriter(options: ConnectionOptions): Promise<Session> {
  const session = await openSession({ ...options, multipleStatements: true }, ', @tandem_apply = 1');
  try {
    await requireRowFormat(session);
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

async function openSession(options: ConnectionOptions, more: string): Promise<Session> {
  const session = await Session.open(options);
  try {
    await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await session.execute(
      `SET sql_mode = '${sqlMode}', time_zone = '+00:00', innodb_lock_wait_timeout = ${lockWaitTimeoutS}, ` +
        `autocommit = 1, foreign_key_checks = 1, unique_checks = 1${more}`,
    );
    const [row] = await session.rows('SELECT @@max_allowed_packet, @@auto_increment_increment');
    session.packetBytesMax = Number(row?.[0]);
    session.autoIncrementStep = BigInt(Number(row?.[1] ?? 1));
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/**
 * What this session writes must be in the log as whole rows; changing that for a session takes rights it should not
 * have.
 */
async function requireRowFormat(session: Session): Promise<void> {
  const [row] = await session.rows('SELECT @@binlog_format, @@binlog_row_image, @@log_bin');
  const [format, image, isOn] = row ?? [];
  if (Number(isOn) === 0) return;
  if (format !== 'ROW') {
    throw new TandemError('TD5005', 'Tandem would write in another format than whole rows', {
      expected: 'binlog_format = ROW',
      found: String(format),
      fix: 'SET GLOBAL binlog_format = ROW;',
    });
  }
  if (image !== 'FULL') {
    throw new TandemError('TD5006', 'Tandem would leave columns out of the log', {
      expected: 'binlog_row_image = FULL',
      found: String(image),
      fix: 'SET GLOBAL binlog_row_image = FULL;',
    });
  }
}

/**
 * The id under which a reader of the log presents itself to the server, where no two replicas may share one: the upper
 * half of all ids (administrators number from below), by a hash of sync and side, so that it stays the same.
 */
export function serverIdOf({ sync, side }: Pick<EndpointOptions, 'sync' | 'side'>): number {
  const hash = createHash('sha256').update(`${sync}\0${side}`).digest().readUInt32BE(0);
  return 2 ** 31 + (hash % (2 ** 31 - 1));
}
