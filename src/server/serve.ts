import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { StatusReader } from '../engine/status-reader.ts';
import type { StoredStatus } from '../engine/status.ts';
import type { Sync } from '../engine/sync-status.ts';
import type { Context } from '../model/context.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import { parseAddress } from './address.ts';
import { createApp } from './app.ts';
import { type Metrics, openMetrics } from './metrics.ts';

export interface ServeOptions {
  /** `host:port`. */
  readonly listen: string;
  readonly token: string | undefined;
  readonly name: string;
  readonly version: string;
  /** How many links there are. */
  readonly links: number;
  /** Disposed of with the server. */
  readonly stored: StatusReader;
  readonly context: Context;
}

/** The HTTP server of one sync, from before its engine starts until after it has ended. */
export interface SyncServer extends AsyncDisposable {
  readonly url: string;
  /** The engine runs: shows it from now on. */
  show(sync: Sync): void;
}

/** Requests that take longer than that are not from who is meant to ask. */
const REQUEST_TIMEOUT_MS = 10_000;
const STORED_FRESH_MS = 5_000;
const STORED_STALE_MS = 30_000;
const STORED_PATIENCE_MS = 2_000;

/** Listens. Throws TD1050 where a token is missing, TD1051 where the address cannot be used. */
export async function openSyncServer(options: ServeOptions): Promise<SyncServer> {
  const { listen, token, context } = options;
  const address = parseAddress(listen, token);
  const stored = new Stored(() => options.stored.read(), context);
  let sync: Sync | null = null;
  let metrics: Metrics | null = null;
  const app = createApp({
    token,
    sync: () => sync,
    metrics: () => metrics,
    stored: () => stored.within(STORED_FRESH_MS),
  });
  app.onError((thrown, request) => {
    // What is not an error of Tandem's own may quote anything.
    const { code, title, message } = asTandemError(thrown);
    return request.json({ code, message: thrown instanceof TandemError ? message : title }, 503);
  });
  const serverOptions = { requestTimeout: REQUEST_TIMEOUT_MS };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  server.listen(address.port, address.host);
  await once(server, 'listening').catch((thrown: unknown) => {
    throw refused(listen, thrown);
  });
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const url = `http://${host}:${port}`;
  context.log.info({ url }, 'answering /livez, /readyz?verbose, /metrics and /status');
  return {
    url,
    show(running) {
      sync = running;
      const { name, version, links } = options;
      const opened = openMetrics({ sync: running, name, version, links, stored: () => stored.last });
      metrics = { contentType: opened.contentType, text: () => stored.refresh().then(() => opened.text()) };
    },
    async [Symbol.asyncDispose]() {
      await close(server);
      await options.stored[Symbol.asyncDispose]();
    },
  };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function refused(listen: string, thrown: unknown): TandemError {
  const found = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  return new TandemError('TD1051', `the HTTP server cannot listen on ${listen}`, {
    expected: 'an address of this machine that is free',
    found,
    fix: 'server: { listen: ... } with another port, or --listen off',
    cause: thrown,
  });
}

/** What the databases hold, asked no more often than is worth it, by however many ask. */
class Stored {
  readonly #read: () => Promise<StoredStatus>;
  readonly #context: Context;
  #asking: Promise<StoredStatus> | null = null;
  #atMs = -Infinity;
  last: StoredStatus | null = null;

  constructor(read: () => Promise<StoredStatus>, context: Context) {
    this.#read = read;
    this.#context = context;
  }

  within(ageMs: number): Promise<StoredStatus> {
    if (this.last !== null && this.#context.nowMs() - this.#atMs < ageMs) return Promise.resolve(this.last);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** For metrics, which must come even when a database does not answer: with what was known last. */
  async refresh(): Promise<void> {
    const asked = this.within(STORED_STALE_MS).then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([asked, this.#context.sleep(STORED_PATIENCE_MS)]);
  }

  async #ask(): Promise<StoredStatus> {
    this.last = await this.#read();
    this.#atMs = this.#context.nowMs();
    return this.last;
  }
}
