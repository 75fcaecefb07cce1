import type pg from 'pg';
import { TandemError } from '../../model/error.ts';
import { type Answer, askClient, connect, type Login } from './connect.ts';
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
  private readonly names = new Map<string, string>();
  private broken = false;

  private constructor(client: pg.Client, label: string) {
    this.client = client;
    this.label = label;
    client.on('error', () => this.drop());
    client.on('end', () => this.drop());
  }

  /** Throws TandemError TD4001, TD4002, TD4004, TD7009. */
  static async open(login: Login): Promise<Session> {
    return new Session(await connect(login, 'write'), login.label);
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
    try {
      return await askClient(this.client, sql, values, name);
    } catch (thrown) {
      throw this.mapped(thrown, table);
    }
  }

  /** Runs a statement without parameters as it is. Throws TandemError. */
  async command(sql: string): Promise<Answer> {
    try {
      return await askClient(this.client, sql, []);
    } catch (thrown) {
      throw this.mapped(thrown, undefined);
    }
  }

  /** Never throws. */
  async close(): Promise<void> {
    const wasUsable = this.usable;
    this.broken = true;
    if (wasUsable) await this.client.end().catch(() => undefined);
  }

  private mapped(thrown: unknown, table: string | undefined): TandemError {
    if (endsConnection(thrown)) this.drop();
    return serverError(thrown, { label: this.label, ...(table === undefined ? {} : { table }) });
  }

  private drop(): void {
    if (this.broken) return;
    this.broken = true;
    this.client.connection.stream.destroy();
  }
}
