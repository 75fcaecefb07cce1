import { count, idle, read, type Scenario, silence, start, type Step, write } from '../scenario.ts';

const authorWithPost = (id: number): Step =>
  write(
    'legacy',
    `INSERT INTO legacy_users (id, username, email) VALUES (${id}, 'user ${id}', '${id}@example.com')`,
    `INSERT INTO legacy_posts (id, user_id, post_title) VALUES (${id}, ${id}, 'post ${id}')`,
    `INSERT INTO legacy_likes (user_id, post_id) VALUES (${id}, ${id})`,
  );

export const scenario: Scenario = {
  title: 'deletes travel both ways, with what they take along on either side',
  steps: [
    start,
    authorWithPost(70),
    authorWithPost(71),
    authorWithPost(72),
    authorWithPost(73),
    idle,
    write('legacy', "DELETE FROM legacy_users WHERE username = 'user 70'"),
    write('revamp', "DELETE FROM revamp_users WHERE user_name = 'user 71'"),
    write('revamp', "DELETE FROM revamp_posts WHERE title = 'post 72'"),
    silence,
    read('legacy', 'SELECT post_title FROM legacy_posts', ['post 73']),
    read('revamp', 'SELECT title FROM revamp_posts', ['post 73']),
    read('legacy', 'SELECT username FROM legacy_users ORDER BY username', ['user 72'], ['user 73']),
    read('revamp', 'SELECT user_name FROM revamp_users ORDER BY user_name', ['user 72'], ['user 73']),
    read('legacy', 'SELECT count(*) FROM legacy_likes', ['1']),
    read('revamp', 'SELECT count(*) FROM revamp_likes', ['1']),
    count('left->right', { parked: 0, conflicts: 0 }),
    count('right->left', { parked: 0, conflicts: 0 }),
  ],
};
