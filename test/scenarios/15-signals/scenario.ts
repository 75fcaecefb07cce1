import { count, endProcess, read, runProcess, type Scenario, silence, start, write, writes } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'SIGTERM and SIGINT drain and exit 0; kill -9 loses and repeats nothing',
  steps: [
    runProcess,
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')"),
    read('revamp', 'SELECT user_name FROM revamp_users', ['ann']),
    endProcess('SIGTERM'),
    write('legacy', "UPDATE legacy_users SET full_name = 'Ann' WHERE username = 'ann'"),
    write('revamp', "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')"),
    runProcess,
    read('revamp', 'SELECT display_name FROM revamp_users ORDER BY user_name', ['Ann'], [null]),
    read('legacy', 'SELECT username FROM legacy_users ORDER BY username', ['ann'], ['bob']),
    write('revamp', "UPDATE revamp_users SET display_name = 'Bob' WHERE user_name = 'bob'"),
    endProcess('SIGKILL'),
    write('legacy', "UPDATE legacy_users SET phone_number = '1' WHERE username = 'ann'"),
    runProcess,
    read('revamp', 'SELECT mobile FROM revamp_users ORDER BY user_name', ['1'], [null]),
    read('legacy', 'SELECT full_name FROM legacy_users ORDER BY username', ['Ann'], ['Bob']),
    endProcess('SIGINT'),
    start,
    silence,
    count('left->right', { rows: 0 }),
    count('right->left', { rows: 0 }),
    writes('legacy', 'users', { byApplication: 3, bySync: 2 }),
    writes('revamp', 'users', { byApplication: 2, bySync: 3 }),
  ],
};
