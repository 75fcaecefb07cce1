import pg from 'pg';
import type { Context } from '../../model/context.ts';
import { type EndpointOptions, PRESENCE_SILENCE_S, SILENCE_IN_TRANSACTION_S } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import { connectError, serverError } from './errors.ts';
import { OUTPUT_SETTINGS } from './values.ts';

/** What a connection needs to know of the endpoint. */
export type Login = Pick<EndpointOptions, 'url' | 'label' | 'tls'>;

/** Rows come as text, in the order of the columns; the decoders are ours. */
export interface Answer {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Type OIDs of the columns; a domain shows as the type below it. */
  readonly types: readonly number[];
  /** Rows returned, inserted, changed or deleted. */
  readonly count: number;
  /** Command tag, such as `COMMIT`. */
  readonly command: string;
}

/** Runs one statement. Throws TandemError. */
export type Ask = (sql: string, values?: readonly (string | null)[]) => Promise<Answer>;

const connectTimeoutMs = 10_000;
const keepAliveDelayMs = 15_000;

/** The catalogue is asked with an empty search path, so that format_type() writes every user type with its schema. */
const ASK_SETTINGS = { lock_timeout: '5s', search_path: '' };

/** A host that vanished answers nothing: the server finds out in 20 s and drops what the connection holds. */
const VANISHED_SETTINGS = {
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '20s',
};

const WRITE_SETTINGS = {
  ...VANISHED_SETTINGS,
  lock_timeout: '5s',
  statement_timeout: '60s',
  // A process that was stopped keeps its connections: whoever takes over waits this long for the checkpoint row.
  idle_in_transaction_session_timeout: `${SILENCE_IN_TRANSACTION_S}s`,
  // Every statement reaches its rows by key; a plan made while a table was small must not outlive its growth.
  enable_seqscan: 'off',
  jit: 'off',
  'tandem.apply': 'on',
};

/** A server that waits for a dead reader keeps its slot busy: a successor could not read. */
const REPLICATION_SETTINGS = { wal_sender_timeout: '15s' };

const PRESENCE_SETTINGS = {
  ...VANISHED_SETTINGS,
  statement_timeout: '5s',
  idle_session_timeout: `${PRESENCE_SILENCE_S}s`,
};

const SETTINGS = {
  ask: ASK_SETTINGS,
  write: WRITE_SETTINGS,
  replicate: REPLICATION_SETTINGS,
  presence: PRESENCE_SETTINGS,
};

const textOnly: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** Throws TandemError TD1002 for a URL that cannot be read; the URL itself holds a password and is never repeated. */
export function clientConfig(login: Login, purpose: keyof typeof SETTINGS): pg.ClientConfig {
  const url = parseUrl(login);
  const settings = { ...OUTPUT_SETTINGS, ...SETTINGS[purpose] };
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const theirs = url.searchParams.get('options') ?? '';
  url.searchParams.delete('options');
  const tls = login.tls;
  if (tls !== undefined)
    for (const name of ['ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert']) url.searchParams.delete(name);
  return {
    connectionString: url.href,
    options: `${theirs} ${ours.join(' ')}`.trim(),
    application_name: 'tandem',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    types: textOnly,
    ...(tls === undefined ? {} : { ssl: tlsOptions(tls) }),
    ...(purpose === 'write' ? { pipeline: true } : {}),
    ...(purpose === 'replicate' ? { replication: 'database' } : {}),
  };
}

function parseUrl({ url, label }: Login): URL {
  try {
    return new URL(url);
  } catch {
    throw new TandemError('TD1002', `${label}: the URL cannot be read`, {
      expected: 'postgres://user:password@host:port/database, with special characters percent-encoded',
    });
  }
}

function tlsOptions(tls: NonNullable<EndpointOptions['tls']>): pg.ClientConfig['ssl'] {
  const { ca, cert, key, verify } = tls;
  return {
    rejectUnauthorized: verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** Opens one connection. Throws TandemError TD4001, TD4002, TD4004, TD7009. */
export async function connect(login: Login, purpose: Exclude<keyof typeof SETTINGS, 'ask'>): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(login, purpose));
  // Whoever waits for an answer is told by its promise; without a listener the event would end the process as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (thrown) {
    throw connectError(thrown, login.label);
  }
}

/** A server that does not take its leave within this time has lost the connection already. */
const goodbyeMs = 2_000;

/** Says goodbye, and waits until the connection is closed, but not for a server that is gone. Never throws. */
export async function endClient(client: pg.Client, context: Pick<Context, 'sleep'>): Promise<void> {
  await endWithin(context, [client], () => client.end());
}

async function endWithin(
  { sleep }: Pick<Context, 'sleep'>,
  clients: Iterable<pg.Client>,
  end: () => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const giveUp = (): void => {
    for (const client of clients) client.connection.stream.destroy();
  };
  void sleep(goodbyeMs, ended.signal).then(giveUp, () => undefined);
  await end().catch(() => undefined);
  ended.abort();
}

/** A few connections for the endpoint's own questions. */
export class Pool implements AsyncDisposable {
  private readonly pool: pg.Pool;
  private readonly label: string;
  private readonly context: Context;
  private readonly clients = new Set<pg.Client>();

  constructor(login: Login, context: Context) {
    this.label = login.label;
    this.context = context;
    this.pool = new pg.Pool({
      ...clientConfig(login, 'ask'),
      max: 3,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
    });
    // For connections that wait in the pool, and for those that are lent out: pg-pool listens to neither kind for long.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client: pg.Client) => {
      client.on('error', () => undefined);
      this.clients.add(client);
      client.on('end', () => this.clients.delete(client));
    });
  }

  readonly ask: Ask = async (sql, values = []) => {
    const client = await this.connect();
    try {
      return await askClient(client, sql, values);
    } catch (thrown) {
      throw serverError(thrown, { label: this.label });
    } finally {
      client.release();
    }
  };

  /** Several statements on one connection, for what holds for a session only. */
  async withConnection<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const client = await this.connect();
    let failed = true;
    try {
      const result = await work((sql, values = []) => askClient(client, sql, values));
      failed = false;
      return result;
    } catch (thrown) {
      throw serverError(thrown, { label: this.label });
    } finally {
      client.release(failed);
    }
  }

  private async connect(): Promise<pg.PoolClient> {
    try {
      return await this.pool.connect();
    } catch (thrown) {
      throw connectError(thrown, this.label);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.pool.ended) await endWithin(this.context, this.clients, () => this.pool.end());
  }
}

/** Runs one statement on a connection. Throws what pg throws. */
export async function askClient(
  client: pg.ClientBase,
  sql: string,
  values: readonly (string | null)[],
  name?: string,
): Promise<Answer> {
  const named = name === undefined ? {} : { name };
  const result = await client.query<(string | null)[]>({ text: sql, values: [...values], rowMode: 'array', ...named });
  const types = result.fields.map((field) => field.dataTypeID);
  return { rows: result.rows, types, count: result.rowCount ?? 0, command: result.command };
}

/** A user's name as SQL writes it. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteTable(ref: { readonly schema: string; readonly table: string }): string {
  return `${quote(ref.schema)}.${quote(ref.table)}`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
