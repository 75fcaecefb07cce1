import pg from 'pg';
import type { Code } from '../../model/codes.ts';
import { TandemError } from '../../model/error.ts';

/** What the server was doing for us when the error came. */
export interface ErrorPlace {
  /** The user's name of the side. */
  readonly label: string;
  /** `schema.table`, where one statement concerns one table. */
  readonly table?: string;
}

/** SQLSTATE (PostgreSQL manual, appendix A) -> code. Classes of two characters stand for all that is not named. */
const CODES_BY_STATE: Readonly<Record<string, Code>> = {
  '08': 'TD4005',
  '0A': 'TD7012',
  '22': 'TD7012',
  '22001': 'TD3007',
  '22003': 'TD3003',
  '22007': 'TD3004',
  '22008': 'TD3003',
  '22021': 'TD3006',
  '22026': 'TD3007',
  '2200M': 'TD3004',
  '2200N': 'TD3004',
  '2200S': 'TD3004',
  '2200T': 'TD3004',
  '22P02': 'TD3001',
  '22P05': 'TD3005',
  '23502': 'TD7003',
  '23503': 'TD7002',
  '23505': 'TD7001',
  '23514': 'TD7004',
  '23P01': 'TD7001',
  '25006': 'TD7008',
  '25P03': 'TD4005',
  '25P04': 'TD4005',
  '26': 'TD4005',
  '28': 'TD4002',
  '3D': 'TD4004',
  '40': 'TD7006',
  '42': 'TD7005',
  // A generated column, or GENERATED ALWAYS AS IDENTITY in an UPDATE: this row's key cannot be changed here.
  '428C9': 'TD7012',
  '42501': 'TD4003',
  '44': 'TD7004',
  '53': 'TD7009',
  '53400': 'TD5002',
  '54': 'TD3007',
  '55006': 'TD6009',
  '55P03': 'TD7007',
  '57': 'TD7009',
  '58': 'TD7009',
  P0001: 'TD7004',
};

/**
 * States whose message comes from the server's own words about names and settings. The messages of all others, and the
 * detail of every error, may carry row values, so they are never passed on.
 */
const SAFE_CLASSES = new Set(['08', '25', '26', '28', '3D', '3F', '40', '42', '53', '55', '57', '58']);

/** Any error of pg or of the socket below it as a TandemError. */
export function serverError(thrown: unknown, place: ErrorPlace): TandemError {
  if (thrown instanceof TandemError) return thrown;
  if (thrown instanceof pg.DatabaseError && thrown.code !== undefined) return stateError(thrown, thrown.code, place);
  return lost(thrown, place);
}

/** The same for an attempt to connect: what is not the server's own answer means that it cannot be reached. */
export function connectError(thrown: unknown, label: string): TandemError {
  if (thrown instanceof TandemError) return thrown;
  if (thrown instanceof pg.DatabaseError && thrown.code !== undefined) {
    const found = stateError(thrown, thrown.code, { label });
    return found.class === 'row' ? unreachable(thrown, label) : found;
  }
  return unreachable(thrown, label);
}

/**
 * SQLSTATEs that mean something of their own while the log is read: there the subject is the slot or the publication.
 */
const CODES_OF_STREAM: Readonly<Record<string, Code>> = {
  '42704': 'TD5013',
  '55000': 'TD6001',
  '58P01': 'TD6001',
};

/** The ErrorResponse of a walsender from its raw fields: a type byte and a text, each ended by a zero byte. */
export function streamError(fields: Buffer, label: string): TandemError {
  const found = new Map<string, string>();
  for (const field of fields.toString('utf8').split('\0'))
    if (field !== '') found.set(field.slice(0, 1), field.slice(1));
  const state = found.get('C') ?? 'XX000';
  const error = new pg.DatabaseError(found.get('M') ?? '', fields.length, 'error');
  const code = CODES_OF_STREAM[state];
  if (code === undefined) return stateError(error, state, { label });
  return new TandemError(code, `${label}: ${error.message}`, { at: { database: label, sqlstate: state } });
}

/** Is the connection of no further use after this? */
export function endsConnection(thrown: unknown): boolean {
  if (!(thrown instanceof pg.DatabaseError) || thrown.code === undefined) return true;
  return thrown.severity === 'FATAL' || thrown.severity === 'PANIC' || isStalePlan(thrown) || thrown.code === '26000';
}

export function stateOf(thrown: unknown): string | undefined {
  return thrown instanceof pg.DatabaseError ? thrown.code : undefined;
}

function stateError(error: pg.DatabaseError, state: string, { label, table }: ErrorPlace): TandemError {
  const known = CODES_BY_STATE[state] ?? CODES_BY_STATE[state.slice(0, 2)];
  const code = isStalePlan(error) ? 'TD4005' : isInRecovery(error) ? 'TD6031' : (known ?? 'TD7012');
  const words = SAFE_CLASSES.has(state.slice(0, 2)) ? error.message : `the server refused it with SQLSTATE ${state}`;
  const at: Record<string, string> = { database: label, sqlstate: state };
  const name = error.table === undefined ? table : `${error.schema ?? ''}.${error.table}`;
  if (name !== undefined) at['table'] = name;
  if (error.column !== undefined) at['column'] = error.column;
  if (error.constraint !== undefined) at['constraint'] = error.constraint;
  const where = name === undefined ? label : `${label}, ${name}`;
  return new TandemError(code, `${where}: ${words}`, { at });
}

/**
 * After ALTER TABLE a prepared statement whose result has new types is refused; a new connection prepares it afresh.
 */
function isStalePlan(error: pg.DatabaseError): boolean {
  return error.code === '0A000' && error.routine === 'RevalidateCachedQuery';
}

/** A standby has no end of a log of its own, and starts no slot (xlogfuncs.c, slot.c). */
function isInRecovery(error: pg.DatabaseError): boolean {
  if (error.code !== '55000') return false;
  return /recovery/.test(error.message) || /^pg_(?:current_wal|walfile_name)/.test(error.routine ?? '');
}

function lost(thrown: unknown, { label }: ErrorPlace): TandemError {
  return new TandemError('TD4005', `${label}: the connection broke: ${wordsOf(thrown)}`, {
    at: { database: label },
    cause: thrown,
  });
}

function unreachable(thrown: unknown, label: string): TandemError {
  return new TandemError('TD4001', `${label}: no connection to the server: ${wordsOf(thrown)}`, {
    at: { database: label },
    cause: thrown,
  });
}

function wordsOf(thrown: unknown): string {
  // A host name with several addresses fails with one error for each of them.
  if (thrown instanceof AggregateError) return thrown.errors.map(wordsOf).join('; ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}
