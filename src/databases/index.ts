import type { Database, Engine } from '../model/endpoint.ts';

/** The folder behind an engine, loaded when it is first asked for. */
export async function openDatabase(engine: Engine): Promise<Database> {
  switch (engine) {
    case 'postgres':
      return (await import('./postgres/index.ts')).database;
    case 'mysql':
      return (await import('./mysql/index.ts')).mysql;
    case 'mariadb':
      return (await import('./mysql/index.ts')).mariadb;
    case 'memory':
      return (await import('./memory/index.ts')).database;
  }
}
