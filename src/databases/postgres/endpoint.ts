import type { Position } from '../../model/change.ts';
import type { Context } from '../../model/context.ts';
import type { Debezium } from '../../model/debezium.ts';
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
import type { TableRef, TableSchema } from '../../model/schema.ts';
import type { Row } from '../../model/value.ts';
import type { Vitals } from '../../model/vitals.ts';
import { operate, PostgresTarget } from './apply.ts';
import { Capture, timelineHistory } from './capture.ts';
import { checkServer, VERSION_MIN } from './check.ts';
import { askClient, connect, endClient, Pool, quoteTable } from './connect.ts';
import { postgresDebezium } from './debezium.ts';
import { inspectTables, listTables } from './inspect.ts';
import { parsePosition, positions } from './position.ts';
import { PostgresPresence } from './presence.ts';
import { CREATE_SLOT, missingSteps, type Provision, removalSteps } from './provision.ts';
import { scanRowsOf } from './select.ts';
import { logEnd, logNow, slotName, slotPosition, verifyPosition } from './slot.ts';
import { stateShapes } from './state.ts';
import { readVitals } from './vitals.ts';

/** Connects and reads who the server is. Throws TandemError TD4001, TD4002, TD4004, TD5014. */
export async function openEndpoint(options: EndpointOptions, context: Context): Promise<Endpoint> {
  const pool = new Pool(options, context);
  try {
    const { rows } = await pool.ask(`SELECT current_setting('server_version'), current_setting('server_version_num'),
      system_identifier FROM pg_control_system()`);
    const [version = '', number, identity] = rows[0] ?? [];
    const versionNumber = Number(number);
    if (versionNumber < VERSION_MIN) {
      throw new TandemError('TD5014', `${options.label}: PostgreSQL ${version} is not supported`, {
        expected: 'PostgreSQL 15 to 18',
        found: version ?? '',
      });
    }
    const facts: ServerFacts = {
      engine: 'postgres',
      version: (version ?? '').split(' ')[0] ?? '',
      identity: identity ?? '',
    };
    return new PostgresEndpoint(pool, options, context, facts, versionNumber);
  } catch (thrown) {
    await pool[Symbol.asyncDispose]();
    throw thrown;
  }
}

class PostgresEndpoint implements Endpoint {
  readonly facts: ServerFacts;
  readonly positions = positions;
  readonly state: Endpoint['state'];
  readonly debezium: Debezium;
  private readonly pool: Pool;
  private readonly options: EndpointOptions;
  private readonly context: Context;
  private readonly slot: string;
  private readonly version: number;

  constructor(pool: Pool, options: EndpointOptions, context: Context, facts: ServerFacts, version: number) {
    this.pool = pool;
    this.options = options;
    this.context = context;
    this.facts = facts;
    this.version = version;
    this.slot = slotName(options);
    this.state = stateShapes(options.stateSchema);
    this.debezium = postgresDebezium(options);
  }

  tables(): Promise<readonly TableRef[]> {
    return listTables(this.pool.ask, this.options.stateSchema);
  }

  inspect(tables: readonly TableRef[]): Promise<readonly TableSchema[]> {
    return inspectTables(this.pool.ask, tables);
  }

  check(request: CheckRequest): Promise<readonly Finding[]> {
    return checkServer(this.pool.ask, this.provision(request.tables), request, this.options.label);
  }

  async missing(tables: readonly TableRef[]): Promise<readonly Step[]> {
    const steps = await missingSteps(this.pool.ask, this.provision(tables));
    return steps.map(({ title, sql }) => ({ title, sql }));
  }

  removal(): Promise<readonly Step[]> {
    return removalSteps(this.pool.ask, this.provision([]));
  }

  async run(step: Step): Promise<void> {
    await this.pool.withConnection(async (ask) => {
      // A slot begins where no older transaction is open any more, and waiting for those counts as waiting for locks.
      const patient = step.sql.startsWith(CREATE_SLOT);
      if (patient) await ask('SET lock_timeout = 0');
      await ask(step.sql);
      if (patient) await ask("SET lock_timeout = '5s'");
    });
  }

  logEnd(): Promise<Position> {
    return this.pool.withConnection(logEnd);
  }

  firstPosition(): Promise<Position> {
    return slotPosition(this.pool.ask, this.slot, this.options.label);
  }

  verifyPosition(position: Position): Promise<void> {
    const askHistory = (timeline: number): Promise<string> => this.timelineHistory(timeline);
    return verifyPosition(this.pool.ask, askHistory, this.slot, this.options.label, position);
  }

  async behind(position: Position): Promise<{ readonly amount: number; readonly unit: 'bytes' }> {
    const { insertLsn } = await logNow(this.pool.ask);
    const bytes = insertLsn - 1n - parsePosition(position).lsn;
    return { amount: bytes > 0n ? Number(bytes) : 0, unit: 'bytes' };
  }

  vitals(signal: AbortSignal): Promise<Vitals> {
    return this.pool.withConnection((ask) => untilAborted(readVitals(ask, this.slot), signal));
  }

  source(options: SourceOptions): Source {
    return new Capture(this.options, this.slot, options, this.context);
  }

  async target(): Promise<Target> {
    const target = new PostgresTarget(this.options, this.options.stateSchema, this.context);
    await target.connect();
    return target;
  }

  presence(): Promise<Presence> {
    return PostgresPresence.open(this.options, this.context);
  }

  operate<T>(work: (transaction: OperatorTransaction) => Promise<T>): Promise<T> {
    return operate(this.options, this.context, work);
  }

  scan(shape: TableShape): AsyncIterable<readonly Row[]> {
    return scanRowsOf(this.pool.ask, shape);
  }

  async count(table: TableRef): Promise<number> {
    const { rows } = await this.pool.ask(`SELECT count(*) FROM ${quoteTable(table)}`);
    return Number(rows[0]?.[0]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.pool[Symbol.asyncDispose]();
  }

  private async timelineHistory(timeline: number): Promise<string> {
    const client = await connect(this.options, 'replicate');
    try {
      return await timelineHistory((sql) => askClient(client, sql, []), timeline);
    } finally {
      await endClient(client, this.context);
    }
  }

  private provision(tables: readonly TableRef[]): Provision {
    const { stateSchema } = this.options;
    return { name: this.slot, stateSchema, tables, version: this.version };
  }
}

/** A connection that has gone dead answers nothing at all, for as long as nobody gives it up. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
