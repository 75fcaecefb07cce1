import { idle, nextSecond, read, type Scenario, start, stop, write } from '../scenario.ts';

export const scenario: Scenario = {
  title: 'concurrent updates of one row end equal on both sides: the newer one wins',
  steps: [
    start,
    write(
      'legacy',
      "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com'), ('amy', 'amy@example.com')",
    ),
    idle,
    stop,
    write('legacy', "UPDATE legacy_users SET full_name = 'legacy was first' WHERE username = 'ann'"),
    write('revamp', "UPDATE revamp_users SET display_name = 'revamp was first' WHERE user_name = 'amy'"),
    nextSecond,
    nextSecond,
    write('revamp', "UPDATE revamp_users SET display_name = 'revamp was later' WHERE user_name = 'ann'"),
    write('legacy', "UPDATE legacy_users SET full_name = 'legacy was later' WHERE username = 'amy'"),
    start,
    idle,
    read(
      'legacy',
      'SELECT username, full_name FROM legacy_users ORDER BY username',
      ['amy', 'legacy was later'],
      ['ann', 'revamp was later'],
    ),
    read(
      'revamp',
      'SELECT user_name, display_name FROM revamp_users ORDER BY user_name',
      ['amy', 'legacy was later'],
      ['ann', 'revamp was later'],
    ),
  ],
};
