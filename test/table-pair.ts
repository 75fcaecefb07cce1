import { connect, type Connection, databaseOf, type SampleSide } from '../src/cli/demo/database.ts';
import type { Server } from '../src/cli/demo/servers/server.ts';
import { createContext, type ProcessContext } from '../src/engine/context.ts';
import { openEndpoints, prepare } from '../src/engine/prepare.ts';
import { deprovision, provision } from '../src/engine/provision.ts';
import { createSync } from '../src/engine/sync.ts';
import type { Sync } from '../src/engine/sync-status.ts';
import type { Declaration, LinkDeclaration } from '../src/mapping/declaration.ts';
import type { Side } from '../src/model/policy.ts';
import { freshStateSchema } from './project.ts';
import { freshDatabase } from './servers.ts';

/** A row that one side is owed. */
export interface ParkedRow {
  /** The side that does not have it. */
  readonly side: Side;
  readonly link: string;
  readonly key: string;
  readonly code: string;
}

/** Tables of a test's own in two databases, with a sync over them that runs. */
export interface TablePair extends AsyncDisposable {
  readonly sides: Readonly<Record<Side, SampleSide>>;
  /** For the applications' writes and for looking; the engine has connections of its own. */
  readonly connections: Readonly<Record<Side, Connection>>;
  readonly declaration: Declaration;
  readonly context: ProcessContext;
  readonly sync: Sync;
  parked(): Promise<readonly ParkedRow[]>;
}

export interface TablePairOptions {
  /** Runs on the empty databases: the tables, and rows that are there before. */
  readonly create: (connections: Readonly<Record<Side, Connection>>) => Promise<void>;
  /** Both names of a link get the schema or database in front, unless they have one. */
  readonly links: Readonly<Record<string, LinkDeclaration>>;
}

export async function openTablePair(
  servers: Readonly<Record<Side, Server>>,
  { create, links }: TablePairOptions,
): Promise<TablePair> {
  const sideOf = async (side: Side): Promise<SampleSide> => ({
    engine: servers[side].engine,
    url: await freshDatabase(servers[side]),
  });
  const sides = { left: await sideOf('left'), right: await sideOf('right') };
  const connections = { left: await connect(sides.left), right: await connect(sides.right) };
  await create(connections);
  const declaration = declarationOf(sides, links);
  const context = createContext({ level: 'error', output: { write: () => undefined } });
  {
    await using prepared = await prepare(declaration, context);
    await provision(prepared, { step: () => undefined, checkpoint: () => undefined });
  }
  const sync = await createSync({ declaration, context });
  return {
    sides,
    connections,
    declaration,
    context,
    sync,
    async parked() {
      const found: ParkedRow[] = [];
      for (const side of ['left', 'right'] as const) {
        const sql = `SELECT link, source_key, code FROM ${declaration[side].stateSchema}.parked`;
        for (const row of await connections[side].query(sql)) {
          const [link, key, code] = [row['link'], row['source_key'], row['code']].map(String);
          found.push({ side, link: link ?? '', key: key ?? '', code: code ?? '' });
        }
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      await sync.stop();
      // Slots and state tables would outlive the test on servers that the whole run shares.
      await using endpoints = await openEndpoints(declaration, context);
      await deprovision({ ...endpoints, declaration }, () => undefined);
      await connections.left[Symbol.asyncDispose]();
      await connections.right[Symbol.asyncDispose]();
      context[Symbol.dispose]();
    },
  };
}

function declarationOf(
  sides: Readonly<Record<Side, SampleSide>>,
  links: Readonly<Record<string, LinkDeclaration>>,
): Declaration {
  const endpoint = (side: Side): Declaration['left'] => ({ ...sides[side], stateSchema: freshStateSchema() });
  const full = (side: Side, name: string): string =>
    name.includes('.') ? name : `${sides[side].engine === 'postgres' ? 'public' : databaseOf(sides[side].url)}.${name}`;
  return {
    name: databaseOf(sides.left.url),
    left: endpoint('left'),
    right: endpoint('right'),
    home: 'left',
    defaults: {},
    links: Object.fromEntries(
      Object.entries(links).map(([id, link]) => [
        id,
        { ...link, left: full('left', link.left), right: full('right', link.right) },
      ]),
    ),
  };
}
