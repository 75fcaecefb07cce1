import type pg from 'pg';
import type { Context } from '../../model/context.ts';
import type { TandemError } from '../../model/error.ts';
import { keepPulse, type Pulsed } from '../../model/pulse.ts';
import { type Answer, askClient, connect, endClient, type Login } from './connect.ts';
import { endsConnection, serverError } from './errors.ts';

/** Every kind of statement on every table is one; beyond this many they are sent without a name. */
const namedMax = 500;

/**
 * A connection that writes. Statements that are run without waiting for one another go to the server together and come
 * back in order; each is prepared on first use.
 */
export class Session {
  private readonly client: pg.Client;
  private readonly label: string;
  private readonly context: Context;
  private readonly names = new Map<string, string>();
  private broken = false;
  private readonly over = new AbortController();
  /** Statements without an answer yet, and answers so far. */
  outstanding = 0;
  answers = 0;

  private constructor(client: pg.Client, label: string, context: Context) {
    this.client = client;
    this.label = label;
    this.context = context;
    client.on('error', () => this.drop());
    client.on('end', () => this.drop());
  }

  /** Throws TandemError TD4001, TD4002, TD4004, TD7009. */
  static async open(login: Login, purpose: 'write' | 'presence', context: Context): Promise<Session> {
    const session = new Session(await connect(login, purpose), login.label, context);
    void keepPulse(pulsed(session, login, context), context, session.over.signal);
    return session;
  }

  /** What the server calls this connection. */
  get processId(): number {
    return (this.client as pg.Client & { readonly processID: number }).processID;
  }

  /** False once the connection is of no further use. */
  get usable(): boolean {
    return !this.broken;
  }

  /** In no transaction, as the server itself said last. */
  get idle(): boolean {
    return this.client.getTransactionStatus() === 'I';
  }

  /** Runs a statement whose text is one of few, so that it pays to prepare it. Throws TandemError. */
  async run(sql: string, values: readonly (string | null)[], table?: string): Promise<Answer> {
    let name = this.names.get(sql);
    if (name === undefined && this.names.size < namedMax) {
      name = `tandem_${this.names.size}`;
      this.names.set(sql, name);
    }
    return this.answer(askClient(this.client, sql, values, name), table);
  }

  /** Runs a statement without parameters as it is. Throws TandemError. */
  async command(sql: string): Promise<Answer> {
    return this.answer(askClient(this.client, sql, []), undefined);
  }

  private async answer(asked: Promise<Answer>, table: string | undefined): Promise<Answer> {
    this.outstanding += 1;
    try {
      return await asked;
    } catch (thrown) {
      throw this.mapped(thrown, table);
    } finally {
      this.outstanding -= 1;
      this.answers += 1;
    }
  }

  /** Never throws. */
  async close(): Promise<void> {
    const wasUsable = this.usable;
    this.broken = true;
    this.over.abort();
    if (wasUsable) await endClient(this.client, this.context);
  }

  private mapped(thrown: unknown, table: string | undefined): TandemError {
    if (endsConnection(thrown)) this.drop();
    return serverError(thrown, { label: this.label, ...(table === undefined ? {} : { table }) });
  }

  drop(): void {
    this.over.abort();
    if (this.broken) return;
    this.broken = true;
    this.client.connection.stream.destroy();
  }
}

function pulsed(session: Session, login: Login, context: Context): Pulsed {
  return {
    get outstanding() {
      return session.outstanding;
    },
    get answers() {
      return session.answers;
    },
    beat: () => session.command('SELECT 1'),
    isWorking: () => isWorking(login, session.processId, context),
    drop: () => session.drop(),
  };
}

/** A server that writes into a connection which nobody reads is not at work any more either. */
const IS_WORKING = `SELECT count(*) FROM pg_stat_activity
  WHERE pid = $1 AND state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite'`;

async function isWorking(login: Login, processId: number, context: Context): Promise<boolean> {
  const client = await connect(login, 'presence');
  try {
    const { rows } = await askClient(client, IS_WORKING, [String(processId)]);
    return rows[0]?.[0] === '1';
  } finally {
    await endClient(client, context);
  }
}
