import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import { silence } from '../sample-pair.ts';
import { isForeign, startServer } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { openFaultPair, progress, whileWriting } from './stage.ts';

/**
 * An idle route remembers how far it has read after ten seconds, or at the next look ten seconds later; that is the
 * last that it writes.
 */
const afterthoughtMs = 24_000;
const restMs = 36_000;
const witness = 'idle_witness';

/** A slot that nobody reads sees every transaction of the database that touches a table at all. */
async function watchPostgres(connection: Connection): Promise<void> {
  await connection.execute(`CREATE PUBLICATION ${witness} FOR ALL TABLES`);
  await connection.query("SELECT pg_create_logical_replication_slot(current_database() || '_idle', 'pgoutput')");
}

async function transactionsSeen(connection: Connection): Promise<number> {
  const [row] = await connection.query(
    `SELECT count(*)::int AS n FROM pg_logical_slot_peek_binary_changes(current_database() || '_idle', NULL, NULL,
       'proto_version', '1', 'publication_names', '${witness}') WHERE get_byte(data, 0) = ascii('B')`,
  );
  return Number(row?.['n']);
}

async function transactionsOf(connection: Connection): Promise<string> {
  const variable = connection.engine === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos';
  return String((await connection.query(`SELECT @@global.${variable} AS done`))[0]?.['done']);
}

// The one test that waits for the clock: its subject is that nothing happens.
describe.concurrent('a minute in which nobody writes', () => {
  for (const engine of ['mysql', 'mariadb'] as const) {
    test.skipIf(isForeign(engine))(
      `adds nothing to the logs of PostgreSQL and ${engine}`,
      {
        timeout: 240_000,
      },
      async ({ expect: expectHere }) => {
        // Servers of its own: the log of a shared one moves with the writes of other tests, and that is remembered.
        await using left = await startServer('postgres');
        await using right = await startServer(engine);
        await using pair = await openFaultPair({ left, right });
        const sync = await pair.start();
        const writers = createWriters(pair.sides, 8);
        await whileWriting(() => progress(pair, 10), writers);
        await silence(pair, sync);
        await sleep(afterthoughtMs);
        await watchPostgres(pair.connections.left);
        const before = await transactionsOf(pair.connections.right);
        await sleep(restMs);
        expectHere(await transactionsOf(pair.connections.right)).toBe(before);
        expectHere(await transactionsSeen(pair.connections.left)).toBe(0);
        expectHere(sync.status().state).toBe('running');
        await pair.connections.left.query("SELECT pg_drop_replication_slot(current_database() || '_idle')");
      },
    );
  }
});
