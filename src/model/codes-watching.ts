import { entry, type CodeEntry } from './code-entry.ts';

/** What is watched while a sync runs: the server that shows it (105), limits and the log that is kept (605). */
export const WATCHING_CODES = {
  TD1050: entry(
    'SERVER_TOKEN_MISSING',
    'setup',
    3,
    'The HTTP server is to listen where other machines can reach it, and would answer everybody. Give it a token ' +
      "(server: { token: env('TANDEM_TOKEN') }), or let it listen on 127.0.0.1.",
  ),
  TD1051: entry(
    'SERVER_ADDRESS',
    'setup',
    3,
    'The HTTP server cannot listen on its address: it is taken, is not of this machine, or may not be used. Name ' +
      'another one (server.listen, or --listen), or switch the server off with `listen: false`.',
  ),
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
  TD6052: entry(
    'RETENTION_DANGER',
    'transient',
    1,
    'The source keeps log that Tandem still needs, and comes close to what it may keep (max_slot_wal_keep_size, ' +
      'limits.retainedBytes where that is unset, binlog_expire_logs_seconds, max_binlog_total_size). When it goes ' +
      'beyond, the log is lost and the tables must be loaded again. Find out why the direction does not keep up ' +
      '(paused, stopped, the other side slow), or let the source keep more.',
  ),
  TD6053: entry(
    'STREAM_SILENT',
    'transient',
    4,
    'The connection that the log is read from is open, and nothing comes over it, not even the signs of life that a ' +
      'silent log sends. The other end may be gone. Tandem connects anew by itself.',
  ),
  TD6054: entry(
    'RECOVERING',
    'transient',
    1,
    'After a start, both logs are read again up to what was applied before; nothing is applied until then.',
  ),
  TD6055: entry(
    'LAG_UNKNOWN',
    'transient',
    1,
    'It is not known how far a direction is behind: its source does not answer, or its log is not being read.',
  ),
  TD6056: entry(
    'CLOCKS_DIFFER',
    'transient',
    1,
    "The servers' clocks differ by more than a second while conflicts are decided by who wrote last: the server " +
      'whose clock is ahead wins contested rows that it should lose. Both sides stay equal. Let both follow the ' +
      'same time source (NTP).',
  ),
  TD6057: entry(
    'SPILL_LOST',
    'history',
    1,
    'What was read ahead and put on the disk cannot be read back: somebody cleaned the temporary folder, or the disk ' +
      'fails. Nothing is lost, for the log still holds it: Tandem starts over from what both databases hold. Set ' +
      'TMPDIR to a folder that nobody cleans.',
  ),
} as const satisfies Record<string, CodeEntry>;
