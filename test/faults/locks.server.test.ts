import { expect, test } from 'vitest';
import { connect, type Connection } from '../../src/cli/demo/database.ts';
import { createPlatform, type Platform } from '../../src/cli/demo/platform.ts';
import { otherSide, type Side } from '../../src/model/policy.ts';
import type { SamplePair } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';
import { createWriters } from './ledger.ts';
import { expectInStep, openFaultPair } from './stage.ts';

// What a busy database does to a transaction of ours: it must be rolled back as a whole and come again as a whole.

const fields = { fullName: 'Ann', phone: '1', status: 'active' };
const post = { content: 'first', status: 'draft' };
const nobody = createWriters({ left: { engine: 'postgres', url: '' }, right: { engine: 'mysql', url: '' } }, 0);

const blockedSql: Readonly<Record<'postgres' | 'mysql', string>> = {
  postgres: "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
  mysql: "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
};

/** Resolves once somebody waits for a lock on that server. */
async function untilBlocked(connection: Connection): Promise<void> {
  const sql = blockedSql[connection.engine === 'postgres' ? 'postgres' : 'mysql'];
  // InnoDB answers from a copy that it does not renew while it is asked for it more often than every 100 ms.
  await expect.poll(() => connection.query(sql), { timeout: 60_000, interval: 300 }).not.toEqual([]);
}

/** A user with a post on both sides, and a connection on the target that gets in the way. */
async function openBusy(pair: SamplePair, target: Side) {
  const sync = await pair.start();
  const source = createPlatform(otherSide(target), pair.connections[otherSide(target)]);
  await source.signUp('ann@example.com', 'ann', fields);
  await source.writePost('ann@example.com', 'Post', post);
  await sync.idle();
  const connection = await connect(pair.sides[target]);
  return { sync, source, rival: createPlatform(target, connection), connection };
}

/** Changes the user and her post in one transaction. */
function changeBoth(platform: Platform, phone: string): Promise<unknown> {
  return platform.connection.transaction(async () => {
    await platform.changeUser('ann@example.com', { ...fields, phone });
    await platform.changePost('Post', { ...post, content: phone });
  });
}

function codesOf(pair: SamplePair): readonly (string | undefined)[] {
  return pair.log.map(({ code }) => code);
}

/** Makes the rival the dearer one of two, so that the server sacrifices ours. */
async function weighDown(connection: Connection): Promise<void> {
  if (connection.engine === 'postgres') return void (await connection.execute("SET LOCAL deadlock_timeout = '100s'"));
  for (let row = 0; row < 40; row += 1) await connection.execute('INSERT INTO ledger_inserts VALUES (0, 0)');
}

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`locks on PostgreSQL and ${right}`, { left: 'postgres', right }, (servers) => {
    test.each(['left', 'right'] as const)('a deadlock on the %s is rolled back and done again', async (target) => {
      await using pair = await openFaultPair(servers);
      const { sync, source, rival, connection } = await openBusy(pair, target);
      await using _ = connection;
      await connection.transaction(async () => {
        await weighDown(connection);
        await rival.changePost('Post', { ...post, content: 'rival' });
        await changeBoth(source, '2');
        await untilBlocked(pair.connections[target]);
        await rival.changeUser('ann@example.com', { ...fields, phone: '3' });
      });
      await expect.poll(() => codesOf(pair), { timeout: 60_000 }).toContain('TD7006');
      await expectInStep(pair, sync, nobody);
    });

    test.each(['left', 'right'] as const)('a lock that is kept on the %s leaves nothing half done', async (target) => {
      await using pair = await openFaultPair(servers);
      const { sync, source, rival, connection } = await openBusy(pair, target);
      await using _ = connection;
      await connection.transaction(async () => {
        await rival.viewPost('Post');
        await changeBoth(source, '2');
        await expect.poll(() => codesOf(pair), { timeout: 60_000 }).toContain('TD7007');
        // The user's row was free all the time, and comes with the post's or not at all.
        const phones =
          target === 'left' ? 'SELECT phone_number AS p FROM legacy_users' : 'SELECT mobile AS p FROM revamp_users';
        expect(await pair.connections[target].query(phones)).toEqual([{ p: '1' }]);
      });
      await expectInStep(pair, sync, nobody);
    });
  });
}

await describeServers('PostgreSQL that cannot serialise', { left: 'postgres', right: 'mysql' }, (servers) => {
  test('gets the transaction again', async () => {
    await using pair = await openFaultPair(servers, {
      async prepare({ left }) {
        // A sequence is not rolled back, so the third attempt passes.
        await left.execute('CREATE SEQUENCE attempts');
        await left.execute(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('attempts') < 3 THEN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END IF;
  RETURN NEW;
END
$$`);
        await left.execute('CREATE TRIGGER refuse BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION refuse()');
      },
    });
    const sync = await pair.start();
    await pair.connections.right.execute("INSERT INTO ledger VALUES (2, 'right 2')");
    await expect
      .poll(() => pair.connections.left.query('SELECT id FROM ledger'), { timeout: 60_000 })
      .toEqual([{ id: 2 }]);
    expect(codesOf(pair).filter((code) => code === 'TD7006')).toHaveLength(2);
    await expectInStep(pair, sync, nobody);
  });
});
