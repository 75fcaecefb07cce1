import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Change, Position, Transaction } from '../../src/model/change.ts';
import type { Checkpoint, CheckpointMove, Endpoint, Target, TargetTransaction } from '../../src/model/endpoint.ts';
import { asTandemError } from '../../src/model/error.ts';
import type { TableShape } from '../../src/model/plan.ts';
import type { TableSchema } from '../../src/model/schema.ts';
import type { Row } from '../../src/model/value.ts';
import { STATE_TABLES, type StateTableName } from '../../src/model/state.ts';
import { type ApplicationTransaction, type Bench, context, type OpenBench } from './bench.ts';
import { tables } from './tables.ts';

/** A database with the suite's tables in it, set up for a sync, and hands to work it with. */
export class Stage implements AsyncDisposable {
  readonly bench: Bench;
  readonly endpoint: Endpoint;
  readonly #schemas = new Map<string, TableSchema>();
  readonly #targets: Target[] = [];
  #marks = 0;
  #routes = 0;

  constructor(bench: Bench, endpoint: Endpoint) {
    this.bench = bench;
    this.endpoint = endpoint;
  }

  static async open(openBench: OpenBench): Promise<Stage> {
    const bench = await openBench();
    for (const definition of tables.toReversed()) await bench.createTable(definition);
    const endpoint = await bench.open();
    const stage = new Stage(bench, endpoint);
    const refs = tables.map(({ table }) => ({ schema: bench.schema, table }));
    for (const step of await endpoint.missing(refs)) await endpoint.run(step);
    for (const schema of await endpoint.inspect(refs)) stage.#schemas.set(schema.ref.table, schema);
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.releaseTargets();
    await this.endpoint[Symbol.asyncDispose]();
    await this.bench[Symbol.asyncDispose]();
  }

  schema(table: string): TableSchema {
    const schema = this.#schemas.get(table);
    if (schema === undefined) throw new Error(`the endpoint did not find table ${table}`);
    return schema;
  }

  /** All columns of a table, or of those the named ones, in the order asked. */
  shape(table: string, names?: readonly string[]): TableShape {
    const { ref, columns, key } = this.schema(table);
    const wanted =
      names === undefined ? columns : names.flatMap((name) => columns.filter((column) => column.name === name));
    return { ref, columns: wanted, key: key.map((name) => wanted.findIndex((column) => column.name === name)) };
  }

  /** A state table the way a source wants it: by name only. */
  stateTable(name: StateTableName): TableSchema {
    const { ref } = this.endpoint.state[name];
    const nothing = { columns: [], key: [], uniques: [], foreignKeys: [], triggers: [] };
    return { ref, ...nothing, fullImages: true, transactional: true, logsCascades: true };
  }

  /** An application's transaction. */
  async app(work: (transaction: ApplicationTransaction) => Promise<void>): Promise<void> {
    const transaction = await this.bench.begin();
    try {
      await work(transaction);
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    await transaction.commit();
  }

  async clear(): Promise<void> {
    await this.app(async (transaction) => {
      for (const { table } of tables) await transaction.clear(table);
    });
  }

  /** Everything from a position up to now, of these tables (state tables by their plain names). */
  async read(from: Position, names: readonly string[], chunkRows = 1000): Promise<Transaction[]> {
    this.#marks += 1;
    const id = this.#marks;
    await this.app((transaction) => transaction.insert('mark', { id }));
    const found: Transaction[] = [];
    const stop = new AbortController();
    const { endpoint } = this;
    const source = endpoint.source({ tables: [...names, 'mark'].map((name) => this.#wanted(name)), chunkRows });
    for await (const transaction of untilFree(() => source.read(from, stop.signal))) {
      if (transaction.changes.some((change) => isMark(change) && change.after?.[0] === id)) stop.abort();
      else if (!transaction.changes.every(isMark)) found.push(transaction);
    }
    return found;
  }

  #wanted(name: string): TableSchema {
    return name in STATE_TABLES ? this.stateTable(name as StateTableName) : this.schema(name);
  }

  /** A writing connection that is closed when the stage is. */
  async target(): Promise<Target> {
    const target = await this.endpoint.target();
    this.#targets.push(target);
    return target;
  }

  async releaseTargets(): Promise<void> {
    for (const target of this.#targets.splice(0)) await target[Symbol.asyncDispose]();
  }

  /** A checkpoint row nobody else uses, taken over by a target. */
  async route(): Promise<Route> {
    this.#routes += 1;
    const stream = `route${this.#routes}`;
    const target = await this.target();
    await target.seed(stream, 'main', move('start'));
    return new Route(target, await target.takeOver(stream, 'main'));
  }

  /** Runs the work in a transaction of an engine and commits it. */
  async write<T>(work: (transaction: TargetTransaction) => Promise<T>): Promise<T> {
    const route = await this.route();
    return route.write(work);
  }
}

/** An engine's end: a target and the checkpoint it holds. */
export class Route {
  readonly target: Target;
  held: Checkpoint;

  constructor(target: Target, held: Checkpoint) {
    this.target = target;
    this.held = held;
  }

  begin(to = 'next'): Promise<TargetTransaction> {
    return this.target.begin(this.held, move(to));
  }

  async write<T>(work: (transaction: TargetTransaction) => Promise<T>, to = 'next'): Promise<T> {
    const transaction = await this.begin(to);
    try {
      const result = await work(transaction);
      await transaction.commit();
      this.held = { ...this.held, ...move(to), seq: this.held.seq + 1 };
      return result;
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
  }
}

/** Reads, and begins again where the last reader of the slot has hardly let it go. */
export async function* untilFree(read: () => AsyncIterable<Transaction>): AsyncIterable<Transaction> {
  for (let given = false; ; ) {
    try {
      for await (const transaction of read()) {
        given = true;
        yield transaction;
      }
      return;
    } catch (error) {
      if (given || asTandemError(error).code !== 'TD6009') throw error;
      await context.sleep(20);
    }
  }
}

/** A move to a made-up position: targets carry positions of other databases and never look into them. */
export function move(position: string): CheckpointMove {
  return { position: position as Position, floor: null, known: null, effectiveUs: 1 };
}

function isMark(change: Change): boolean {
  return change.table.ref.table === 'mark';
}

/** `op table` and the images by column name, for comparing. */
export function told(change: Change): unknown {
  const { columns, ref } = change.table;
  const fields = (row: Row | null) =>
    row === null ? null : Object.fromEntries(columns.map((name, at) => [name, row[at]]));
  return [`${change.op} ${ref.table}`, fields(change.before), fields(change.after)];
}

/** The code that the work is refused with, or `done`. */
export function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => {
      const { code, message } = asTandemError(error);
      return code === 'TD9002' ? `${code} ${message}` : code;
    },
  );
}

/** Opens a stage for the tests of the enclosing describe block; every test finds the tables empty. */
export function useStage(openBench: OpenBench): () => Stage {
  let stage: Stage | undefined;
  const present = (): Stage => {
    if (stage === undefined) throw new Error('the stage is not open yet');
    return stage;
  };
  beforeAll(async () => {
    stage = await Stage.open(openBench);
  });
  beforeEach(async () => {
    await present().releaseTargets();
    await present().clear();
  });
  afterAll(async () => stage?.[Symbol.asyncDispose]());
  return present;
}
