import { count, idle, read, type Scenario, silence, start, type Step, write, writes } from '../scenario.ts';

const rounds = 12;

function turn(round: number): readonly Step[] {
  return [
    write('legacy', `UPDATE legacy_users SET full_name = 'legacy ${round}' WHERE username = 'ann'`),
    idle,
    write('revamp', `UPDATE revamp_users SET display_name = 'revamp ${round}' WHERE user_name = 'ann'`),
    idle,
  ];
}

export const scenario: Scenario = {
  title: 'updates from both sides in turn cause exactly one write each',
  steps: [
    start,
    write('legacy', "INSERT INTO legacy_users (username, email) VALUES ('ann', 'ann@example.com')"),
    idle,
    ...Array.from({ length: rounds }, (_, at) => turn(at + 1)).flat(),
    silence,
    read('legacy', 'SELECT full_name FROM legacy_users', [`revamp ${rounds}`]),
    writes('legacy', 'users', { byApplication: rounds + 1, bySync: rounds }),
    writes('revamp', 'users', { byApplication: rounds, bySync: rounds + 1 }),
    count('left->right', { rows: rounds + 1, conflicts: 0, dropped: rounds + 1 }),
    count('right->left', { rows: rounds, conflicts: 0, dropped: rounds }),
  ],
};
