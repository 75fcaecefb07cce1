import type { Code } from '../../model/codes.ts';
import { TandemError, type ErrorDetails } from '../../model/error.ts';

/** An error as mysql2 throws it: `errno` and `sqlState` from the server, or `code` from the socket. */
interface DriverError {
  readonly errno?: number | undefined;
  readonly code?: string | undefined;
  readonly sqlState?: string | undefined;
  readonly message: string;
}

/**
 * Server error numbers, by the manual's "Server Error Message Reference" of MySQL 8.4 and "MariaDB Error Codes".
 * Numbers from 1900 to 2000 and from 4000 on mean different things on the two; those listed here do not clash.
 */
const codesByErrno: Readonly<Record<number, Code>> = {
  // Connecting and logging in.
  1045: 'TD4002',
  1698: 'TD4002',
  1130: 'TD4002',
  1251: 'TD4002',
  1275: 'TD4002',
  1820: 'TD4002',
  1862: 'TD4002',
  3118: 'TD4002',
  3159: 'TD4002',
  4151: 'TD4002',
  1129: 'TD4001',
  1049: 'TD4004',
  // Rights.
  1044: 'TD4003',
  1142: 'TD4003',
  1143: 'TD4003',
  1227: 'TD4003',
  1370: 'TD4003',
  1410: 'TD4003',
  // The server is going, full or busy; the connection is gone.
  1040: 'TD7009',
  1203: 'TD7009',
  1226: 'TD7009',
  1053: 'TD7009',
  1021: 'TD7009',
  1114: 'TD7009',
  1030: 'TD7009',
  // Files that cannot be made, read or written: a full disk, also of tmpdir, where long transactions wait for COMMIT.
  3: 'TD7009',
  20: 'TD7009',
  1004: 'TD7009',
  1016: 'TD7009',
  1024: 'TD7009',
  1026: 'TD7009',
  1534: 'TD7009',
  1598: 'TD7009',
  1206: 'TD7009',
  1176: 'TD7009',
  1317: 'TD7009',
  1158: 'TD4005',
  1159: 'TD4005',
  1160: 'TD4005',
  1161: 'TD4005',
  1927: 'TD4005',
  2006: 'TD4005',
  2013: 'TD4005',
  4031: 'TD4005',
  // Read-only.
  1290: 'TD7008',
  1792: 'TD7008',
  1836: 'TD7008',
  // Concurrency.
  1213: 'TD7006',
  1020: 'TD7006',
  // The session's binlog_format cannot log what the table's engine or isolation level demands.
  1665: 'TD5005',
  // MariaDB: the counter of AUTO_INCREMENT could not be read because of a deadlock.
  1467: 'TD7006',
  1412: 'TD7006',
  3101: 'TD7006',
  1205: 'TD7007',
  1180: 'TD7010',
  // The row.
  1062: 'TD7001',
  1022: 'TD7001',
  1586: 'TD7001',
  1761: 'TD7001',
  1762: 'TD7001',
  1216: 'TD7002',
  1217: 'TD7002',
  1451: 'TD7002',
  1452: 'TD7002',
  1048: 'TD7003',
  1364: 'TD7003',
  3819: 'TD7004',
  4025: 'TD7004',
  1644: 'TD7004',
  1264: 'TD3003',
  1690: 'TD3003',
  1406: 'TD3007',
  1118: 'TD3007',
  1153: 'TD3007',
  1301: 'TD3007',
  1366: 'TD3006',
  1300: 'TD3006',
  3854: 'TD3006',
  3988: 'TD3006',
  1292: 'TD3004',
  1411: 'TD3004',
  1525: 'TD3004',
  3140: 'TD3004',
  1265: 'TD3001',
  // The table.
  1054: 'TD7005',
  1136: 'TD7005',
  1146: 'TD7005',
  1347: 'TD7005',
  1356: 'TD7005',
  1906: 'TD7005',
  3105: 'TD7005',
};

