import { setTimeout } from 'node:timers/promises';
import type { Position, Transaction } from '../src/model/change.ts';
import type { Context } from '../src/model/context.ts';
import type { Source } from '../src/model/endpoint.ts';
import type { Row } from '../src/model/value.ts';
import { openSource } from '../src/databases/mysql/capture.ts';
import { logEnd } from '../src/databases/mysql/history.ts';
import type { Fixture } from './mysql.ts';

const quiet = () => undefined;

/** A context for readers of a log, which take nothing from it but the log. */
export const quietContext: Context = {
  nowMs: () => 0,
  random: () => 0.5,
  sleep: (ms, signal) => setTimeout(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  spillFolder: '',
};

let serverIds = 1000 + process.pid;

export interface LogOptions {
  readonly tables: readonly string[];
  readonly chunkRows?: number;
  /** `tandem` unless given. */
  readonly stateSchema?: string;
}

/** A reader of some tables of the fixture's database, as the catalogue has them now. */
export async function openLog(
  fixture: Fixture,
  { tables, chunkRows = 1000, stateSchema = 'tandem' }: LogOptions,
): Promise<Source> {
  serverIds += 1;
  const schemas = await Promise.all(tables.map((table) => fixture.inspect(table)));
  const { connection, flavor } = fixture;
  const shared = { connection, flavor, serverId: serverIds, stateSchema, context: quietContext };
  return openSource({ ...shared, tables: schemas, chunkRows });
}

export function endOfLog(fixture: Fixture): Promise<Position> {
  return logEnd(fixture.session, fixture.flavor);
}

/**
 * Reads on from a position until the transaction that `isLast` knows has come. Throws what the source throws, which
 * ends tests that wait for something in vain when it is no part of the log.
 */
export async function readUntil(
  source: Source,
  from: Position,
  isLast: (transaction: Transaction) => boolean,
): Promise<Transaction[]> {
  const found: Transaction[] = [];
  const stop = new AbortController();
  for await (const transaction of source.read(from, stop.signal)) {
    found.push(transaction);
    if (isLast(transaction)) stop.abort();
  }
  return found;
}

/** Does the transaction insert this id into this table, in its first column? */
export function inserts(table: string, id: number): (transaction: Transaction) => boolean {
  return ({ changes }) =>
    changes.some(({ op, table: { ref }, after }) => op === 'insert' && ref.table === table && after[0] === id);
}

/** The rows inserted into a table. */
export function insertedInto(table: string, transactions: readonly Transaction[]): Row[] {
  return transactions.flatMap(({ changes }) =>
    changes.flatMap((change) => (change.op === 'insert' && change.table.ref.table === table ? [change.after] : [])),
  );
}
