import { createSample } from '../../src/cli/demo/create-sample.ts';
import {
  connect,
  type Connection,
  databaseOf,
  type SampleEngine,
  type SampleSide,
} from '../../src/cli/demo/database.ts';
import { PLATFORM } from '../../src/cli/demo/sample.ts';
import { sampleDeclaration } from '../../src/cli/demo/sample-declaration.ts';
import { startMariadb, startMysql, startPostgres } from '../../src/cli/demo/servers/index.ts';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import { createContext } from '../../src/engine/context.ts';
import { prepare } from '../../src/engine/prepare.ts';
import { provision } from '../../src/engine/provision.ts';
import type { Declaration } from '../../src/mapping/declaration.ts';
import type { Side } from '../../src/model/policy.ts';
import { ledgerLinks, ledgerTables } from '../faults/ledger.ts';
import { openProxy, type TcpProxy } from '../faults/tcp-proxy.ts';

/** Two servers with the sample, the ledger and the registers, a sync that is applied, and a way to each server. */
export interface Place extends AsyncDisposable {
  readonly servers: Readonly<Record<Side, Server>>;
  readonly sides: Readonly<Record<Side, SampleSide>>;
  /** The engine goes through these; the applications do not. */
  readonly proxies: Readonly<Record<Side, TcpProxy>>;
  /** The servers as the engine reaches them. */
  readonly wired: Readonly<Record<Side, SampleSide>>;
  readonly declaration: Declaration;
  /** Connects anew to both sides, for looking. */
  look<Result>(at: (connections: Readonly<Record<Side, Connection>>) => Promise<Result>): Promise<Result>;
}

const starters = { postgres: startPostgres, mysql: startMysql, mariadb: startMariadb };

export async function openPlace(right: SampleEngine, report: (line: string) => void): Promise<Place> {
  const servers = { left: await startPostgres({ report }), right: await starters[right]({ report }) };
  const sideOf = async (side: Side): Promise<SampleSide> => ({
    engine: servers[side].engine,
    url: await servers[side].createDatabase(`soak_${side}`),
  });
  const sides = { left: await sideOf('left'), right: await sideOf('right') };
  const proxies = { left: await openProxy(servers.left.port), right: await openProxy(servers.right.port) };
  const wire = (side: Side): SampleSide => ({ ...sides[side], url: proxies[side].url(sides[side].url) });
  const wired = { left: wire('left'), right: wire('right') };
  const declaration = declareSoak(wired);
  const place: Place = {
    servers,
    sides,
    proxies,
    wired,
    declaration,
    async look(at) {
      await using left = await connect(sides.left);
      await using other = await connect(sides.right);
      return await at({ left, right: other });
    },
    async [Symbol.asyncDispose]() {
      for (const side of ['left', 'right'] as const) {
        await proxies[side][Symbol.asyncDispose]();
        await servers[side][Symbol.asyncDispose]();
      }
    },
  };
  await place.look(furnish);
  await applySync(declaration);
  return place;
}

async function furnish(connections: Readonly<Record<Side, Connection>>): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    const connection = connections[side];
    await createSample(connection, side);
    for (const sql of ledgerTables(connection.engine)) await connection.execute(sql);
  }
}

async function applySync(declaration: Declaration): Promise<void> {
  using context = createContext({ level: 'warn' });
  await using prepared = await prepare(declaration, context);
  await provision(prepared, { step: () => undefined, checkpoint: () => undefined });
}

/** The sample with ledger and registers, at these addresses. */
export function declareSoak(sides: Readonly<Record<Side, SampleSide>>): Declaration {
  const declaration = sampleDeclaration(sides);
  const endpoint = (side: Side): Declaration['left'] => ({
    ...sides[side],
    label: PLATFORM[side],
    stateSchema: sides[side].engine === 'postgres' ? 'tandem' : `tandem_${databaseOf(sides[side].url)}`,
  });
  return {
    ...declaration,
    name: 'soak',
    left: endpoint('left'),
    right: endpoint('right'),
    links: { ...declaration.links, ...ledgerLinks(sides) },
  };
}
