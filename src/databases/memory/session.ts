import type { Change } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { Row } from '../../model/value.ts';
import type { LockMode } from './locks.ts';
import type { Store } from './store.ts';
import type { Cell, Table } from './table.ts';

/** Who opens connections: one engine's endpoint, or the applications. */
export interface Client {
  readonly label: string;
  /** Its sessions carry Tandem's session variable. */
  readonly engine: boolean;
  readonly sessions: Set<Session>;
  /** How often its connections were cut; a reader that sees the number change has lost its own. */
  cuts: number;
  /** Its process is dead: whatever its code still tries fails. */
  crashed: boolean;
}

export function createClient(label: string, engine: boolean): Client {
  return { label, engine, sessions: new Set(), cuts: 0, crashed: false };
}

interface Touched {
  readonly table: Table;
  /** Every version that this transaction made of the row, to be dropped from the indexes again. */
  readonly versions: Row[];
}

/**
 * One connection, and at most one transaction in it. The client's end and the server's end fail apart: a cut connection
 * is dead to the client at once, while the server finishes what it is doing and rolls the rest back a step later.
 */
export class Session {
  readonly store: Store;
  readonly client: Client;
  /** idle, open; failed: only rollback is allowed; committing: in the log already; ended: the server has noticed. */
  #state: 'idle' | 'open' | 'failed' | 'committing' | 'ended' = 'idle';
  #severed = false;
  #changes: Change[] = [];
  readonly #touched = new Map<Cell, Touched>();

  /** Throws TD4001 for a client whose process is dead. */
  constructor(store: Store, client: Client) {
    if (client.crashed) throw new TandemError('TD4001', `${client.label} has crashed`);
    this.store = store;
    this.client = client;
    client.sessions.add(this);
  }

  get connected(): boolean {
    return !this.#severed;
  }

  /** One round trip to the server. Throws TD4005 where the connection is cut before, during or after it. */
  async perform<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const { client, store } = this;
    await store.yieldPoint(`${client.label}.${operation}`);
    this.#checkConnected();
    const fault = client.engine ? store.options.fault?.(operation, client.label) : null;
    if (fault === 'before') this.sever();
    if (fault === 'lost') {
      this.#severed = true;
      this.#abandon(work);
    }
    this.#checkConnected();
    const result = await this.#attempt(work);
    if (fault === 'after') this.sever();
    this.#checkConnected();
    return result;
  }

  begin(): void {
    this.#checkServer('idle');
    this.#state = 'open';
  }

  /** Waits for the lock; it is held until the transaction ends. Throws TD7006. */
  async lock(resource: string, mode: LockMode): Promise<void> {
    this.#checkServer('open');
    const granted = this.store.locks.take(this, resource, mode);
    if (granted === undefined) return;
    await granted;
    await this.store.yieldPoint(`${this.client.label}.locked`);
    this.#checkServer('open');
  }

  /** Gives a locked cell its next version; null deletes it. */
  write(table: Table, cell: Cell, row: Row | null): void {
    this.#checkServer('open');
    const touched = this.#touched.get(cell) ?? { table, versions: [] };
    this.#touched.set(cell, touched);
    cell.owner = this;
    cell.pending = row;
    if (row === null) return;
    touched.versions.push(row);
    for (const index of table.indexes()) index.add(cell, row);
  }

  record(change: Change): void {
    this.#changes.push(change);
  }

  /**
   * The log first, then what others see, with a step in between, as real servers do; locks go last, so the log has the
   * order of the locks. Throws TD7010 after an error.
   */
  async commit(): Promise<void> {
    if (this.#state === 'failed') {
      this.#finish(false);
      this.#state = 'idle';
      throw new TandemError('TD7010', 'the transaction had failed and was rolled back');
    }
    this.#checkServer('open');
    if (this.#changes.length > 0) {
      this.#state = 'committing';
      const { log, unseen } = this.store;
      log.append(this.store.nowUs(), this.#changes);
      const id = log.idOf(log.end);
      unseen.add(id);
      await this.store.yieldPoint(`${this.client.label}.visible`);
      unseen.delete(id);
    }
    this.#finish(true);
    this.#state = 'idle';
  }

  /** What this transaction has done so far; calling the result undoes all that came after. Locks are kept. */
  savepoint(): () => void {
    this.#checkServer('open');
    const changes = this.#changes.length;
    const pending = new Map([...this.#touched.keys()].map((cell) => [cell, cell.pending]));
    return () => {
      if (this.#state !== 'open' && this.#state !== 'failed') return;
      this.#state = 'open';
      this.#changes.length = changes;
      // A cell that was touched since is as it was committed; the transaction's end drops its versions.
      for (const cell of this.#touched.keys())
        cell.pending = pending.has(cell) ? (pending.get(cell) ?? null) : cell.committed;
    };
  }

  rollback(): void {
    if (this.#state !== 'open' && this.#state !== 'failed') return;
    this.#finish(false);
    this.#state = 'idle';
  }

  /** Cuts the connection: the client knows at once, the server a step later. */
  sever(): void {
    if (this.#severed) return;
    this.#severed = true;
    this.#inBackground(async () => {
      await this.store.yieldPoint(`${this.client.label}.end`);
      this.#end();
    });
  }

  /** Ends an idle connection. */
  close(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'ended';
    this.client.sessions.delete(this);
  }

  /** The server itself is gone: nothing of an open transaction is left, not even for a step. */
  halt(): void {
    this.#severed = true;
    this.#end();
  }

  #abandon(work: () => Promise<unknown>): void {
    this.#inBackground(async () => {
      await this.store.yieldPoint(`${this.client.label}.abandoned`);
      // Nobody is left to be told how it ended.
      await this.#attempt(work).catch(() => undefined);
      this.#end();
    });
  }

  /** A yield point rejects when the simulation is over; what is left then has no observer. */
  #inBackground(work: () => Promise<void>): void {
    work().catch(() => undefined);
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#state === 'open') this.#state = 'failed';
      throw error;
    }
  }

  #end(): void {
    this.store.locks.cancel(this, connectionLost());
    if (this.#state === 'committing' || this.#state === 'ended') return;
    this.#finish(false);
    this.#state = 'ended';
    this.client.sessions.delete(this);
  }

  #finish(committed: boolean): void {
    for (const [cell, { table, versions }] of this.#touched) {
      const old = cell.committed;
      if (committed) cell.committed = cell.pending;
      cell.pending = null;
      cell.owner = null;
      for (const index of table.indexes()) {
        if (old !== null) index.settle(cell, old);
        for (const row of versions) index.settle(cell, row);
      }
      if (cell.committed === null && table.cells.get(cell.key) === cell) table.cells.delete(cell.key);
    }
    this.#touched.clear();
    this.#changes = [];
    this.store.locks.release(this);
  }

  #checkConnected(): void {
    if (this.#severed) throw connectionLost();
  }

  #checkServer(expected: 'idle' | 'open'): void {
    if (this.#state === expected) return;
    if (this.#state === 'ended') throw connectionLost();
    throw new TandemError('TD9002', 'the session is used out of turn', { expected, found: this.#state });
  }
}

export function connectionLost(): TandemError {
  return new TandemError('TD4005', 'the connection to the memory database is cut');
}
