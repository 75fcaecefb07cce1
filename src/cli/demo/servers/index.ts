import { mariadbRecipe } from './mariadb.ts';
import { mysqlRecipe } from './mysql.ts';
import { type PostgresOptions, postgresRecipe } from './postgres.ts';
import { openServer, type Server, type ServerOptions } from './server.ts';

// Real servers on a machine where nobody has prepared anything: for the demo, the tests and the benchmarks. Each
// function throws ServerUnavailable, with the line that fixes it, when there is no way to get such a server here.

/** Starts PostgreSQL with logical replication switched on. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Server> {
  return openServer(await postgresRecipe(options), options);
}

/** Starts MySQL 9 with a row-based binary log, full metadata and global transaction ids. */
export async function startMysql(options: ServerOptions = {}): Promise<Server> {
  return openServer(await mysqlRecipe(options), options);
}

/** Starts MariaDB with a row-based binary log, full metadata and strict global transaction ids. */
export async function startMariadb(options: ServerOptions = {}): Promise<Server> {
  return openServer(await mariadbRecipe(options), options);
}
