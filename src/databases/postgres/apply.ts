import type { Position } from '../../model/change.ts';
import type { Context } from '../../model/context.ts';
import type {
  Checkpoint,
  CheckpointMove,
  OperatorTransaction,
  Target,
  TargetTransaction,
  WriteResult,
  WriteRun,
} from '../../model/endpoint.ts';
import { asTandemError, TandemError } from '../../model/error.ts';
import type { TableShape } from '../../model/plan.ts';
import { Renewable } from '../../model/renewable.ts';
import type { Row } from '../../model/value.ts';
import { type Answer, type Login, quoteTable } from './connect.ts';
import { findRows, lockRows, type Run } from './select.ts';
import { Sequences } from './sequences.ts';
import { Session } from './session.ts';
import { writeRun } from './write.ts';

const COLUMNS = 'stream, lane, position, epoch, seq, floor, known, effective_us';

/**
 * A connection that writes into one PostgreSQL database. Reconnects by itself between transactions, never within one.
 */
export class PostgresTarget implements Target {
  private readonly login: Login;
  private readonly table: string;
  private readonly sequences = new Sequences();
  private readonly sessions: Renewable<Session>;

  constructor(login: Login, stateSchema: string, context: Context) {
    this.login = login;
    this.sessions = new Renewable(
      () => openWriter(login, context),
      ({ usable }) => usable,
      (session) => session.drop(),
    );
    this.table = quoteTable({ schema: stateSchema, table: 'checkpoint' });
  }

  /** Throws TandemError TD4001, TD4002, TD4004, TD7009. */
  connect(): Promise<Session> {
    return this.sessions.get();
  }

  async checkpoint(stream: string, lane: string): Promise<Checkpoint | null> {
    const sql = `SELECT ${COLUMNS} FROM ${this.table} WHERE stream = $1 AND lane = $2`;
    return checkpointOf(await this.ask(sql, [stream, lane]));
  }

  async seed(stream: string, lane: string, move: CheckpointMove): Promise<void> {
    const sql = `INSERT INTO ${this.table} (${COLUMNS}) VALUES ($1, $2, $3, 0, 0, $4, $5, $6) ON CONFLICT DO NOTHING`;
    await this.ask(sql, [stream, lane, ...moveValues(move)]);
  }

  async takeOver(stream: string, lane: string, epochMax = Infinity): Promise<Checkpoint> {
    const session = await this.connect();
    const sql = `UPDATE ${this.table} SET epoch = epoch + 1, seq = seq + 1
      WHERE stream = $1 AND lane = $2 RETURNING ${COLUMNS}`;
    try {
      // However long the predecessor's transaction takes: nothing may be decided before its outcome is.
      const [, , , answer] = await Promise.all([
        session.command('BEGIN ISOLATION LEVEL READ COMMITTED'),
        session.command('SET LOCAL lock_timeout = 0'),
        session.command('SET LOCAL statement_timeout = 0'),
        session.run(sql, [stream, lane]),
      ]);
      const row = checkpointOf(answer);
      if (row === null) throw missingRow(this.login.label, `no checkpoint row of ${stream}, ${lane}`);
      if (row.epoch - 1 > epochMax) throw this.#fenced({ stream, lane }, `epoch ${epochMax} at most`);
      await commit(session, this.login.label);
      return row;
    } catch (thrown) {
      await rollback(session);
      throw notApplied(thrown, this.login.label);
    }
  }

  async begin(held: Checkpoint, move: CheckpointMove): Promise<TargetTransaction> {
    const session = await this.connect();
    const sql = `UPDATE ${this.table} SET position = $3, floor = $4, known = $5, effective_us = $6, seq = seq + 1
      WHERE stream = $1 AND lane = $2 AND epoch = $7 AND seq = $8`;
    const values = [held.stream, held.lane, ...moveValues(move), String(held.epoch), String(held.seq)];
    try {
      const [, moved] = await Promise.all([
        session.command('BEGIN ISOLATION LEVEL READ COMMITTED'),
        session.run(sql, values),
      ]);
      if (moved.count === 1) return new PostgresTransaction(session, this.sequences, this.login.label);
    } catch (thrown) {
      await rollback(session);
      throw notApplied(thrown, this.login.label);
    }
    await rollback(session);
    throw this.#fenced(held, `epoch ${held.epoch}, seq ${held.seq} in the checkpoint row`);
  }

  #fenced({ stream, lane }: Pick<Checkpoint, 'stream' | 'lane'>, expected: string): TandemError {
    return new TandemError('TD9001', `${this.login.label}: another engine has taken over ${stream}, ${lane}`, {
      expected,
      found: 'a row that has moved on',
      at: { stream, lane },
    });
  }

  async find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]> {
    const session = await this.connect();
    return findRows(runOf(session), shape, by, tuples, false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = await this.sessions.close();
    await session?.close();
  }

  private async ask(sql: string, values: readonly (string | null)[]): Promise<Answer> {
    const session = await this.connect();
    try {
      return await session.run(sql, values);
    } catch (thrown) {
      throw notApplied(thrown, this.login.label);
    }
  }
}

function openWriter(login: Login, context: Context): Promise<Session> {
  return Session.open(login, 'write', context);
}

class PostgresTransaction implements TargetTransaction {
  private readonly session: Session;
  private readonly sequences: Sequences;
  private readonly label: string;
  private readonly run: Run;
  /** Of an attempt that has sent nothing yet: it gets its savepoint with its first statement. */
  private isUnmarked = false;

