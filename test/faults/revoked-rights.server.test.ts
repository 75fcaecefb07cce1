import { expect, test } from 'vitest';
import { connect, type Connection, databaseOf, type SampleSide } from '../../src/cli/demo/database.ts';
import { SAMPLE } from '../../src/cli/demo/sample.ts';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import type { Side } from '../../src/model/policy.ts';
import { freshStateSchema } from '../project.ts';
import type { SamplePair } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair } from './stage.ts';

// Somebody takes a right away while the sync runs. Nothing is parked and nothing is lost: the sync says what it lacks
// and waits until it has it again.

const linked = (side: Side): readonly string[] => [
  ...Object.values(SAMPLE).map(({ name }) => name[side]),
  'ledger',
  'registers',
];
const rowRights = 'SELECT, INSERT, UPDATE, DELETE';
const nobody = createWriters({ left: { engine: 'postgres', url: '' }, right: { engine: 'mysql', url: '' } }, 0);

/**
 * A user of the engine's own, which may do everything until it is told to live with what the documentation asks for.
 */
interface Servant extends AsyncDisposable {
  readonly name: string;
  url(address: string): string;
  /** Leaves it what a running sync needs. */
  restrict(pair: SamplePair, side: Side): Promise<void>;
}

function servantUrl(name: string) {
  return (address: string) => Object.assign(new URL(address), { username: name, password: 'servant' }).href;
}

async function hirePostgres(server: Server): Promise<Servant> {
  const admin = await connect({ engine: 'postgres', url: server.url });
  const name = freshStateSchema();
  await admin.execute(`CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD 'servant'`);
  return {
    name,
    url: servantUrl(name),
    async restrict({ connections }, side) {
      const connection = connections[side];
      await connection.execute(`ALTER ROLE ${name} NOSUPERUSER REPLICATION`);
      await connection.execute(`GRANT USAGE ON SCHEMA public TO ${name}`);
      await connection.execute(`GRANT ${rowRights} ON ALL TABLES IN SCHEMA public TO ${name}`);
      await connection.execute(`GRANT USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA public TO ${name}`);
    },
    async [Symbol.asyncDispose]() {
      await admin.execute(`ALTER ROLE ${name} NOLOGIN`);
      await admin[Symbol.asyncDispose]();
    },
  };
}

async function hireMysql(server: Server): Promise<Servant> {
  const admin = await connect({ engine: server.engine, url: server.url });
  const name = freshStateSchema();
  const user = `${name}@'127.0.0.1'`;
  await admin.execute(`CREATE USER ${user} IDENTIFIED BY 'servant'`);
  await admin.execute(`GRANT ALL ON *.* TO ${user}`);
  return {
    name: user,
    url: servantUrl(name),
    async restrict({ declaration, sides }, side) {
      const database = databaseOf(sides[side].url);
      await admin.execute(`REVOKE ALL ON *.* FROM ${user}`);
      await admin.execute(`GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${user}`);
      await admin.execute(`GRANT ALL ON ${declaration[side].stateSchema}.* TO ${user}`);
      for (const table of linked(side)) await admin.execute(`GRANT ${rowRights} ON ${database}.${table} TO ${user}`);
    },
    async [Symbol.asyncDispose]() {
      await admin.execute(`DROP USER ${user}`);
      await admin[Symbol.asyncDispose]();
    },
  };
}

function hire(server: Server): Promise<Servant> {
  return server.engine === 'postgres' ? hirePostgres(server) : hireMysql(server);
}

const tableOf = ({ engine, url }: SampleSide, table: string): string =>
  engine === 'postgres' ? `public.${table}` : `${databaseOf(url)}.${table}`;

const ledgerOf = (connection: Connection) => connection.query('SELECT id FROM ledger ORDER BY id');

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`rights on PostgreSQL and ${right}`, { left: 'postgres', right }, (servers) => {
    test.each(['left', 'right'] as const)('taken away on the %s are waited for', async (side) => {
      await using servant = await hire(servers[side]);
      await using pair = await openFaultPair(servers, {
        declare: (declaration) => ({
          ...declaration,
          [side]: { ...declaration[side], url: servant.url(declaration[side].url) },
        }),
      });
      await servant.restrict(pair, side);
      const sync = await pair.start();
      const { connections } = pair;
      const source = side === 'left' ? connections.right : connections.left;
      // The ledger's odd numbers are the left's.
      const [before, meanwhile] = side === 'left' ? [2, 4] : [1, 3];
      await source.execute('INSERT INTO ledger VALUES (?, ?)', [before, 'before']);
      await sync.idle();
      const ledger = tableOf(pair.sides[side], 'ledger');
      await connections[side].execute(`REVOKE INSERT ON ${ledger} FROM ${servant.name}`);
      await source.execute('INSERT INTO ledger VALUES (?, ?)', [meanwhile, 'meanwhile']);
      const refusals = () => pair.log.filter(({ code }) => code === 'TD4003');
      await expect.poll(refusals, { timeout: 60_000 }).not.toEqual([]);
      expect(await ledgerOf(connections[side])).toEqual([{ id: before }]);
      expect(Object.values(sync.status().directions).map(({ parked }) => parked)).toEqual([0, 0]);
      await connections[side].execute(`GRANT INSERT ON ${ledger} TO ${servant.name}`);
      await expect
        .poll(() => ledgerOf(connections[side]), { timeout: 60_000 })
        .toEqual([{ id: before }, { id: meanwhile }]);
      await expectInStep(pair, sync, nobody);
    });
  });
}
