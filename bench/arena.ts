import { connect, type Connection, databaseOf, type SampleEngine, type SampleSide } from '../src/cli/demo/database.ts';
import { startMariadb, startMysql, startPostgres } from '../src/cli/demo/servers/index.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import type { Declaration } from '../src/mapping/declaration.ts';
import type { Side } from '../src/model/policy.ts';
import { COLUMNS, createTables, TABLE } from './dataset.ts';
import { type EngineProcess, startEngine } from './engine-process.ts';

export type Servers = Readonly<Record<Side, Server>>;

/** Settings of a small production server: caches that hold the data, and every commit on disk. */
const postgresSettings = { shared_buffers: '1GB', max_wal_size: '8GB', fsync: 'on', synchronous_commit: 'on' };
const innodb = {
  innodb_buffer_pool_size: '1G',
  sync_binlog: '1',
  innodb_flush_log_at_trx_commit: '1',
  local_infile: 'ON',
};

export async function startServers(right: SampleEngine): Promise<Servers> {
  const left = await startPostgres({ settings: postgresSettings });
  if (right === 'postgres') return { left, right: await startPostgres({ settings: postgresSettings }) };
  if (right === 'mariadb')
    return { left, right: await startMariadb({ settings: { ...innodb, innodb_log_file_size: '2G' } }) };
  return { left, right: await startMysql({ settings: { ...innodb, innodb_redo_log_capacity: '2G' } }) };
}

/** Two fresh databases with the benchmark's table, and an engine of their own, provisioned and not yet running. */
export interface Arena extends AsyncDisposable {
  readonly sides: Readonly<Record<Side, SampleSide>>;
  readonly connections: Readonly<Record<Side, Connection>>;
  readonly engine: EngineProcess;
}

let arenas = 0;

export async function openArena(servers: Servers): Promise<Arena> {
  arenas += 1;
  const name = `bench_${arenas}`;
  const side = async (which: Side): Promise<SampleSide> => ({
    engine: servers[which].engine,
    url: await servers[which].createDatabase(`${name}_${which}`),
  });
  const sides = { left: await side('left'), right: await side('right') };
  const connections = { left: await connect(sides.left), right: await connect(sides.right) };
  await createTables(connections.left);
  await createTables(connections.right);
  const engine = startEngine(declare(name, sides));
  await engine.provision();
  return {
    sides,
    connections,
    engine,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      // A slot that nobody reads keeps the log of everything that comes after.
      await dropSlots(connections.left, name);
      await dropSlots(connections.right, name);
      await connections.left[Symbol.asyncDispose]();
      await connections.right[Symbol.asyncDispose]();
    },
  };
}

async function dropSlots(connection: Connection, name: string): Promise<void> {
  if (connection.engine !== 'postgres') return;
  const sql = 'SELECT pg_drop_replication_slot(slot_name) AS dropped FROM pg_replication_slots WHERE slot_name LIKE ?';
  await connection.query(sql, [`%${name}%`]);
}

function declare(name: string, sides: Readonly<Record<Side, SampleSide>>): Declaration {
  const table = (side: Side): string =>
    `${sides[side].engine === 'postgres' ? 'public' : databaseOf(sides[side].url)}.${TABLE}`;
  return {
    name,
    left: { ...sides.left, stateSchema: stateSchema(name, sides.left) },
    right: { ...sides.right, stateSchema: stateSchema(name, sides.right) },
    home: 'left',
    defaults: { keys: 'shared' },
    links: {
      rows: {
        left: table('left'),
        right: table('right'),
        columns: Object.fromEntries(COLUMNS.map((column) => [column, column])),
      },
    },
  };
}

/** MySQL's state tables live in a database beside the user's, so every arena needs one of its own. */
function stateSchema(name: string, side: SampleSide): string {
  return side.engine === 'postgres' ? 'tandem' : `tandem_${name}`;
}
