import type { ConnectionOptions } from 'mysql2';
import type { Context } from '../../model/context.ts';
import {
  type Checkpoint,
  type CheckpointMove,
  type OperatorTransaction,
  SILENCE_IN_TRANSACTION_S,
  type Target,
  type TargetTransaction,
  type WriteResult,
  type WriteRun,
} from '../../model/endpoint.ts';
import type { Code } from '../../model/codes.ts';
import { asTandemError, TandemError } from '../../model/error.ts';
import type { TableShape } from '../../model/plan.ts';
import { type TableRef, tableName } from '../../model/schema.ts';
import { Renewable } from '../../model/renewable.ts';
import type { Row } from '../../model/value.ts';
import { openWriter } from './connect.ts';
import type { Flavor } from './flavor.ts';
import { startPulse } from './pulse.ts';
import { findRows, lockRows } from './read-rows.ts';
import { type Answer, outcome, rowsOf, type Session } from './session.ts';
import { compileShape } from './shape.ts';
import { type CheckpointSql, checkpointSql, readCheckpoint } from './state.ts';
import { deleteRows } from './write-delete.ts';
import { insertGenerated, insertRows } from './write-insert.ts';
import { updateRows } from './write-update.ts';

/** The connection that writes. It is opened when first needed, and again after it broke. */
export class MysqlTarget implements Target {
  readonly #flavor: Flavor;
  readonly #checkpoint: CheckpointSql;
  readonly #sessions: Renewable<Session>;
  #open: MysqlTransaction | null = null;

