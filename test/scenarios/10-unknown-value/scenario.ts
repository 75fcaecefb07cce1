import { alter, count, idle, parked, read, type Scenario, start, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'case and words are mapped, and an unknown value parks with its code while everything else flows',
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
      "INSERT INTO legacy_users (username, email, status) VALUES ('ann', 'ann@example.com', 'suspended')",
      "INSERT INTO legacy_users (username, email, status) VALUES ('eve', 'eve@example.com', 'banned')",
    ),
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('amy', 'amy@example.com')"),
    idle,
    read(
      'revamp',
      'SELECT user_name, account_status FROM revamp_users ORDER BY user_name',
      ['amy', 'Active'],
      ['ann', 'Suspended'],
    ),
    parked('revamp', ['users', 'TD3001']),
    count('left->right', { conflicts: 0 }),
    write('legacy', "UPDATE legacy_users SET status = 'inactive' WHERE username = 'eve'"),
    idle,
    parked('revamp'),
    read('revamp', "SELECT account_status FROM revamp_users WHERE user_name = 'eve'", ['Inactive']),
  ],
};
