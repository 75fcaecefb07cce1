import { expect, test } from 'vitest';
import type { Connection } from '../../src/cli/demo/database.ts';
import { sideWins } from '../../src/mapping/policies.ts';
import type { Declaration, LinkDeclaration } from '../../src/mapping/declaration.ts';
import { otherSide, type Side } from '../../src/model/policy.ts';
import { openSamplePair, type SamplePair, silence } from '../sample-pair.ts';
import { describeServers } from '../servers.ts';

// A user goes on one side while the other side, without knowing, changes it or gives it a post. PostgreSQL logs what a
// cascade removes, MySQL before 9.6 and MariaDB do not.

const timeout = 120_000;

interface Words {
  readonly user: string;
  readonly post: (userName: string) => string;
  readonly rename: string;
  readonly remove: string;
  readonly users: string;
  readonly posts: string;
}

const words: Readonly<Record<Side, Words>> = {
  left: {
    user: "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')",
    post: (title) => `INSERT INTO legacy_posts (user_id, post_title) SELECT id, '${title}' FROM legacy_users`,
    rename: "UPDATE legacy_users SET full_name = 'Ann of the left'",
    remove: 'DELETE FROM legacy_users',
    users: 'SELECT full_name AS name FROM legacy_users',
    posts: 'SELECT post_title AS title FROM legacy_posts ORDER BY post_title',
  },
  right: {
    user: "INSERT INTO revamp_users (user_name, email_address) VALUES ('ann', 'ann@example.com')",
    post: (title) => `INSERT INTO revamp_posts (author_id, title) SELECT id, '${title}' FROM revamp_users`,
    rename: "UPDATE revamp_users SET display_name = 'Ann of the right'",
    remove: 'DELETE FROM revamp_users',
    users: 'SELECT display_name AS name FROM revamp_users',
    posts: 'SELECT title FROM revamp_posts ORDER BY title',
  },
};

function withLink(declaration: Declaration, id: string, given: Partial<LinkDeclaration>): Declaration {
  const link = declaration.links[id];
  if (link === undefined) throw new Error(`the sample has no link ${id}`);
  return { ...declaration, links: { ...declaration.links, [id]: { ...link, ...given } } };
}

/** Both sides have Ann with one post; then nobody carries anything over until `work` is done. */
async function apart(
  pair: SamplePair,
  work: (connections: Readonly<Record<Side, Connection>>) => Promise<void>,
): Promise<void> {
  const first = await pair.start();
  await pair.connections.left.execute(words.left.user);
  await pair.connections.left.execute(words.left.post('first'));
  await silence(pair, first);
  await first.stop();
  await work(pair.connections);
  const sync = await pair.start();
  await silence(pair, sync);
}

/** MySQL does since 9.6, MariaDB does not. */
async function logsCascades({ connections }: SamplePair): Promise<boolean> {
  const [row] = await connections.right.query('SELECT version() AS version');
  const version = String(row?.['version']);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return !version.includes('MariaDB') && (major > 9 || (major === 9 && minor >= 6));
}

async function titles({ connections }: SamplePair, side: Side): Promise<readonly unknown[]> {
  return (await connections[side].query(words[side].posts)).map((row) => row['title']);
}

async function expectRows(pair: SamplePair, users: number, posts: readonly string[]): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    const found = () => titles(pair, side);
    await expect.poll(found, { timeout: 60_000 }).toEqual(posts);
    expect(await pair.connections[side].query(words[side].users)).toHaveLength(users);
  }
  expect((await pair.compare()).differences).toEqual([]);
}

for (const right of ['mysql', 'mariadb'] as const) {
  await describeServers(`parents and children on PostgreSQL and ${right}`, { left: 'postgres', right }, (servers) => {
    for (const deletes of ['left', 'right'] as const) {
      const adds = otherSide(deletes);
      test(`restoreParent: the user that the ${deletes} deletes comes back with a new post`, { timeout }, async () => {
        await using pair = await openSamplePair(servers, {
          declare: (declaration) => withLink(declaration, 'posts', { foreignKey: 'restoreParent' }),
        });
        await apart(pair, async (connections) => {
          await connections[deletes].execute(words[deletes].remove);
          await connections[adds].execute(words[adds].post('second'));
        });
        expect(await titles(pair, deletes)).toContain('second');
        expect(await titles(pair, adds)).toEqual(await titles(pair, deletes));
        expect((await pair.compare()).differences).toEqual([]);
      });

      test(`deleteChild: a new post goes with the user that the ${deletes} deletes`, { timeout }, async () => {
        await using pair = await openSamplePair(servers, {
          declare: (declaration) => withLink(declaration, 'posts', { foreignKey: 'deleteChild' }),
        });
        await apart(pair, async (connections) => {
          await connections[deletes].execute(words[deletes].remove);
          await connections[adds].execute(words[adds].post('second'));
        });
        await expectRows(pair, 0, []);
      });

      test(`a user that the ${deletes} deletes and that stays keeps its posts`, { timeout }, async () => {
        await using pair = await openSamplePair(servers, {
          declare: (declaration) => ({
            ...withLink(declaration, 'users', { conflict: sideWins(adds) }),
            home: deletes,
          }),
        });
        await apart(pair, async (connections) => {
          await connections[deletes].execute(words[deletes].remove);
          await connections[adds].execute(words[adds].rename);
        });
        // What a log tells was deleted stays deleted; what went without a word comes back.
        await expectRows(pair, 1, deletes === 'left' || (await logsCascades(pair)) ? [] : ['first']);
      });
    }
  });
}