  constructor(connection: ConnectionOptions, flavor: Flavor, stateSchema: string, context: Context) {
    this.#flavor = flavor;
    this.#sessions = new Renewable(
      () => openPulsing(connection, context),
      ({ broken }) => !broken,
      (session) => session.destroy(),
    );
    this.#checkpoint = checkpointSql(stateSchema);
  }

  async checkpoint(stream: string, lane: string): Promise<Checkpoint | null> {
    const session = await this.#idle();
    const [row] = await withState(session.rows(this.#checkpoint.select(stream, lane)));
    return row === undefined ? null : readCheckpoint(row);
  }

  async seed(stream: string, lane: string, move: CheckpointMove): Promise<void> {
    const session = await this.#idle();
    await withState(session.execute(this.#checkpoint.seed(stream, lane, move)));
  }

  async takeOver(stream: string, lane: string, epochMax = Infinity): Promise<Checkpoint> {
    const session = await this.#idle();
    try {
      const raise = this.#checkpoint.raiseEpoch(stream, lane);
      const sql = `START TRANSACTION;${raise};${this.#checkpoint.select(stream, lane)}`;
      const [, , found] = await withState(session.run(sql, 3));
      const [row] = rowsOf(found);
      if (row === undefined) throw notSeeded(stream, lane);
      const taken = readCheckpoint(row);
      if (taken.epoch - 1 > epochMax) throw fenced({ stream, lane }, `epoch ${epochMax} at most`);
      await confirmCommit(session);
      return taken;
    } catch (error) {
      await abandon(session);
      throw error;
    }
  }

  async begin(held: Checkpoint, move: CheckpointMove): Promise<TargetTransaction> {
    const session = await this.#idle();
    try {
      const [, moved] = await withState(session.run(`START TRANSACTION;${this.#checkpoint.move(held, move)}`, 2));
      if (outcome(moved).affectedRows !== 1) throw fenced(held, `epoch ${held.epoch}, write ${held.seq}`);
    } catch (error) {
      await abandon(session);
      throw error;
    }
    this.#open = new MysqlTransaction(session, this.#flavor);
    return this.#open;
  }

  async find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]> {
    return findRows(await this.#idle(), shape, by, tuples, '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.#sessions.close();
    // The server rolls back what is open when the connection goes.
    if (this.#open?.isOpen === true) session?.destroy();
    else await session?.[Symbol.asyncDispose]();
  }

  async #idle(): Promise<Session> {
    if (this.#open?.isOpen === true) {
      throw new TandemError('TD9002', 'a target was used for something else while its transaction was open');
    }
    this.#open = null;
    return this.#sessions.get();
  }
}

async function openPulsing(connection: ConnectionOptions, context: Context): Promise<Session> {
  const session = await openWriter(connection);
  try {
    await startPulse(session, connection, SILENCE_IN_TRANSACTION_S, context);
    return session;
  } catch (error) {
    session.destroy();
    throw error;
  }
}

class MysqlTransaction implements TargetTransaction {
  readonly #session: Session;
  readonly #flavor: Flavor;
  isOpen = true;
  /** After an error the server may have undone a part; only a rollback of all of it is right then. */
  #failed = false;
  /** Of an attempt that has sent nothing yet: it gets its savepoint with its first statement. */
  #isUnmarked = false;

  constructor(session: Session, flavor: Flavor) {
    this.#session = session;
    this.#flavor = flavor;
  }

  lock(shape: TableShape, keys: readonly Row[]): Promise<readonly (Row | null)[]> {
    return this.#guard(() => lockRows(this.#session, this.#flavor, shape, keys));
  }

  find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]> {
    return this.#guard(() => findRows(this.#session, shape, by, tuples, ' FOR UPDATE'));
  }

  write(run: WriteRun): Promise<WriteResult> {
    return this.#guard(async () => {
      try {
        return await this.#write(run);
      } catch (error) {
        throw inTable(error, run.shape.ref);
      }
    });
  }

  async #write(run: WriteRun): Promise<WriteResult> {
    const compiled = compileShape(run.shape);
    switch (run.op) {
      case 'insert':
        if (run.generated) {
          return { keys: await insertGenerated(this.#session, this.#flavor, compiled, run.rows), missing: [] };
        }
        await insertRows(this.#session, compiled, run.rows);
        return { keys: [], missing: [] };
      case 'update':
        return { keys: [], missing: await updateRows(this.#session, this.#flavor, compiled, run.keys, run.rows) };
      case 'delete':
        return { keys: [], missing: await deleteRows(this.#session, this.#flavor, compiled, run.keys) };
    }
  }

  /** There are no deferred constraints here. */
  /** InnoDB's locking reads, and its deletes, wait for a row that a transaction has made until that has ended. */
  async unseen(): Promise<null> {
    return null;
  }

  async attempt<T>(work: () => Promise<T>): Promise<T> {
    this.#isUnmarked = true;
    try {
      return await work();
    } catch (error) {
      if (!this.#isUnmarked && this.isOpen && !this.#session.broken && asTandemError(error).class === 'row') {
        this.#failed = false;
        await this.#guard(() => this.#session.execute('ROLLBACK TO SAVEPOINT tandem'));
      }
      throw error;
    } finally {
      this.#isUnmarked = false;
    }
  }

  async commit(): Promise<void> {
    if (!this.isOpen || this.#failed) throw new TandemError('TD9002', 'commit after an error or after the end');
    this.isOpen = false;
    try {
      await confirmCommit(this.#session);
    } catch (error) {
      // What the server made of it is open: a connection that is gone cannot do any more harm.
      this.#session.destroy();
      throw error;
    }
  }

  async rollback(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await abandon(this.#session);
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.isOpen || this.#failed)
      throw new TandemError('TD9002', 'a transaction was used after an error or its end');
    try {
      if (this.#isUnmarked) {
        this.#isUnmarked = false;
        await this.#session.execute('SAVEPOINT tandem');
      }
      return await work();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }
}

/** Runs an operator's transaction, see Endpoint.operate. */
export async function operate<T>(
  connection: ConnectionOptions,
  flavor: Flavor,
  work: (transaction: OperatorTransaction) => Promise<T>,
): Promise<T> {
  await using session = await openWriter(connection);
  await session.execute('SET @tandem_apply = NULL');
  await session.execute('START TRANSACTION');
  // What was not committed is rolled back with the session.
  const transaction = new MysqlTransaction(session, flavor);
  const result = await work(transaction);
  await transaction.commit();
  return result;
}

/** The same error with the table's name; the server does not say it for most of them. */
function inTable(error: unknown, ref: TableRef): unknown {
  if (!(error instanceof TandemError)) return error;
  const at = { table: tableName(ref), ...error.details.at };
  return new TandemError(error.code as Code, error.message, { ...error.details, at });
}

/**
 * COMMIT, confirmed: the server must say that a transaction was open before and none is open after. A statement that
 * commits on its own, out of a trigger or a proxy, would otherwise pass for success.
 */
async function confirmCommit(session: Session): Promise<void> {
  let answers: readonly Answer[];
  try {
    answers = await session.run('DO 0;COMMIT', 2, 'TD7010');
  } catch (cause) {
    throw notConfirmed(cause instanceof TandemError ? `${cause.code} ${cause.message}` : 'an unknown failure');
  }
  const [before, after] = answers.map(outcome);
  if (before?.inTransaction !== true) throw notConfirmed('the transaction had ended before');
  if (after?.inTransaction !== false) throw notConfirmed('the transaction was still open after COMMIT');
}

function notConfirmed(found: string): TandemError {
  return new TandemError('TD7010', 'the server did not confirm the commit', {
    expected: 'COMMIT ends the transaction that begin() opened',
    found,
  });
}

/** Undoes everything. A session that cannot even do that is given up. */
async function abandon(session: Session): Promise<void> {
  if (session.broken) return;
  try {
    const { inTransaction } = await session.execute('ROLLBACK');
    if (inTransaction) session.destroy();
  } catch {
    session.destroy();
  }
}

/** In these statements a table or database that is missing is one of Tandem's own. */
async function withState<Result>(statement: Promise<Result>): Promise<Result> {
  try {
    return await statement;
  } catch (error) {
    const absent: readonly Code[] = ['TD7005', 'TD4004'];
    if (error instanceof TandemError && absent.includes(error.code as Code)) throw notApplied(error);
    throw error;
  }
}

function notApplied(cause: TandemError): TandemError {
  return new TandemError('TD5013', "Tandem's own tables are not in this database", {
    found: cause.message,
    fix: 'tandem plan, then tandem apply',
    ...(cause.details.at === undefined ? {} : { at: cause.details.at }),
  });
}

function notSeeded(stream: string, lane: string): TandemError {
  return new TandemError('TD5013', 'the checkpoint of this route is not in the target', {
    fix: 'tandem plan, then tandem apply',
    at: { stream, lane },
  });
}

function fenced({ stream, lane }: Pick<Checkpoint, 'stream' | 'lane'>, expected: string): TandemError {
  return new TandemError('TD9001', 'another engine has taken over this route', {
    expected,
    found: 'another epoch or write in the checkpoint row',
    at: { stream, lane },
  });
}
