import { createHash } from 'node:crypto';
import type { ConnectionOptions } from 'mysql2';
import type { Context } from '../../model/context.ts';
import { type EndpointOptions, PRESENCE_SILENCE_S, type Presence } from '../../model/endpoint.ts';
import { openReader } from './connect.ts';
import { startPulse } from './pulse.ts';
import type { Session } from './session.ts';

/** A lock by name, which the whole server shares. */
export class MysqlPresence implements Presence {
  readonly #session: Session;
  readonly #name: string;
  #isHeld = false;

  private constructor(session: Session, name: string) {
    this.#session = session;
    this.#name = name;
  }

  /** Throws TD4xxx. */
  static async open(
    connection: ConnectionOptions,
    { sync, stateSchema }: EndpointOptions,
    context: Context,
  ): Promise<MysqlPresence> {
    const session = await openReader(connection);
    await startPulse(session, connection, PRESENCE_SILENCE_S, context);
    // The names of locks have at most 64 characters.
    const hash = createHash('sha256').update(`${sync}\0${stateSchema}`).digest('hex').slice(0, 32);
    return new MysqlPresence(session, `tandem ${hash}`);
  }

  async claim(): Promise<boolean> {
    // Taking it again would count, and asking keeps the connection alive.
    const sql = this.#isHeld ? 'SELECT 1' : `SELECT GET_LOCK('${this.#name}', 0)`;
    const [row] = await this.#session.rows(sql);
    this.#isHeld = Number(row?.[0]) === 1;
    return this.#isHeld;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
