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
import type { Row } from '../../model/value.ts';
import type { Position } from '../../model/change.ts';
import { type Client, Session } from './session.ts';
import { fit, type Fitted, imageOf, keyText, rowOf } from './shape.ts';
import type { Store } from './store.ts';
import { identityOf } from './identity.ts';
import { type Cell, visible } from './table.ts';
import { deleteRow, insertRow, lockForUpdate, lockRow, updateRow } from './write.ts';

/** A writing connection of an engine. */
export class MemoryTarget implements Target {
  readonly #store: Store;
  readonly #client: Client;
  readonly #checkpoints: TableShape;
  #session: Session | null = null;

  constructor(store: Store, client: Client, checkpoints: TableShape) {
    this.#store = store;
    this.#client = client;
    this.#checkpoints = checkpoints;
  }

  async checkpoint(stream: string, lane: string): Promise<Checkpoint | null> {
    return this.#connect().perform('checkpoint', async () => {
      const fitted = this.#checkpointTable();
      const cell = fitted.table.cells.get(keyText(fitted, [stream, lane]));
      const row = cell === undefined ? null : visible(cell, null);
      return row === null ? null : toCheckpoint(imageOf(fitted, row));
    });
  }

  async seed(stream: string, lane: string, move: CheckpointMove): Promise<void> {
    const session = this.#connect();
    return session.perform('seed', async () => {
      const fitted = this.#checkpointTable();
      const image = toImage({ stream, lane, epoch: 0, seq: 0, ...move });
      const existing = fitted.table.cells.get(keyText(fitted, [stream, lane]));
      if (existing !== undefined && existing.committed !== null) return;
      await autocommit(session, async () => {
        try {
          await insertRow(session, fitted.table, rowOf(fitted, image));
        } catch (error) {
          // Another engine has seeded it meanwhile.
          if (!(error instanceof TandemError && error.code === 'TD7001')) throw error;
        }
      });
    });
  }

  async takeOver(stream: string, lane: string, epochMax = Infinity): Promise<Checkpoint> {
    const session = this.#connect();
    return session.perform('takeOver', () =>
      autocommit(session, async () => {
        const fitted = this.#checkpointTable();
        const key = keyText(fitted, [stream, lane]);
        const row = await lockRow(session, fitted.table, key);
        if (row === null) {
          throw new TandemError('TD5013', 'the route has no checkpoint row', { at: { stream, lane } });
        }
        const held = toCheckpoint(imageOf(fitted, row));
        if (held.epoch > epochMax) throw fenced({ stream, lane, epoch: epochMax, seq: held.seq }, held);
        const taken = { ...held, epoch: held.epoch + 1, seq: held.seq + 1 };
        await updateRow(session, fitted.table, key, rowOf(fitted, toImage(taken)));
        return taken;
      }),
    );
  }

  async begin(held: Checkpoint, move: CheckpointMove): Promise<TargetTransaction> {
    const session = this.#connect();
    await session.perform('begin', async () => {
      session.begin();
      try {
        await this.#moveCheckpoint(session, held, move);
      } catch (error) {
        session.rollback();
        throw error;
      }
    });
    return new MemoryTargetTransaction(this.#store, session);
  }

  async find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]> {
    return this.#connect().perform('find', async () => {
      const fitted = fit(this.#store, shape);
      const found: Row[] = [];
      for (const cell of matching(fitted, by, tuples, null)) {
        if (cell.committed !== null) found.push(imageOf(fitted, cell.committed));
      }
      return found;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.sever();
    this.#session = null;
  }

  async #moveCheckpoint(session: Session, held: Checkpoint, move: CheckpointMove): Promise<void> {
    const fitted = this.#checkpointTable();
    const key = keyText(fitted, [held.stream, held.lane]);
    const row = await lockRow(session, fitted.table, key);
    const found = row === null ? null : toCheckpoint(imageOf(fitted, row));
    if (found === null || found.epoch !== held.epoch || found.seq !== held.seq) throw fenced(held, found);
    const next = toImage({ ...held, ...move, seq: held.seq + 1 });
    await updateRow(session, fitted.table, key, rowOf(fitted, next));
  }

  #connect(): Session {
    if (this.#session === null || !this.#session.connected) this.#session = new Session(this.#store, this.#client);
    return this.#session;
  }

  #checkpointTable(): Fitted {
    try {
      return fit(this.#store, this.#checkpoints);
    } catch (error) {
      throw new TandemError('TD5013', 'the state tables are not there', { cause: error });
    }
  }
}

class MemoryTargetTransaction implements TargetTransaction {
  readonly #store: Store;
  readonly #session: Session;

  constructor(store: Store, session: Session) {
    this.#store = store;
    this.#session = session;
  }

  lock(shape: TableShape, keys: readonly Row[]): Promise<readonly (Row | null)[]> {
    return this.#session.perform('lock', async () => {
      const fitted = fit(this.#store, shape);
      const rows: (Row | null)[] = [];
      for (const key of keys) {
        const row = await lockForUpdate(this.#session, fitted.table, keyText(fitted, key));
        rows.push(row === null ? null : imageOf(fitted, row));
      }
      return rows;
    });
  }

