import { count, idle, read, type Scenario, start, write } from '../scenario.ts';

// Rows are given keys that the other side, which generates its own, will not hit upon.
export const scenario: Scenario = {
  title: "a post finds its author under the author's other key, both ways, before and after the author is synced",
  steps: [
    start,
    write('legacy', "INSERT INTO legacy_users (id, username, email) VALUES (70, 'ann', 'ann@example.com')"),
    idle,
    write(
      'legacy',
      "INSERT INTO legacy_posts (user_id, post_title) VALUES (70, 'after ann')",
      "INSERT INTO legacy_likes (user_id, post_id) SELECT 70, id FROM legacy_posts WHERE post_title = 'after ann'",
    ),
    write(
      'legacy',
      "INSERT INTO legacy_users (id, username, email) VALUES (80, 'amy', 'amy@example.com')",
      "INSERT INTO legacy_posts (user_id, post_title) VALUES (80, 'with amy')",
    ),
    write('revamp', "INSERT INTO revamp_users (id, user_name, email_address) VALUES (90, 'bob', 'bob@example.com')"),
    write('revamp', "INSERT INTO revamp_posts (author_id, title) VALUES (90, 'before bob')"),
    idle,
    write('revamp', "INSERT INTO revamp_posts (author_id, title) VALUES (90, 'after bob')"),
    write(
      'legacy',
      `INSERT INTO legacy_likes (user_id, post_id)
       SELECT u.id, p.id FROM legacy_users u CROSS JOIN legacy_posts p
       WHERE u.username = 'bob' AND p.post_title = 'before bob'`,
    ),
    idle,
    read(
      'revamp',
      `SELECT p.title, u.user_name FROM revamp_posts p JOIN revamp_users u ON u.id = p.author_id
       WHERE u.user_name LIKE 'a%' ORDER BY p.title`,
      ['after ann', 'ann'],
      ['with amy', 'amy'],
    ),
    read(
      'legacy',
      `SELECT p.post_title, u.username FROM legacy_posts p JOIN legacy_users u ON u.id = p.user_id
       WHERE u.username = 'bob' ORDER BY p.post_title`,
      ['after bob', 'bob'],
      ['before bob', 'bob'],
    ),
    read(
      'revamp',
      `SELECT u.user_name, p.title FROM revamp_likes l
       JOIN revamp_users u ON u.id = l.user_id JOIN revamp_posts p ON p.id = l.post_id ORDER BY p.title`,
      ['ann', 'after ann'],
      ['bob', 'before bob'],
    ),
    count('left->right', { rows: 6, conflicts: 0, parked: 0 }),
    count('right->left', { rows: 3, conflicts: 0, parked: 0 }),
  ],
};
