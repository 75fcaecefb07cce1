import type { Duplex } from 'node:stream';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2';
import type { Code } from '../../model/codes.ts';
import { TandemError } from '../../model/error.ts';
import { driverError } from './errors.ts';

/** A value as the text protocol brings it, with the options of `connect.ts`. */
export type Cell = string | number | Buffer | null;
export type Cells = readonly Cell[];

/** The answer to a statement that returns no rows. */
export interface Outcome {
  /** Rows that matched, also where nothing changed in them (CLIENT_FOUND_ROWS). */
  readonly affectedRows: number;
  /** The first value that AUTO_INCREMENT made, or '0'. */
  readonly insertId: string;
  /** The flag SERVER_STATUS_IN_TRANS of the reply. */
  readonly inTransaction: boolean;
}

/** What each statement of a text answered. */
export type Answer = Outcome | readonly Cells[];

interface OkPacket {
  readonly affectedRows: number | string;
  readonly insertId: number | string;
  readonly serverStatus: number;
}

const inTransactionFlag = 1;

/** An index by its name and the columns it begins with. */
export interface TableIndex {
  readonly name: string;
  readonly columns: readonly string[];
}

/** A hint named an index that has gone since it was looked up. */
const indexGone = 1176;

/** One connection, one statement text at a time. Every failure is a TandemError without row values in it. */
export class Session implements AsyncDisposable {
  readonly #connection: Connection;
  #broken = false;
  readonly #over = new AbortController();
  /** Statements without an answer yet, and answers so far. */
  outstanding = 0;
  answers = 0;
  /** Statements of more bytes are refused here, because the server answers by closing the connection. */
  packetBytesMax = 1 << 20;
  /** The distance of the values that AUTO_INCREMENT makes here (auto_increment_increment). */
  autoIncrementStep = 1n;
  /** The indexes of tables that were asked for, by quoted table name; see `locate.ts`. */
  readonly indexes = new Map<string, readonly TableIndex[]>();

  private constructor(connection: Connection) {
    this.#connection = connection;
    // Without a listener an idle connection that breaks would end the process.
    connection.on('error', () => {
      this.#broken = true;
      this.#over.abort();
    });
  }

  /** Fires when the session is of no further use. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** What the server calls this connection. */
  get threadId(): number {
    return this.#connection.threadId;
  }

  /** Connects and logs in. Throws TD4xxx. */
  static async open(options: ConnectionOptions): Promise<Session> {
    const connection = createConnection({ ...options });
    const session = new Session(connection);
    const at = { server: options.socketPath ?? `${options.host}:${options.port}` };
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => {
        if (error === null) resolve();
        else reject(driverError(error, 'TD4001', at));
      });
    });
    return session;
  }

  get #stream(): Duplex {
    return (this.#connection as unknown as { readonly stream: Duplex }).stream;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Runs a text of `count` statements in one round trip. `fallback` names errors that have no code of their own. */
  async run(sql: string, count: number, fallback: Code = 'TD9002'): Promise<readonly Answer[]> {
    this.#checkSize(sql);
    const result = await new Promise<unknown>((resolve, reject) => {
      this.outstanding += 1;
      this.#connection.query(sql, (error, answer) => {
        this.outstanding -= 1;
        this.answers += 1;
        if (error === null) resolve(answer);
        else reject(this.#failed(error, fallback));
      });
    });
    const answers = count === 1 ? [result] : (result as unknown[]);
    return answers.map((answer) => (Array.isArray(answer) ? (answer as Cells[]) : outcomeOf(answer as OkPacket)));
  }

  /** Runs one query. */
  async rows(sql: string, fallback?: Code): Promise<readonly Cells[]> {
    const [answer] = await this.run(sql, 1, fallback);
    return rowsOf(answer);
  }

  /** Runs one statement that returns no rows. */
  async execute(sql: string, fallback?: Code): Promise<Outcome> {
    const [answer] = await this.run(sql, 1, fallback);
    return outcome(answer);
  }

  /** Ends a connection that has gone silent, so that whoever waits for an answer is told. */
  drop(): void {
    this.#broken = true;
    this.#over.abort();
    // The driver tells nobody of a connection that it closes itself, but does of one that breaks under it.
    this.#stream.destroy(Object.assign(new Error('the server has gone silent'), { code: 'ECONNRESET' }));
  }

  /** Ends without a word to the server; for connections that cannot be trusted any more. */
  destroy(): void {
    this.#broken = true;
    this.#over.abort();
    this.#connection.destroy();
    // The driver only says that it is done, and a peer that is gone never answers that.
    this.#stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever ends a session has all his answers: what is outstanding is a beat, and its answer may never come.
    if (this.#broken || this.outstanding > 0) return this.destroy();
    this.#over.abort();
    this.#broken = true;
    await new Promise<void>((resolve) => {
      this.#connection.end(() => resolve());
    });
    // A peer that is gone never closes its half of the connection.
    this.#stream.end(() => this.#stream.destroy());
  }

  #checkSize(sql: string): void {
    // A character of UTF-16 takes three bytes of UTF-8 at most.
    if (sql.length * 3 < this.packetBytesMax || Buffer.byteLength(sql) < this.packetBytesMax) return;
    throw new TandemError('TD3007', 'a statement would be larger than the server takes', {
      expected: `at most ${this.packetBytesMax} bytes (max_allowed_packet)`,
      fix: 'SET GLOBAL max_allowed_packet = 1073741824;',
    });
  }

  #failed(error: unknown, fallback: Code): TandemError {
    const failure = driverError(error, fallback);
    const { fatal, errno } = error as { fatal?: boolean; errno?: number };
    // A new session looks up the indexes anew.
    if (failure.code === 'TD4005' || fatal === true || errno === indexGone) this.#broken = true;
    return failure;
  }
}

export function rowsOf(answer: Answer | undefined): readonly Cells[] {
  if (Array.isArray(answer)) return answer as readonly Cells[];
  throw new TandemError('TD9002', 'a query returned no rows where a list of rows was due');
}

export function outcome(answer: Answer | undefined): Outcome {
  if (answer !== undefined && !Array.isArray(answer)) return answer as Outcome;
  throw new TandemError('TD9002', 'a statement returned rows where none were due');
}

function outcomeOf(packet: OkPacket): Outcome {
  return {
    affectedRows: Number(packet.affectedRows),
    insertId: String(packet.insertId),
    inTransaction: (packet.serverStatus & inTransactionFlag) !== 0,
  };
}
