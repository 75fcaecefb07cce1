import type { ConnectionOptions } from 'mysql2';
import type { Position, Positions } from '../../model/change.ts';
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
import type { StateTableName } from '../../model/state.ts';
import type { Row } from '../../model/value.ts';
import type { Vitals } from '../../model/vitals.ts';
import { MysqlTarget, operate } from './apply.ts';
import { openSource } from './capture.ts';
import { checkServer } from './check.ts';
import { connectionOptions, serverIdOf } from './connect.ts';
import { binlogDebezium } from './debezium.ts';
import { atLeast, type Flavor, parseVersion, type Version } from './flavor.ts';
import { logEnd, positionsOf, transactionsBehind, verifyHistory, witnessedEnd } from './history.ts';
import { inspectTables, listTables } from './inspect.ts';
import { quoteTable } from './literals.ts';
import { Pool } from './pool.ts';
import { MysqlPresence } from './presence.ts';
import { missingSteps, removalSteps } from './provision.ts';
import { scanRows } from './read-rows.ts';
import { stateShapes } from './state.ts';
import { readVitals } from './vitals.ts';

/** Connects once and reads what kind of server answers. Throws TD4xxx, TD5014. */
export async function openEndpoint(flavor: Flavor, options: EndpointOptions, context: Context): Promise<Endpoint> {
  const connection = connectionOptions(options);
  const pool = new Pool(connection);
  try {
    const version = await pool.use(async (session) => String((await session.rows('SELECT @@version'))[0]?.[0]));
    requireFlavor(flavor, options.label, version);
    const identity = await pool.use(async (session) => (await session.rows(`SELECT ${flavor.identity}`))[0]?.[0]);
    const facts = { engine: flavor.engine, version: parseVersion(version).join('.'), identity: String(identity) };
    return new MysqlEndpoint({ flavor, options, context, connection, pool, facts, version: parseVersion(version) });
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
}

function requireFlavor(flavor: Flavor, label: string, version: string): void {
  const engine = version.includes('MariaDB') ? 'mariadb' : 'mysql';
  if (engine === flavor.engine && atLeast(parseVersion(version), flavor.versions.from)) return;
  throw new TandemError('TD5014', `the server of ${label} is not one that Tandem supports as ${flavor.title}`, {
    expected: flavor.versions.words,
    found: version,
    ...(engine === flavor.engine ? {} : { fix: `Configure this side with the engine ${engine}.` }),
  });
}

interface Parts {
  readonly flavor: Flavor;
  readonly options: EndpointOptions;
  readonly context: Context;
  readonly connection: ConnectionOptions;
  readonly pool: Pool;
  readonly facts: ServerFacts;
  readonly version: Version;
}

class MysqlEndpoint implements Endpoint {
  readonly facts: ServerFacts;
  readonly positions: Positions;
  readonly state: Readonly<Record<StateTableName, TableShape>>;
  readonly debezium: Debezium;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.positions = positionsOf(parts.flavor);
    this.state = stateShapes(parts.options.stateSchema);
    this.debezium = binlogDebezium(parts.flavor, parts.options, parts.pool);
  }

  tables(): Promise<readonly TableRef[]> {
    const { pool, options } = this.#parts;
    return pool.use((session) => listTables(session, options.stateSchema));
  }

  inspect(tables: readonly TableRef[]): Promise<readonly TableSchema[]> {
    const { pool, flavor, version } = this.#parts;
    return pool.use((session) => inspectTables(session, flavor, version, tables));
  }

  check(request: CheckRequest): Promise<readonly Finding[]> {
    const { pool, flavor, version, options } = this.#parts;
    return pool.use((session) => checkServer({ session, flavor, version, stateSchema: options.stateSchema }, request));
  }

  missing(_tables: readonly TableRef[]): Promise<readonly Step[]> {
    const { pool, options } = this.#parts;
    return pool.use((session) => missingSteps(session, options.stateSchema));
  }

  removal(): Promise<readonly Step[]> {
    const { pool, options } = this.#parts;
    return pool.use((session) => removalSteps(session, options.stateSchema));
  }

  async run(step: Step): Promise<void> {
    await this.#parts.pool.use((session) => session.execute(step.sql));
  }

  logEnd(): Promise<Position> {
    const { pool, flavor } = this.#parts;
    return pool.use((session) => logEnd(session, flavor));
  }

  firstPosition(): Promise<Position> {
    const { pool } = this.#parts;
    return pool.use((session) => witnessedEnd(session, this.#parts));
  }

  verifyPosition(position: Position): Promise<void> {
    const { pool } = this.#parts;
    return pool.use((session) => verifyHistory(session, this.#parts, position));
  }

  async behind(position: Position): Promise<{ readonly amount: number; readonly unit: 'transactions' }> {
    const { pool, flavor } = this.#parts;
    const amount = await pool.use((session) => transactionsBehind(session, flavor, position));
    return { amount, unit: 'transactions' };
  }

  vitals(signal: AbortSignal): Promise<Vitals> {
    const { pool, flavor } = this.#parts;
    return pool.use(async (session) => {
      const giveUp = (): void => session.destroy();
      signal.addEventListener('abort', giveUp);
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      try {
        return await Promise.race([readVitals(session, flavor), aborted]);
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    });
  }

  source({ tables, chunkRows }: SourceOptions): Source {
    const { connection, flavor, options, context } = this.#parts;
    const { stateSchema } = options;
    const serverId = serverIdOf(options);
    return openSource({ connection, flavor, serverId, tables, stateSchema, chunkRows, context });
  }

  async target(): Promise<Target> {
    const { connection, flavor, options, context } = this.#parts;
    return new MysqlTarget(connection, flavor, options.stateSchema, context);
  }

  presence(): Promise<Presence> {
    const { connection, options, context } = this.#parts;
    return MysqlPresence.open(connection, options, context);
  }

  operate<T>(work: (transaction: OperatorTransaction) => Promise<T>): Promise<T> {
    const { connection, flavor } = this.#parts;
    return operate(connection, flavor, work);
  }

  scan(shape: TableShape): AsyncIterable<readonly Row[]> {
    return scanRows((work) => this.#parts.pool.use(work), shape);
  }

  count(table: TableRef): Promise<number> {
    return this.#parts.pool.use(async (session) => {
      const [row] = await session.rows(`SELECT COUNT(*) FROM ${quoteTable(table)}`);
      return Number(row?.[0]);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.pool[Symbol.asyncDispose]();
  }
}
