import { count, idle, type Scenario, restart, silence, start, write, writes } from '../scenario.ts';

// Nothing was written in revamp, so nothing has told the log of legacy that its reader needs it no more: a reader that
// starts again is given everything from the beginning. No parent goes with its children here: what a cascade took along
// is told once more after a restart.
export const scenario: Scenario = {
  title: 'a duplicate event changes nothing',
  steps: [
    start,
    write('legacy', "INSERT INTO legacy_users (id, username, email) VALUES (70, 'ann', 'ann@example.com')"),
    write('legacy', "INSERT INTO legacy_posts (user_id, post_title) VALUES (70, 'hello')"),
    write('legacy', "UPDATE legacy_posts SET view_count = view_count + 1 WHERE post_title = 'hello'"),
    write('legacy', "DELETE FROM legacy_posts WHERE post_title = 'hello'"),
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('amy', 'amy@example.com')"),
    idle,
    writes('revamp', 'users', { byApplication: 0, bySync: 2 }),
    restart,
    silence,
    count('left->right', { rows: 0, conflicts: 0, parked: 0 }),
    count('right->left', { rows: 0, conflicts: 0, parked: 0 }),
    writes('revamp', 'users', { byApplication: 0, bySync: 2 }),
    writes('legacy', 'users', { byApplication: 2, bySync: 0 }),
  ],
};
