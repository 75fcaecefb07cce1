import { entry, type CodeEntry } from './code-entry.ts';

/** Codes of conflicts that wait for a person, and of what a person decides. */
export const CONFLICT_CODES = {
  TD8010: entry(
    'CONFLICT_PARKED',
    'row',
    1,
    'Both sides changed the row and the policy of its link leaves the decision to a person. Each side ' +
      'keeps what it has, and later changes of the row wait. See `tandem conflicts ls --open`, then ' +
      '`tandem conflicts resolve`.',
  ),
  TD8011: entry(
    'POLICY_TOO_SLOW',
    'row',
    1,
    'The custom conflict function did not answer in time (limits.conflictFunctionMs). The row waits for a ' +
      'person, like one whose policy is `park`; everything else flows.',
  ),
  TD8012: entry(
    'COUNTER_NO_NUMBER',
    'row',
    1,
    'A column under the policy `delta` holds NaN or infinity, to which nothing can be added. Give it a finite number.',
  ),
  TD8013: entry(
    'ROW_CHANGED_SINCE',
    'setup',
    2,
    'The row is no longer what the conflict left behind, so resolving it would undo a newer write. Look at the ' +
      'row, then pass --force to overwrite it all the same.',
  ),
  TD8014: entry(
    'CONFLICT_UNKNOWN',
    'setup',
    1,
    'There is no conflict with this id in the ledger. It may have been pruned (limits.conflictRows, ' +
      'limits.conflictDays).',
  ),
  TD8015: entry(
    'POLICY_UNFIT',
    'setup',
    3,
    'A conflict policy does not fit the columns it is declared for. `delta` needs columns that hold exact numbers on ' +
      'both sides, flow both ways, and have no codec; a column belongs to one group at most; keys belong to none.',
  ),
  TD8016: entry(
    'NOT_RESOLVED',
    'setup',
    1,
    'The running engine did not carry out the resolution, or none is running. The request stays and is ' +
      'carried out by the next engine that starts; `tandem conflicts show` tells whether it was.',
  ),
  TD8017: entry(
    'NOT_TO_DECIDE',
    'setup',
    1,
    'The row waits for a unique value that another row holds. Change that row, or this one, at its own side; it is ' +
      'tried again from time to time and heals by itself.',
  ),
} as const satisfies Record<string, CodeEntry>;