const socketCodes: Readonly<Record<string, Code>> = {
  ECONNREFUSED: 'TD4001',
  ENOTFOUND: 'TD4001',
  EAI_AGAIN: 'TD4001',
  EHOSTUNREACH: 'TD4001',
  ENETUNREACH: 'TD4001',
  ETIMEDOUT: 'TD4001',
  ENOENT: 'TD4001',
  HANDSHAKE_SSL_ERROR: 'TD4001',
  HANDSHAKE_NO_SSL_SUPPORT: 'TD4001',
  AUTH_SWITCH_PLUGIN_ERROR: 'TD4002',
  ECONNRESET: 'TD4005',
  EPIPE: 'TD4005',
  PROTOCOL_CONNECTION_LOST: 'TD4005',
};

const messages: Partial<Record<Code, string>> = {
  TD4001: 'the server cannot be reached',
  TD4002: 'the server refused the login',
  TD4003: 'the user lacks a privilege',
  TD4004: 'the database does not exist',
  TD4005: 'the connection broke',
  TD7001: 'another row already holds a unique value of this row',
  TD7002: 'a foreign key refused the row',
  TD7003: 'a column that may not be NULL would receive NULL',
  TD7004: 'a CHECK constraint or a trigger refused the row',
  TD7005: 'the table does not have the expected columns',
  TD7006: 'the server ended the transaction to resolve a deadlock',
  TD7007: 'a row stayed locked by somebody else',
  TD7008: 'the server accepts no writes now',
  TD7009: 'the server is starting, stopping, full or has no connection free',
  TD7010: 'the server did not confirm the commit',
  TD3001: 'the column does not know the value',
  TD3003: 'a value is out of the range of its column',
  TD3004: 'the column cannot hold the value',
  TD3006: 'a text cannot be stored in the character set of its column',
  TD3007: 'a value is too long for its column or for max_allowed_packet',
};

/**
 * Anything the driver throws as a TandemError. The server's own words are left out, because they quote values
 * ("Duplicate entry 'x'"); only names that stand outside of them are taken over. `fallback` is the code for error
 * numbers without one of their own.
 */
export function driverError(thrown: unknown, fallback: Code, at: ErrorDetails['at'] = {}): TandemError {
  if (thrown instanceof TandemError) return thrown;
  if (!(thrown instanceof Error)) return new TandemError('TD9002', 'the driver threw something that is not an error');
  const error = thrown as DriverError;
  // Errors of the operating system have negative numbers.
  const errno = error.errno ?? 0;
  if (errno <= 0) return socketError(error, at);
  const code = codesByErrno[errno] ?? fallback;
  return new TandemError(code, messages[code] ?? `the server answered with error ${errno}`, {
    at: { ...at, ...namesIn(error.message), errno, sqlState: error.sqlState ?? '' },
  });
}

function socketError(error: DriverError, at: ErrorDetails['at']): TandemError {
  const known = socketCodes[error.code ?? ''];
  if (known !== undefined) {
    return new TandemError(known, messages[known] ?? error.message, { at: { ...at, reason: error.code ?? '' } });
  }
  if (/TLS|SSL|certificate|self.signed|ERR_OSSL/i.test(`${error.code} ${error.message}`)) {
    return new TandemError('TD4001', 'no encrypted connection could be made', { at: { ...at, reason: error.message } });
  }
  // Everything else from below the protocol leaves the connection unusable.
  return new TandemError('TD4005', 'the connection broke', { at: { ...at, reason: error.code ?? error.message } });
}

/**
 * The last name in quotes after one of these words, so that a value that looks like a message cannot speak for it.
 * Names stand in backquotes or quotes: for key 't.email', CONSTRAINT `fk_user`, Column 'x', Check constraint 'c',
 * Field 'x'.
 */
const namePatterns: readonly [string, RegExp][] = [
  ['constraint', /.*for key '([^']+)'$/s],
  ['constraint', /^(?:Cannot|CONSTRAINT)[^']*?CONSTRAINT `([^`]+)`/],
  ['constraint', /^CONSTRAINT `([^`]+)` failed/],
  ['constraint', /^Check constraint '([^']+)' is violated/],
  ['column', /^(?:Column|Field) '([^']+)' (?:cannot|doesn't)/],
  ['column', /.*for column (?:`[^`]+`\.)*[`']([^`']+)[`'] at row \d+$/s],
];

function namesIn(message: string): Record<string, string> {
  for (const [word, pattern] of namePatterns) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined) return { [word]: name };
  }
  return {};
}
