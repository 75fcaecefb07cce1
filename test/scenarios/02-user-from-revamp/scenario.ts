import { count, idle, read, type Scenario, start, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'a user created in revamp appears in legacy',
  steps: [
    start,
    write('revamp', "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')"),
    idle,
    read('legacy', 'SELECT username, email, full_name, status, source FROM legacy_users', [
      'bob',
      'bob@example.com',
      null,
      'active',
      'sync_service',
    ]),
    count('right->left', { rows: 1, conflicts: 0, parked: 0 }),
    count('left->right', { rows: 0, conflicts: 0, parked: 0 }),
  ],
};
