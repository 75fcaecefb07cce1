import { entry, type CodeEntry } from './code-entry.ts';

/** What has to do with Debezium: what it cannot carry (5), and what it wrote (6). */
export const DEBEZIUM_CODES = {
  TD5060: entry(
    'DEBEZIUM_TYPE',
    'setup',
    5,
    'Debezium cannot carry the values of a column: it leaves them out, cuts them, or stops at them. Leave the column ' +
      'out of the link, give it another type, or let Tandem read the log itself.',
  ),
  TD5061: entry(
    'DEBEZIUM_VALUES',
    'setup',
    5,
    'Debezium carries most values of a column, but turns some into others without a word. docs/kafka-debezium.md ' +
      'lists them. Where such values occur, let Tandem read the log itself.',
  ),
  TD5062: entry(
    'DEBEZIUM_SETTING',
    'setup',
    5,
    'With this setting of the server what Debezium writes cannot be relied upon.',
  ),
  TD6040: entry(
    'POSITION_IN_PART',
    'history',
    7,
    'The checkpoint is inside of a giant transaction that another kind of capture cut into parts, and both count ' +
      'the parts in their own way. Let the capture that began with the transaction finish it, then change over.',
  ),
  TD6041: entry(
    'DEBEZIUM_LOSSY',
    'schema',
    5,
    'Debezium wrote a value or a transaction in a way that does not tell what the database holds. The table group ' +
      'stops and heals by comparing whole tables.',
  ),
} as const satisfies Record<string, CodeEntry>;
