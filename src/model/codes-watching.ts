import { entry, type CodeEntry } from './code-entry.ts';

/** What is watched while a sync runs: the server that shows it (105), limits and the log that is kept (605). */
export const WATCHING_CODES = {
  TD6050: entry(
    'SPILL_FAILED',
    'transient',
    1,
    'The disk does not take what was read ahead (it may be full). Tandem waits and tries again; the log ' +
      'keeps what is to come. Make room in the temporary folder, or set TMPDIR to another.',
  ),
  TD6051: entry(
    'SPILL_FULL',
    'transient',
    1,
    'What was read and is not applied yet has reached limits.spillBytes. Reading waits, so the source ' +
      'keeps its log for longer. Look for what slows the other side down, or raise the limit.',
  ),
} as const satisfies Record<string, CodeEntry>;
