import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { ConnectionOptions } from 'mysql2';
import type { Position } from '../src/model/change.ts';
import type { Context } from '../src/model/context.ts';
import type { Checkpoint, CheckpointMove, Endpoint } from '../src/model/endpoint.ts';
import type { TableShape } from '../src/model/plan.ts';
import type { TableSchema } from '../src/model/schema.ts';
import { MysqlTarget } from '../src/databases/mysql/apply.ts';
import { connectionOptions, openReader, openWriter } from '../src/databases/mysql/connect.ts';
import { openEndpoint } from '../src/databases/mysql/endpoint.ts';
import { type Flavor, mariadbFlavor, mysqlFlavor, parseVersion } from '../src/databases/mysql/flavor.ts';
import { inspectTables } from '../src/databases/mysql/inspect.ts';
import { missingSteps } from '../src/databases/mysql/provision.ts';
import type { Cells, Session } from '../src/databases/mysql/session.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { freshDatabase } from './servers.ts';

/** Both flavors, for tests that have to hold on either. */
export const flavors = ['mysql', 'mariadb'] as const;

/** A database of a test's own, with a session to prepare and to look at it, and targets that keep their state in it. */
export interface Fixture extends AsyncDisposable {
  readonly flavor: Flavor;
  readonly schema: string;
  /** The administrator's address of the database. */
  readonly url: string;
  readonly connection: ConnectionOptions;
  readonly session: Session;
  /** Runs statements, one after the other. */
  readonly run: (...statements: string[]) => Promise<void>;
  readonly rows: (sql: string) => Promise<readonly Cells[]>;
  readonly inspect: (table: string) => Promise<TableSchema>;
  /** The whole table as a shape, with its primary key. */
  readonly shape: (table: string) => Promise<TableShape>;
  readonly target: () => MysqlTarget;
}

/** `row: false`: for servers whose log would not hold whole rows, which {@link openWriter} refuses. */
export async function openFixture(server: Server, { row = true } = {}): Promise<Fixture> {
  const url = await freshDatabase(server);
  const flavor = server.engine === 'mariadb' ? mariadbFlavor : mysqlFlavor;
  const schema = new URL(url).pathname.slice(1);
  const connection = connectionOptions({ url, label: 'test' });
  const session = await (row ? openWriter : openReader)(connection);
  const targets: MysqlTarget[] = [];
  const inspect = async (table: string) => {
    const [found] = await inspectTables(session, flavor, parseVersion(server.version), [{ schema, table }]);
    if (found === undefined) throw new Error(`no table ${table}`);
    return found;
  };
  return {
    flavor,
    schema,
    url,
    connection,
    session,
    async run(...statements) {
      for (const sql of statements) await session.execute(sql);
    },
    rows: (sql) => session.rows(sql),
    inspect,
    async shape(table) {
      const { ref, columns, key } = await inspect(table);
      return { ref, columns, key: key.map((name) => columns.findIndex((column) => column.name === name)) };
    },
    target() {
      const target = new MysqlTarget(connection, flavor, schema, quietContext);
      targets.push(target);
      return target;
    },
    async [Symbol.asyncDispose]() {
      for (const target of targets) await target[Symbol.asyncDispose]();
      await session.execute(`DROP DATABASE \`${schema}\``);
      await session[Symbol.asyncDispose]();
    },
  };
}

export const move: CheckpointMove = { position: 'p1' as Position, floor: null, known: null, effectiveUs: 1 };

/** Creates the state tables in the fixture's database and the row of one route. */
export async function seedRoute(fixture: Fixture): Promise<Checkpoint> {
  for (const step of await missingSteps(fixture.session, fixture.schema)) await fixture.run(step.sql);
  const target = fixture.target();
  await target.seed('left_right', 'main', move);
  return target.takeOver('left_right', 'main');
}

/** A context that says nothing and takes its time from the process. */
export const quietContext: Context = {
  nowMs: () => performance.timeOrigin + performance.now(),
  random: () => 0.5,
  sleep: (ms, signal) => setTimeout(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  spillFolder: tmpdir(),
};

/** An endpoint on the fixture's database, with the state tables in there too. */
export async function openEndpointOf(fixture: Fixture, url = fixture.url): Promise<Endpoint> {
  const options = { url, label: 'left', side: 'left' as const, sync: 'test', stateSchema: fixture.schema };
  return openEndpoint(fixture.flavor, options, quietContext);
}
