import { describe, expect, it } from 'vitest';
import { decideHome, restartFloor } from '../../src/arbiter/rules.ts';
import { ABSENT } from './one-row/state.ts';
import { explore, type Finding } from './one-row/explore.ts';
import { scope, type Habits, type Wrong } from './one-row/protocol.ts';
import type { PolicyName, Rules } from './rules.ts';

// Every history of one row: all interleavings of applications' writes on both sides, of reading both logs, of judging
// and committing in either direction and of crashes. What decides is the production code of src/arbiter; what the
// pipeline does around it is modelled in one-row/, habit by habit. TANDEM_MODEL_SIZE=long searches longer histories.

const isLong = process.env['TANDEM_MODEL_SIZE'] === 'long';
const timeoutMs = isLong ? 3_600_000 : 60_000;
const everyPolicy: readonly PolicyName[] = ['home', 'remote', 'newest', 'custom'];

type Given = Parameters<typeof scope>[0];

const histories: readonly (readonly [string, Given])[] = [
  ['two writes on either side', {}],
  ['clocks that disagree', { writes: [2, 1], clocks: [1, 3] }],
  ['two changes in a transaction', { batch: 2 }],
  ['three changes in a transaction', { writes: [1, 3], batch: 3 }],
  ['a row that goes and comes back at home', { writes: [2, 1], values: [0, 1, ABSENT] }],
  ['a row that goes and comes back at the remote side', { writes: [1, 2], values: [0, 1, ABSENT] }],
  ['a crash, the remote side being busy', { writes: [1, 2], crashes: 1 }],
  ['a crash, home being busy', { writes: [2, 1], crashes: 1 }],
  ['two crashes', { writes: [1, 2], crashes: 2 }],
];

const longHistories: readonly (readonly [string, Given])[] = [
  ['three writes on either side', { writes: [3, 3] }],
  ['two writes on either side, clocks that disagree', { clocks: [1, 3] }],
  ['two writes on either side, two crashes', { crashes: 2 }],
  ['two writes on either side, deletes, a crash', { values: [0, 1, ABSENT], crashes: 1 }],
  ['three writes at home, two changes in a transaction', { writes: [3, 2], batch: 2 }],
];

function expectNoneBad(finding: Finding): void {
  expect(finding.finals).toBeGreaterThan(100);
  expect(finding.divergedBy).toBeNull();
  expect(finding.unfairBy).toBeNull();
  // What a restart forgot, or what was made again in the moment of a decision, may have been decided otherwise.
  expect(finding.excused).toBeLessThan(finding.finals * 0.05);
}

describe('one row', () => {
  describe.each([...histories, ...(isLong ? longHistories : [])])('%s', (_name, given) => {
    it.each(everyPolicy)(
      'ends equal, and as the policy %s wants',
      (policy) => {
        expectNoneBad(explore(scope({ ...given, policy })));
      },
      timeoutMs,
    );
  });
});

// Each of these is wrong in one place, and the search must notice. Those that end with different rows break the promise
// of convergence, the others that of the policy.

function habit(name: keyof Habits): Wrong {
  return { habits: { [name]: false } };
}

function rule<K extends keyof Rules>(name: K, wrong: Rules[K]): Wrong {
  return { rules: { [name]: wrong } };
}

const diverging: readonly (readonly [string, Wrong, Given])[] = [
  ['a decision is not re-asserted', habit('reasserts'), {}],
  ['the remote side does not stand aside', rule('decideRemote', () => 'apply'), { writes: [2, 1], crashes: 1 }],
  [
    'a row found absent is decided as if it were locked',
    habit('restatesAbsent'),
    { writes: [2, 1], values: [0, 1, ABSENT] },
  ],
  [
    'a reader restarts at its own checkpoint',
    rule('restartFloor', (_, checkpoint) => checkpoint),
    { writes: [1, 2], crashes: 1 },
  ],
  [
    'a reader restarts without what the other checkpoint had seen',
    rule('restartFloor', (positions, checkpoint, _seen, known) => restartFloor(positions, checkpoint, null, known)),
    { writes: [2, 1], crashes: 1 },
  ],
  [
    'changes are applied before the windows are complete',
    rule('hasRecovered', () => true),
    { writes: [2, 1], crashes: 1 },
  ],
];

const unfair: readonly (readonly [string, Wrong, Given])[] = [
  ['nothing is audited', rule('auditHome', () => null), {}],
  ['decisions are not audited', habit('auditsDecisions'), { policy: 'newest', writes: [2, 1], clocks: [1, 3] }],
  ['a row is written again before our write was read', habit('waitsForEcho'), {}],
  ['wall clocks decide', rule('effectiveTime', (wallUs) => wallUs), { policy: 'newest' }],
  [
    'provenance is ignored',
    rule('decideHome', (window, hash, arrival) => decideHome(window, hash, arrival, () => null)),
    {},
  ],
  [
    'deferred changes count as seen',
    rule('decideHome', (window, hash, { seen }, provenanceOf) =>
      decideHome(window, hash, { seen, saw: seen }, provenanceOf),
    ),
    {},
  ],
  ['a decision says only how far home was read', habit('looksBack'), {}],
  ['a deferral replaces an open one', habit('keepsDeferrals'), {}],
  ['a decided row is written blindly by the same batch', habit('meetsDecisions'), { batch: 2 }],
  ['a restarted engine does not wait for its own transactions', habit('readsOwnFirst'), { writes: [1, 2], crashes: 1 }],
  ['an audit trusts the value alone', habit('asksTheLog'), { writes: [3, 2], batch: 2 }],
  ['a restarted engine forgets the time', habit('remembersTime'), { policy: 'newest', writes: [1, 2], crashes: 1 }],
];

describe('the search notices that', () => {
  it.each(diverging)('%s', (_name, wrong, given) => {
    expect(explore(scope(given, wrong)).diverged).toBeGreaterThan(0);
  });

  // Millions of states: a busy machine takes its time.
  it.each(unfair)('%s', { timeout: 120_000 }, (_name, wrong, given) => {
    expect(explore(scope(given, wrong)).unfair).toBeGreaterThan(0);
  });
});
