import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client, Engine } from './clients.ts';
import { removeContainer } from './docker.ts';
import { findFreePort } from './ports.ts';
import { type Command, launch, type Running, tailOf } from './process.ts';
import { guard, release } from './guard.ts';

/** A database server that this process started, or that somebody else runs. */
export interface Server extends AsyncDisposable {
  readonly engine: Engine;
  /** As the server itself names it, for example `15.13` or `10.11.14-MariaDB`. */
  readonly version: string;
  /** The administrator's address, with a database. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Shuts down in order; the data stays. Default signal: the engine's own quick and clean shutdown. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Kills every process of the server with SIGKILL, as a power cut would; the data stays. */
  kill(): Promise<void>;
  /** Starts again on the same data and port, after `stop` or `kill`. */
  start(): Promise<void>;
  /** Creates an empty database and returns its address, with the administrator's user. */
  createDatabase(name: string): Promise<string>;
}

export interface ServerOptions {
  /** Server settings by their own names, for example `{ fsync: 'off' }`; they override the defaults of the starter. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder that will hold the server's temporary folder. Default: the system's. */
  readonly root?: string;
  /** Added to the environment of the server's processes. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told what is being done when that takes long, such as a download. */
  readonly report?: (message: string) => void;
}

/** Where one server lives. The port is settled last, because another process may take it. */
export interface Place {
  readonly folder: string;
  readonly dataDir: string;
  readonly port: number;
  readonly password: string;
}

/** What differs between the engines. */
export interface Recipe {
  readonly engine: Engine;
  readonly client: Client;
  /** The signal for a quick and clean shutdown. */
  readonly stopSignal: NodeJS.Signals;
  /** The signal for throwing the server away at once, leaving nothing behind in shared memory. */
  readonly discardSignal: NodeJS.Signals;
  /** Fills the data folder, which exists and is empty. */
  readonly initialise: (place: Place) => Promise<void>;
  readonly command: (place: Place) => Command;
}

const startTimeoutMs = 90_000;
const stopTimeoutMs = 60_000;
const portAttemptsMax = 5;
const portTaken = /address already in use|could not bind|port is already allocated|Can't start server: Bind/i;

/**
 * Makes a fresh server out of a recipe, in a temporary folder that goes away with this process, however it ends.
 * Throws with the end of the server's own log when it does not come up.
 */
export async function openServer(given: Recipe, options: ServerOptions): Promise<Server> {
  const recipe = withEnvironment(given, options.env);
  const folder = await mkdtemp(join(options.root ?? tmpdir(), `tandem-${recipe.engine}-`));
  guard({ kind: 'folder', id: folder });
  // A server that runs as another user has to reach its data through this folder.
  await chmod(folder, 0o755);
  const dataDir = join(folder, 'data');
  await mkdir(dataDir, { mode: 0o700 });
  await mkdir(join(folder, 'tmp'));
  const password = randomBytes(12).toString('hex');
  try {
    await recipe.initialise({ folder, dataDir, port: 0, password });
    return await startOnFreePort(recipe, { folder, dataDir, password });
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

function withEnvironment(recipe: Recipe, env: ServerOptions['env']): Recipe {
  if (env === undefined) return recipe;
  return {
    ...recipe,
    command(place) {
      const command = recipe.command(place);
      return { ...command, env: { ...command.env, ...env } };
    },
  };
}

async function startOnFreePort(recipe: Recipe, home: Omit<Place, 'port'>): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const place = { ...home, port: await findFreePort() };
    try {
      const started = await startProcess(recipe, place);
      return createServer(recipe, place, started);
    } catch (error) {
      const collided = error instanceof Error && portTaken.test(error.message);
      if (!collided || attempt === portAttemptsMax) throw error;
    }
  }
}

interface Started {
  readonly running: Running;
  readonly version: string;
}

async function startProcess(recipe: Recipe, place: Place): Promise<Started> {
  const logFile = join(place.folder, 'server.log');
  const running = await launch(recipe.command(place), logFile);
  guard({ kind: 'process', id: String(running.pid), signal: recipe.discardSignal });
  if (running.container !== undefined) guard({ kind: 'container', id: running.container });
  try {
    return { running, version: await waitUntilReady(recipe, place, running) };
  } catch (error) {
    await running.killAll();
    release({ kind: 'process', id: String(running.pid) });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${recipe.engine} did not start: ${reason}\n${await tailOf(logFile)}`, { cause: error });
  }
}

async function waitUntilReady(recipe: Recipe, place: Place, running: Running): Promise<string> {
  const deadline = Date.now() + startTimeoutMs;
  const url = recipe.client.adminUrl(place.port, place.password);
  let lastError: unknown;
  while (Date.now() < deadline) {
    if (!running.isRunning()) throw new Error('its process ended');
    try {
      return await recipe.client.version(url);
    } catch (error) {
      lastError = error;
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
  throw new Error(`no connection within ${startTimeoutMs / 1000} s`, { cause: lastError });
}

function createServer(recipe: Recipe, place: Place, first: Started): Server {
  const url = recipe.client.adminUrl(place.port, place.password);
  const { container } = first.running;
  let running: Running | undefined = first.running;

  async function end(how: (server: Running) => Promise<void>): Promise<void> {
    if (running === undefined) return;
    const ending = running;
    running = undefined;
    await how(ending);
    release({ kind: 'process', id: String(ending.pid) });
  }

  return {
    engine: recipe.engine,
    version: first.version,
    url,
    port: place.port,
    dataDir: place.dataDir,
    stop: (signal) => end((server) => server.end(signal ?? recipe.stopSignal, stopTimeoutMs)),
    kill: () => end((server) => server.killAll()),
    async start() {
      if (running !== undefined) throw new Error(`${recipe.engine} on port ${place.port} is already running`);
      running = (await startProcess(recipe, place)).running;
    },
    createDatabase: (name) => recipe.client.createDatabase(url, name),
    async [Symbol.asyncDispose]() {
      await end((server) => server.end(recipe.discardSignal, stopTimeoutMs));
      if (container !== undefined) {
        removeContainer(container);
        release({ kind: 'container', id: container });
      }
      await removeFolder(place.folder);
    },
  };
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  release({ kind: 'folder', id: folder });
}
