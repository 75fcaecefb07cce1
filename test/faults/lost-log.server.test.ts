import { describe, expect, test } from 'vitest';
import type { SamplePair } from '../sample-pair.ts';
import { openHome } from '../sample-process.ts';
import { describeServers, isForeign, sharedServer, startServer } from '../servers.ts';
import { openFaultPair } from './stage.ts';

// A log that cannot be read on without a gap ends the sync by name, and nothing is skipped or written. That a dropped
// slot and a purged binary log are told by every command is tested beside the commands.

const insert = (id: number): string => `INSERT INTO ledger VALUES (${id}, 'row ${id}')`;

/** Both sides' rows and checkpoints, as one text. */
async function stateOf({ connections, declaration }: SamplePair): Promise<string> {
  const of = async (side: 'left' | 'right') => [
    await connections[side].query('SELECT id FROM ledger ORDER BY id'),
    await connections[side].query(
      `SELECT stream, lane, position FROM ${declaration[side].stateSchema}.checkpoint ORDER BY stream, lane`,
    ),
  ];
  return JSON.stringify([await of('left'), await of('right')]);
}

/** A sync that has carried a row each way, and stopped; then each side got a row that is not carried over yet. */
async function openInterrupted(servers: Parameters<typeof openFaultPair>[0]): Promise<SamplePair> {
  const pair = await openFaultPair(servers);
  const sync = await pair.start();
  await pair.connections.left.execute(insert(1));
  await pair.connections.right.execute(insert(2));
  await sync.idle();
  await sync.stop();
  await pair.connections.left.execute(insert(3));
  await pair.connections.right.execute(insert(4));
  return pair;
}

/** Neither a program nor the command goes on, and nothing moves. */
async function expectStop(pair: SamplePair, code: string): Promise<void> {
  const before = await stateOf(pair);
  await expect(pair.start()).rejects.toMatchObject({ code });
  await using home = await openHome(pair);
  const engine = home.run();
  expect(await engine.ended, engine.talk()).toEqual([7, null]);
  expect(engine.talk()).toContain(code);
  expect(await stateOf(pair)).toBe(before);
}

await describeServers('a slot that was lost', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('and made anew under its name is seen as a gap', { timeout: 120_000 }, async () => {
    await using pair = await openInterrupted(servers);
    const slot = `tandem_${pair.declaration.name}_left`;
    await pair.connections.left.query('SELECT pg_drop_replication_slot(?)', [slot]);
    await pair.connections.left.execute(insert(5));
    await pair.connections.left.query("SELECT pg_create_logical_replication_slot(?, 'pgoutput')", [slot]);
    await expectStop(pair, 'TD6003');
  });
});

const resets: Readonly<Record<'mysql' | 'mariadb', string>> = {
  mysql: 'RESET BINARY LOGS AND GTIDS',
  mariadb: 'RESET MASTER',
};

/** The highest number of a transaction in a position. */
function numberIn(position: string): number {
  return Math.max(...[...(position.split('~')[0]?.matchAll(/\d+(?=$|,|:)/g) ?? [])].map(Number));
}

for (const engine of ['mysql', 'mariadb'] as const) {
  describe.skipIf(isForeign(engine))(`the binary log of ${engine}`, () => {
    test('that was begun anew is not the one that was read', { timeout: 120_000 }, async () => {
      await using right = await startServer(engine);
      await using pair = await openInterrupted({ left: await sharedServer('postgres'), right });
      await pair.connections.right.execute(resets[engine]);
      await pair.connections.right.execute(insert(100));
      const before = await stateOf(pair);
      await expect(pair.start()).rejects.toMatchObject({ class: 'history' });
      expect(await stateOf(pair)).toBe(before);
    });

    test('is not the one that was read even if it has come further since', { timeout: 120_000 }, async () => {
      await using right = await startServer(engine);
      await using pair = await openInterrupted({ left: await sharedServer('postgres'), right });
      const { left, right: connection } = pair.connections;
      const { stateSchema } = pair.declaration.left;
      const target = `SELECT position FROM ${stateSchema}.checkpoint WHERE stream = 'right->left'`;
      const read = numberIn(String((await left.query(target))[0]?.['position']));
      // MariaDB's log knows whole seconds.
      const second = 'SELECT UNIX_TIMESTAMP() AS now';
      const before = JSON.stringify(await connection.query(second));
      await expect.poll(async () => JSON.stringify(await connection.query(second))).not.toBe(before);
      await connection.execute(resets[engine]);
      for (let id = 0; id <= read; id += 1) await connection.execute(insert(100 + 2 * id));
      await expectStop(pair, 'TD6005');
    });
  });
}
