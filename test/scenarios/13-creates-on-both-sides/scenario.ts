import { idle, nextSecond, read, type Scenario, silence, start, stop, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'creates on both sides at once all arrive, and two that share an email become one row',
  steps: [
    start,
    stop,
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')"),
    write(
      'legacy',
      "INSERT INTO legacy_users (id, username, email, full_name) VALUES (70, 'zoe', 'zoe@example.com', 'Zoe Old')",
      "INSERT INTO legacy_posts (user_id, post_title) VALUES (70, 'by zoe of legacy')",
    ),
    nextSecond,
    nextSecond,
    write('revamp', "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')"),
    write(
      'revamp',
      `INSERT INTO revamp_users (id, user_name, email_address, display_name)
       VALUES (90, 'zoe', 'zoe@example.com', 'Zoe of revamp')`,
      "INSERT INTO revamp_posts (author_id, title) VALUES (90, 'by zoe of revamp')",
    ),
    start,
    silence,
    read(
      'legacy',
      'SELECT username, full_name FROM legacy_users ORDER BY username',
      ['ann', null],
      ['bob', null],
      ['zoe', 'Zoe of revamp'],
    ),
    read(
      'legacy',
      'SELECT post_title, user_id FROM legacy_posts ORDER BY post_title',
      ['by zoe of legacy', '70'],
      ['by zoe of revamp', '70'],
    ),
    read(
      'revamp',
      'SELECT title, author_id FROM revamp_posts ORDER BY title',
      ['by zoe of legacy', '90'],
      ['by zoe of revamp', '90'],
    ),
    // The two are one from now on.
    write('legacy', "UPDATE legacy_users SET username = 'zora' WHERE id = 70"),
    idle,
    read('revamp', 'SELECT user_name FROM revamp_users WHERE id = 90', ['zora']),
  ],
};