  constructor(session: Session, sequences: Sequences, label: string) {
    this.session = session;
    this.sequences = sequences;
    this.label = label;
    this.run = (sql, values, table) => {
      this.markAttempt();
      return session.run(sql, values, table);
    };
  }

  lock(shape: TableShape, keys: readonly Row[]): Promise<readonly (Row | null)[]> {
    return lockRows(this.run, shape, keys);
  }

  find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]> {
    return findRows(this.run, shape, by, tuples, true);
  }

  async write(work: WriteRun): Promise<WriteResult> {
    const result = await writeRun(this.run, work);
    if (work.op === 'insert') await this.sequences.advance(this.run, work);
    return result;
  }

  /**
   * A commit is in the log before it leaves the list of running transactions, which is what snapshots go by; a
   * statement does not wait for rows that its snapshot does not show. The log tells ids without their epoch.
   */
  async unseen(): Promise<readonly string[]> {
    const { rows } = await this.run('SELECT pg_snapshot_xip(pg_current_snapshot())::text', []);
    return rows.map(([xid]) => String(BigInt(xid ?? 0) & 0xffffffffn));
  }

  async attempt<T>(work: () => Promise<T>, checkDeferred = false): Promise<T> {
    this.isUnmarked = true;
    try {
      const result = await work();
      if (this.isUnmarked) return result;
      if (checkDeferred) await this.session.command('SET CONSTRAINTS ALL IMMEDIATE');
      await this.session.command('RELEASE SAVEPOINT tandem');
      if (checkDeferred) await this.session.command('SET CONSTRAINTS ALL DEFERRED');
      return result;
    } catch (thrown) {
      if (!this.isUnmarked && asTandemError(thrown).class === 'row') {
        await this.session.command('ROLLBACK TO SAVEPOINT tandem');
        await this.session.command('RELEASE SAVEPOINT tandem');
      }
      throw thrown;
    } finally {
      this.isUnmarked = false;
    }
  }

  /** The answer to SAVEPOINT is not waited for: statements arrive in the order in which they are sent. */
  private markAttempt(): void {
    if (!this.isUnmarked) return;
    this.isUnmarked = false;
    // Where it is refused, so is all that follows.
    this.session.command('SAVEPOINT tandem').catch(() => undefined);
  }

  commit(): Promise<void> {
    return commit(this.session, this.label);
  }

  rollback(): Promise<void> {
    return rollback(this.session);
  }
}

/** Runs an operator's transaction, see Endpoint.operate. */
export async function operate<T>(
  login: Login,
  context: Context,
  work: (transaction: OperatorTransaction) => Promise<T>,
): Promise<T> {
  const session = await Session.open(login, 'write', context);
  try {
    await session.command("SET tandem.apply = 'off'");
    await session.command('BEGIN ISOLATION LEVEL READ COMMITTED');
    const result = await work(new PostgresTransaction(session, new Sequences(), login.label));
    await commit(session, login.label);
    return result;
  } finally {
    // What was not committed is rolled back with it.
    await session.close();
  }
}

function runOf(session: Session): Run {
  return (sql, values, table) => session.run(sql, values, table);
}

/**
 * An error that the server answers to COMMIT (a deferred constraint, a serialisation failure) means that it rolled
 * back. Anything else but the tag COMMIT leaves the outcome open: PostgreSQL answers ROLLBACK where an earlier error
 * was overlooked, and a connection that breaks answers nothing.
 */
async function commit(session: Session, label: string): Promise<void> {
  let found: string;
  try {
    const { command } = await session.command('COMMIT');
    if (command === 'COMMIT' && session.idle) return;
    found = command;
  } catch (thrown) {
    if (session.usable) throw thrown;
    found = thrown instanceof Error ? thrown.message : String(thrown);
  }
  throw new TandemError('TD7010', `${label}: the server did not confirm the commit`, { expected: 'COMMIT', found });
}

/** Never throws: a connection that cannot roll back is closed, which does the same. */
async function rollback(session: Session): Promise<void> {
  if (!session.usable) return;
  try {
    await session.command('ROLLBACK');
  } catch {
    await session.close();
  }
}

/** A state table or schema that does not exist is a setup fault, not a changed user table. */
function notApplied(thrown: unknown, label: string): unknown {
  if (!(thrown instanceof TandemError)) return thrown;
  const state = thrown.details.at?.['sqlstate'];
  return state === '42P01' || state === '3F000' ? missingRow(label, 'no state tables') : thrown;
}

function missingRow(label: string, found: string): TandemError {
  return new TandemError('TD5013', `${label}: this sync has not been applied here`, { found, fix: 'tandem apply' });
}

function moveValues(move: CheckpointMove): (string | null)[] {
  return [move.position, move.floor, move.known, String(move.effectiveUs)];
}

function checkpointOf({ rows }: Answer): Checkpoint | null {
  const row = rows[0];
  if (row === undefined) return null;
  const [stream, lane, position, epoch, seq, floor, known, effectiveUs] = row;
  return {
    stream: stream ?? '',
    lane: lane ?? '',
    position: (position ?? '') as Position,
    epoch: Number(epoch),
    seq: Number(seq),
    floor: (floor ?? null) as Position | null,
    known: (known ?? null) as Position | null,
    effectiveUs: Number(effectiveUs),
  };
}
