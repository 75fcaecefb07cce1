import { count, idle, read, type Scenario, start, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'an update travels both ways, whoever created the row',
  steps: [
    start,
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')"),
    write('revamp', "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')"),
    idle,
    write('legacy', "UPDATE legacy_users SET full_name = 'Bob B.' WHERE username = 'bob'"),
    write('revamp', "UPDATE revamp_users SET mobile = '+49 1' WHERE user_name = 'ann'"),
    idle,
    write('legacy', "UPDATE legacy_users SET email = 'ann@example.org' WHERE username = 'ann'"),
    write('revamp', "UPDATE revamp_users SET display_name = NULL, mobile = '+49 2' WHERE user_name = 'bob'"),
    idle,
    read(
      'legacy',
      'SELECT username, email, full_name, phone_number FROM legacy_users ORDER BY username',
      ['ann', 'ann@example.org', null, '+49 1'],
      ['bob', 'bob@example.com', null, '+49 2'],
    ),
    read(
      'revamp',
      'SELECT user_name, email_address, display_name, mobile FROM revamp_users ORDER BY user_name',
      ['ann', 'ann@example.org', null, '+49 1'],
      ['bob', 'bob@example.com', null, '+49 2'],
    ),
    count('left->right', { rows: 3, conflicts: 0, parked: 0 }),
    count('right->left', { rows: 3, conflicts: 0, parked: 0 }),
  ],
};
