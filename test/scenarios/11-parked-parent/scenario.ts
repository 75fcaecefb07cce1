import { alter, idle, parked, read, type Scenario, start, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'a row without its parent parks, its dependants wait, and all heal when the parent arrives',
  prepare: [
    alter('legacy', {
      postgres: 'ALTER TABLE legacy_users DROP CONSTRAINT legacy_users_status_check',
      mysql: 'ALTER TABLE legacy_users DROP CHECK legacy_users_chk_1',
    }),
  ],
  steps: [
    start,
    write(
      'legacy',
      "INSERT INTO legacy_users (id, username, email, status) VALUES (70, 'eve', 'eve@example.com', 'banned')",
      "INSERT INTO legacy_posts (id, user_id, post_title) VALUES (80, 70, 'hello')",
      'INSERT INTO legacy_likes (user_id, post_id) VALUES (70, 80)',
    ),
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')"),
    idle,
    parked('revamp', ['likes', 'TD7013'], ['posts', 'TD7013'], ['users', 'TD3001']),
    read('revamp', 'SELECT user_name FROM revamp_users', ['ann']),
    write('legacy', "UPDATE legacy_users SET status = 'active' WHERE username = 'eve'"),
    parked('revamp'),
    idle,
    read(
      'revamp',
      `SELECT u.user_name, p.title, l.reaction_type FROM revamp_likes l
       JOIN revamp_posts p ON p.id = l.post_id JOIN revamp_users u ON u.id = p.author_id`,
      ['eve', 'hello', 'Like'],
    ),
  ],
};
