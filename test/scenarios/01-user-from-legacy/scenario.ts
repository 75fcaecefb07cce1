import { count, idle, read, type Scenario, start, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'a user created in legacy appears in revamp',
  steps: [
    start,
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')"),
    idle,
    read('revamp', 'SELECT user_name, email_address, display_name, account_status, source FROM revamp_users', [
      'ann',
      'ann@example.com',
      null,
      'Active',
      'sync_service',
    ]),
    count('left->right', { rows: 1, conflicts: 0, parked: 0 }),
    count('right->left', { rows: 0, conflicts: 0, parked: 0 }),
  ],
};
