import {
  count,
  cutConnections,
  idle,
  lockCrosswise,
  read,
  retried,
  type Scenario,
  start,
  stop,
  write,
} from '../scenario.ts';

// A server that is killed and started again needs a server of its own: test/faults.
export const scenario: Scenario = {
  title: 'a deadlock and dropped connections are retried and lose nothing',
  steps: [
    start,
    write(
      'legacy',
      "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com'), ('zoe', 'zoe@example.com')",
    ),
    idle,
    stop,
    write('legacy', "UPDATE legacy_users SET full_name = concat(username, ' of legacy')"),
    lockCrosswise(
      'revamp',
      "UPDATE revamp_users SET mobile = '1' WHERE user_name = 'zoe'",
      "UPDATE revamp_users SET mobile = '1' WHERE user_name = 'ann'",
    ),
    idle,
    retried('TD7006'),
    cutConnections('revamp'),
    write('revamp', "INSERT INTO revamp_users (user_name, email_address) VALUES ('bob', 'bob@example.com')"),
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('amy', 'amy@example.com')"),
    idle,
    cutConnections('legacy'),
    write('legacy', "UPDATE legacy_users SET phone_number = '2' WHERE username = 'amy'"),
    write('revamp', "UPDATE revamp_users SET mobile = '3' WHERE user_name = 'bob'"),
    idle,
    retried('TD4005', 'TD7009'),
    read('revamp', "SELECT mobile FROM revamp_users WHERE user_name = 'amy'", ['2']),
    read('legacy', "SELECT phone_number FROM legacy_users WHERE username = 'bob'", ['3']),
    count('left->right', { parked: 0 }),
  ],
};
