import { count, idle, type Scenario, silence, start, write, writes } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'what the sync wrote never comes back',
  steps: [
    start,
    write(
      'legacy',
      "INSERT INTO legacy_users (id, username, email) VALUES (70, 'ann', 'ann@example.com')",
      "INSERT INTO legacy_posts (user_id, post_title) VALUES (70, 'hello')",
    ),
    write('revamp', "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')"),
    idle,
    write('legacy', "UPDATE legacy_users SET source = 'legacy', full_name = 'Ann' WHERE username = 'ann'"),
    // An application that does not say who it is leaves `sync_service` in place: the write counts all the same.
    write('revamp', "UPDATE revamp_posts SET content = 'text' WHERE title = 'hello'"),
    idle,
    write('legacy', "DELETE FROM legacy_posts WHERE post_title = 'hello'"),
    write('revamp', "DELETE FROM revamp_users WHERE user_name = 'bob'"),
    silence,
    // Four changes of legacy were written to revamp and seen there in the log again, and three the other way.
    count('left->right', { rows: 4, dropped: 4, sideEffects: 0, conflicts: 0 }),
    count('right->left', { rows: 3, dropped: 3, sideEffects: 0, conflicts: 0 }),
    writes('legacy', 'users', { byApplication: 2, bySync: 1 }),
    writes('revamp', 'users', { byApplication: 1, bySync: 2 }),
    writes('legacy', 'posts', { byApplication: 1, bySync: 1 }),
    writes('revamp', 'posts', { byApplication: 1, bySync: 1 }),
  ],
};
