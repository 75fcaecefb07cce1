import type { Database, Engine } from '../model/endpoint.ts';

/** One lazy line per folder. */
const folders = {
  postgres: () => import('./postgres/index.ts'),
  mysql: () => import('./mysql/index.ts'),
  memory: () => import('./memory/index.ts'),
};
type Folders = { readonly [Name in keyof typeof folders]: Awaited<ReturnType<(typeof folders)[Name]>> };

const loading: { -readonly [Name in keyof Folders]?: Promise<Folders[Name]> } = {};

/** The folder behind an engine, loaded when it is first asked for; both sides of a sync often ask at once. */
export async function openDatabase(engine: Engine): Promise<Database> {
  switch (engine) {
    case 'postgres':
      return (await (loading.postgres ??= folders.postgres())).database;
    case 'mysql':
      return (await (loading.mysql ??= folders.mysql())).mysql;
    case 'mariadb':
      return (await (loading.mysql ??= folders.mysql())).mariadb;
    case 'memory':
      return (await (loading.memory ??= folders.memory())).database;
  }
}
