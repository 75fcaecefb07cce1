import { expect, test } from 'vitest';
import type { Side } from '../../src/model/policy.ts';
import type { Connection } from '../../src/cli/demo/database.ts';
import { openSamplePair, type SamplePair, silence } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';

// Triggers that do not know of the sync fire for its writes, too. What they make of a row is a change of its own, which
// is sent back once and no further.

const phones: Readonly<Record<Side, { readonly table: string; readonly column: string; readonly name: string }>> = {
  left: { table: 'legacy_users', column: 'phone_number', name: 'username' },
  right: { table: 'revamp_users', column: 'mobile', name: 'user_name' },
};

/** An unguarded trigger that rewrites the phone number of every row that is written. */
async function rewritePhones(connection: Connection, side: Side, value: string): Promise<void> {
  const { table, column } = phones[side];
  if (connection.engine === 'postgres') {
    await connection.execute(
      `CREATE FUNCTION rewrite_phone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.${column} := ${value}; RETURN NEW; END $$`,
    );
    const events = 'BEFORE INSERT OR UPDATE';
    await connection.execute(
      `CREATE TRIGGER rewrite_phone ${events} ON ${table} FOR EACH ROW EXECUTE FUNCTION rewrite_phone()`,
    );
    return;
  }
  for (const event of ['INSERT', 'UPDATE']) {
    await connection.execute(
      `CREATE TRIGGER rewrite_phone_${event} BEFORE ${event} ON ${table} FOR EACH ROW SET NEW.${column} = ${value}`,
    );
  }
}

async function phonesOf({ connections }: SamplePair, side: Side): Promise<readonly unknown[]> {
  const { table, column, name } = phones[side];
  const rows = await connections[side].query(`SELECT ${column} AS phone FROM ${table} ORDER BY ${name}`);
  return rows.map((row) => row['phone']);
}

const ann = "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')";
const bob = "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')";

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`triggers on PostgreSQL and ${right}`, { left: 'postgres', right }, (servers) => {
    test('that change what the sync wrote: the result is sent back, once', { timeout: 120_000 }, async () => {
      await using pair = await openSamplePair(servers, {
        prepare: (connections) => rewritePhones(connections.right, 'right', "concat('+', length(NEW.user_name))"),
      });
      const sync = await pair.start();
      await pair.connections.left.execute(ann);
      await pair.connections.right.execute(bob);
      await silence(pair, sync);
      expect(await phonesOf(pair, 'left')).toEqual(['+3', '+3']);
      expect(await phonesOf(pair, 'right')).toEqual(['+3', '+3']);
      expect((await pair.compare()).differences).toEqual([]);
      const { directions } = sync.status();
      expect(directions['left->right'].sideEffects + directions['right->left'].sideEffects).toBe(1);
      expect(pair.log.some(({ code }) => code === 'TD8001')).toBe(true);
    });

    test('that answer each other: it ends after one hop', { timeout: 120_000 }, async () => {
      const more = (column: string): string => `concat(coalesce(NEW.${column}, ''), 'x')`;
      await using pair = await openSamplePair(servers, {
        async prepare(connections) {
          await rewritePhones(connections.left, 'left', more('phone_number'));
          await rewritePhones(connections.right, 'right', more('mobile'));
        },
      });
      const sync = await pair.start();
      await pair.connections.left.execute(ann);
      await silence(pair, sync);
      const { left, right } = await pair.countWrites();
      expect(left + right).toBeLessThanOrEqual(12);
      const [onLeft] = await phonesOf(pair, 'left');
      expect(String(onLeft).length).toBeLessThanOrEqual(4);
    });

    test(`a cascade that ${right} does or does not log takes the same rows along on both sides`, async () => {
      await using pair = await openSamplePair(servers);
      const sync = await pair.start();
      const { left, right: revamp } = pair.connections;
      await left.execute(ann);
      await left.execute("INSERT INTO legacy_posts (user_id, post_title) SELECT id, 'hello' FROM legacy_users");
      await sync.idle();
      await revamp.execute('DELETE FROM revamp_users');
      await silence(pair, sync);
      expect(await left.query('SELECT id FROM legacy_posts')).toEqual([]);
      expect(await left.query('SELECT id FROM legacy_users')).toEqual([]);
      expect((await pair.compare()).differences).toEqual([]);
    });

    test(`a cascade on ${right} alone parks what PostgreSQL keeps, until its children are gone`, async () => {
      await using pair = await openSamplePair(servers, {
        async prepare({ left }) {
          await left.execute('ALTER TABLE legacy_posts DROP CONSTRAINT legacy_posts_user_id_fkey');
          await left.execute('ALTER TABLE legacy_posts ADD FOREIGN KEY (user_id) REFERENCES legacy_users (id)');
        },
      });
      const sync = await pair.start();
      const { left, right: revamp } = pair.connections;
      await left.execute(ann);
      await left.execute("INSERT INTO legacy_posts (user_id, post_title) SELECT id, 'hello' FROM legacy_users");
      await sync.idle();
      await revamp.execute('DELETE FROM revamp_users');
      await sync.idle();
      if ((await left.query('SELECT id FROM legacy_posts')).length > 0) {
        // The log did not tell that the post went, too: the author cannot go, and nothing is destroyed unasked.
        const { stateSchema } = pair.declaration.left;
        const parked = await left.query(`SELECT link, code FROM ${stateSchema}.parked`);
        expect(parked).toEqual([{ link: 'users', code: 'TD7002' }]);
        await left.execute('DELETE FROM legacy_posts');
      }
      await expect.poll(() => left.query('SELECT id FROM legacy_users'), { timeout: 60_000 }).toEqual([]);
      await silence(pair, sync);
      expect((await pair.compare()).differences).toEqual([]);
    });
  });
}
