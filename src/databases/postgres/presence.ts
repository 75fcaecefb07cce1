import { createHash } from 'node:crypto';
import type { Context } from '../../model/context.ts';
import type { EndpointOptions, Presence } from '../../model/endpoint.ts';
import { Session } from './session.ts';

/**
 * A session-level advisory lock. A pooler that hands a connection on after each transaction would hand on the lock,
 * too: Tandem's addresses have to lead to the server itself, as replication demands anyway.
 */
export class PostgresPresence implements Presence {
  private readonly session: Session;
  private readonly key: string;
  private isHeld = false;

  private constructor(session: Session, key: string) {
    this.session = session;
    this.key = key;
  }

  /** Throws TandemError TD4001, TD4002, TD4004, TD7009. */
  static async open(options: EndpointOptions, context: Context): Promise<PostgresPresence> {
    const name = `tandem\0${options.sync}\0${options.stateSchema}`;
    const key = createHash('sha256').update(name).digest().readBigInt64BE(0);
    return new PostgresPresence(await Session.open(options, 'presence', context), String(key));
  }

  async claim(): Promise<boolean> {
    // Taking it again would count, and asking keeps the connection alive.
    const sql = this.isHeld ? 'SELECT $1::bigint IS NOT NULL' : 'SELECT pg_try_advisory_lock($1)';
    const { rows } = await this.session.run(sql, [this.key]);
    this.isHeld = rows[0]?.[0] === 't';
    return this.isHeld;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.session.close();
  }
}
