import { entry, type CodeEntry } from './code-entry.ts';

/** What has to do with Debezium: what it cannot carry (5), and what it wrote (6). */
export const DEBEZIUM_CODES = {
  TD6040: entry(
    'POSITION_IN_PART',
    'history',
    7,
    'The checkpoint is inside of a giant transaction that another kind of capture cut into parts, and both count the ' +
      'parts in their own way. Let the capture that began with the transaction finish it, then change over.',
  ),
} as const satisfies Record<string, CodeEntry>;