  find(shape: TableShape, by: readonly number[], tuples: readonly Row[]): Promise<readonly Row[]> {
    return this.#session.perform('find', async () => {
      const fitted = fit(this.#store, shape);
      const found: Row[] = [];
      for (const { key } of matching(fitted, by, tuples, this.#session)) {
        const row = await lockForUpdate(this.#session, fitted.table, key);
        // Whoever held the row may have changed what it was found by.
        if (row !== null && wantedBy(fitted, by, tuples).has(identityBy(fitted, by, row))) {
          found.push(imageOf(fitted, row));
        }
      }
      return found;
    });
  }

  write(run: WriteRun): Promise<WriteResult> {
    return this.#session.perform('write', () => this.#write(fit(this.#store, run.shape), run));
  }

  unseen(): Promise<readonly string[]> {
    return this.#session.perform('unseen', async () => [...this.#store.unseen]);
  }

  async attempt<T>(work: () => Promise<T>): Promise<T> {
    const undo = await this.#session.perform('savepoint', async () => this.#session.savepoint());
    try {
      return await work();
    } catch (error) {
      if (asTandemError(error).class === 'row') await this.#session.perform('undo', async () => undo());
      throw error;
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#session.perform('commit', () => this.#session.commit());
    } catch (error) {
      if (error instanceof TandemError && error.code === 'TD7010') throw error;
      throw new TandemError('TD7010', 'the server did not confirm the commit', { cause: error });
    }
  }

  async rollback(): Promise<void> {
    // A cut connection rolls back by itself.
    await this.#session.perform('rollback', async () => this.#session.rollback()).catch(() => undefined);
  }

  async #write(fitted: Fitted, run: WriteRun): Promise<WriteResult> {
    const { table, shape } = fitted;
    const missing: number[] = [];
    const keys: Row[] = [];
    const count = run.op === 'delete' ? run.keys.length : run.rows.length;
    for (let at = 0; at < count; at++) {
      if (run.op === 'insert') {
        const row = rowOf(fitted, run.rows[at] ?? [], run.generated ? shape.key : []);
        const image = imageOf(fitted, await insertRow(this.#session, table, row));
        if (run.generated) keys.push(shape.key.map((column) => image[column]));
        continue;
      }
      const key = keyText(fitted, run.keys[at] ?? []);
      const old =
        run.op === 'delete'
          ? await deleteRow(this.#session, table, key)
          : await updateRow(this.#session, table, key, rowOf(fitted, run.rows[at] ?? []));
      if (old === null) missing.push(at);
    }
    return { keys, missing };
  }
}

/** Runs an operator's transaction, see Endpoint.operate. */
export async function operate<T>(
  store: Store,
  client: Client,
  work: (transaction: OperatorTransaction) => Promise<T>,
): Promise<T> {
  const session = new Session(store, client);
  await session.perform('begin', async () => session.begin());
  const transaction = new MemoryTargetTransaction(store, session);
  try {
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  } finally {
    session.close();
  }
}

async function autocommit<T>(session: Session, work: () => Promise<T>): Promise<T> {
  session.begin();
  try {
    const result = await work();
    await session.commit();
    return result;
  } catch (error) {
    session.rollback();
    throw error;
  }
}

function identityBy(fitted: Fitted, by: readonly number[], row: Row): string | null {
  return identityOf(
    row,
    fitted.table.columns,
    by.map((at) => fitted.places[at] ?? -1),
  );
}

function wantedBy(fitted: Fitted, by: readonly number[], tuples: readonly Row[]): Set<string | null> {
  const wanted = new Set<string | null>();
  for (const tuple of tuples) {
    const image: Row = fitted.shape.columns.map((_, at) => tuple[by.indexOf(at)]);
    wanted.add(identityBy(fitted, by, rowOf(fitted, image)));
  }
  wanted.delete(null);
  return wanted;
}

/** Cells whose visible row equals one of the tuples: through an index where one fits, else by looking at all. */
function matching(fitted: Fitted, by: readonly number[], tuples: readonly Row[], viewer: object | null): Cell[] {
  const { table } = fitted;
  const wanted = wantedBy(fitted, by, tuples);
  const places = by.map((at) => fitted.places[at] ?? -1).join();
  const index = [...table.indexes()].find((candidate) => candidate.at.join() === places);
  const cells =
    index === undefined ? table.cells.values() : [...wanted].flatMap((value) => index.candidates(value ?? ''));
  const found: Cell[] = [];
  for (const cell of cells) {
    const row = visible(cell, viewer);
    if (row !== null && wanted.has(identityBy(fitted, by, row))) found.push(cell);
  }
  return found;
}

function fenced(held: Pick<Checkpoint, 'stream' | 'lane' | 'epoch' | 'seq'>, found: Checkpoint | null): TandemError {
  return new TandemError('TD9001', 'the checkpoint row was moved by another engine', {
    expected: `epoch ${held.epoch}, seq ${held.seq}`,
    found: found === null ? 'no row' : `epoch ${found.epoch}, seq ${found.seq}`,
    at: { stream: held.stream, lane: held.lane },
  });
}

function toImage(checkpoint: Checkpoint): Row {
  const { stream, lane, position, epoch, seq, floor, known, effectiveUs } = checkpoint;
  return [stream, lane, position, BigInt(epoch), BigInt(seq), floor, known, BigInt(Math.round(effectiveUs))];
}

function toCheckpoint(image: Row): Checkpoint {
  const [stream, lane, position, epoch, seq, floor, known, effectiveUs] = image;
  return {
    stream: String(stream),
    lane: String(lane),
    position: position as Position,
    epoch: Number(epoch),
    seq: Number(seq),
    floor: (floor ?? null) as Position | null,
    known: (known ?? null) as Position | null,
    effectiveUs: Number(effectiveUs),
  };
}
