import type { Position } from '../../model/change.ts';
import type {
  CheckRequest,
  Endpoint,
  EndpointOptions,
  OperatorTransaction,
  Presence,
  ServerFacts,
  Source,
  SourceOptions,
  Step,
  Target,
} from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { Finding } from '../../model/finding.ts';
import type { TableShape } from '../../model/plan.ts';
import { type TableRef, type TableSchema, tableName } from '../../model/schema.ts';
import type { StateTableName } from '../../model/state.ts';
import type { Row } from '../../model/value.ts';
import type { Vitals } from '../../model/vitals.ts';
import { compareValues } from './identity.ts';
import { positions, toPlace, toPosition } from './log.ts';
import { MemoryPresence } from './presence.ts';
import { type Client, connectionLost, createClient } from './session.ts';
import { fit, imageOf } from './shape.ts';
import { distance, MemorySource } from './source.ts';
import { missingSteps, removalSteps, runStep, stateShapes } from './state.ts';
import type { Store } from './store.ts';
import { MemoryTarget, operate } from './target.ts';

const scanRows = 1000;

/** One engine's end of a memory database. */
export class MemoryEndpoint implements Endpoint {
  readonly facts: ServerFacts;
  readonly positions = positions;
  readonly state: Readonly<Record<StateTableName, TableShape>>;
  readonly debezium = null;
  /** Who this endpoint is to the server. */
  readonly client: Client;
  readonly #store: Store;
  readonly #options: EndpointOptions;

  constructor(store: Store, client: Client, options: EndpointOptions) {
    this.#store = store;
    this.#options = options;
    this.client = client;
    this.facts = { engine: 'memory', version: '1', identity: store.options.name };
    this.state = stateShapes(options.stateSchema);
  }

  async tables(): Promise<readonly TableRef[]> {
    await this.#ask('tables');
    return [...this.#store.tables.values()].map(({ ref }) => ref).filter((ref) => !this.#isState(ref));
  }

  async inspect(tables: readonly TableRef[]): Promise<readonly TableSchema[]> {
    await this.#ask('inspect');
    return tables.flatMap((ref) => {
      const table = this.#store.tables.get(tableName(ref));
      return table === undefined ? [] : [table.schema(this.#store.options.logsCascades ?? true)];
    });
  }

  async check(request: CheckRequest): Promise<readonly Finding[]> {
    await this.#ask('check');
    const findings: Finding[] = [];
    for (const ref of request.tables) {
      const at = { table: tableName(ref) };
      const table = this.#store.tables.get(at.table);
      if (table === undefined) {
        findings.push({ code: 'TD2101', severity: 'error', message: 'the table is not there', at });
        continue;
      }
      for (const { name, guarded } of table.definition.triggers ?? []) {
        if (guarded || !request.write) continue;
        findings.push({ code: 'TD2303', severity: 'warning', message: `trigger ${name} fires for Tandem too`, at });
      }
    }
    return findings;
  }

  async missing(): Promise<readonly Step[]> {
    await this.#ask('missing');
    return missingSteps(this.#store, this.#options.stateSchema, this.#options.sync);
  }

  async removal(): Promise<readonly Step[]> {
    await this.#ask('removal');
    return removalSteps(this.#store, this.#options.stateSchema, this.#options.sync);
  }

  async run(step: Step): Promise<void> {
    await this.#ask('run');
    runStep(this.#store, step);
  }

  async logEnd(): Promise<Position> {
    await this.#ask('logEnd');
    return this.#store.log.endPosition();
  }

  async firstPosition(): Promise<Position> {
    await this.#ask('firstPosition');
    const { log } = this.#store;
    const at = log.slots.get(this.#options.sync) ?? log.end;
    return toPosition({ history: log.history, at, rows: Infinity });
  }

  async verifyPosition(position: Position): Promise<void> {
    await this.#ask('verifyPosition');
    const { log, options } = this.#store;
    const place = toPlace(position);
    const confirmed = log.slots.get(this.#options.sync);
    if (options.slots === true && confirmed === undefined) {
      throw new TandemError('TD6001', 'the slot of this sync is gone', { at: { slot: this.#options.sync } });
    }
    log.verify(place);
    const whole = place.rows === Infinity ? place.at : place.at - 1;
    if (confirmed !== undefined && whole < confirmed) {
      throw new TandemError('TD6003', 'the slot is already confirmed beyond the position', {
        expected: `transaction ${whole}`,
        found: `transaction ${confirmed}`,
      });
    }
  }

  async behind(position: Position): Promise<{ readonly amount: number; readonly unit: 'transactions' }> {
    await this.#ask('behind');
    return { amount: distance(this.#store, position), unit: 'transactions' };
  }

  async vitals(): Promise<Vitals> {
    if (this.client.crashed) throw connectionLost();
    const { log } = this.#store;
    return { clockMs: this.#store.nowUs() / 1_000, logEnd: log.endPosition(), kept: { kind: 'all' } };
  }

  source(options: SourceOptions): Source {
    return new MemorySource(this.#store, this.client, this.#options.sync, options);
  }

  async target(): Promise<Target> {
    await this.#ask('target');
    return new MemoryTarget(this.#store, this.client, this.state.checkpoint);
  }

  async presence(): Promise<Presence> {
    await this.#ask('presence');
    return new MemoryPresence(this.#store, this.client, this.#options.sync);
  }

  operate<T>(work: (transaction: OperatorTransaction) => Promise<T>): Promise<T> {
    return operate(this.#store, createClient(`${this.client.label} operator`, false), work);
  }

  async *scan(shape: TableShape): AsyncIterable<readonly Row[]> {
    const compare = (a: Row, b: Row): number => {
      for (const at of shape.key) {
        const order = compareValues(a[at], b[at]);
        if (order !== 0) return order;
      }
      return 0;
    };
    let last: Row | undefined;
    for (;;) {
      await this.#ask('scan');
      const fitted = fit(this.#store, shape);
      const rows: Row[] = [];
      for (const { committed } of fitted.table.cells.values()) {
        if (committed === null) continue;
        const image = imageOf(fitted, committed);
        if (last === undefined || compare(image, last) > 0) rows.push(image);
      }
      const chunk = rows.toSorted(compare).slice(0, scanRows);
      last = chunk.at(-1);
      if (last === undefined) return;
      yield chunk;
      if (chunk.length < scanRows) return;
    }
  }

  async count(table: TableRef): Promise<number> {
    await this.#ask('count');
    let rows = 0;
    for (const { committed } of this.#store.table(tableName(table)).cells.values()) rows += Number(committed !== null);
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.cuts += 1;
    for (const session of this.client.sessions) session.sever();
    this.#store.log.announce();
  }

  #isState(ref: TableRef): boolean {
    return ref.schema === this.#options.stateSchema && ref.table in this.state;
  }

  /** A question of the endpoint's own pool: a round trip that may fail like any other. */
  async #ask(operation: string): Promise<void> {
    await this.#store.yieldPoint(`${this.client.label}.${operation}`);
    const fault = this.#store.options.fault?.(operation, this.client.label) ?? null;
    if (this.client.crashed || fault !== null) {
      throw new TandemError('TD4005', 'the connection to the memory database is cut', { at: { operation } });
    }
  }
}
