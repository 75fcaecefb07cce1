import type { Position } from '../../model/change.ts';
import type { EndpointOptions } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import { type Ask, literal } from './connect.ts';
import { before, formatLsn, formatPosition, type LogPlace, parseLsn, parsePosition, resumeLsn } from './position.ts';

/**
 * The slot and the publication of a sync's side share one name. Slots are the whole cluster's, and both sides may be
 * databases of one.
 */
export function slotName(options: Pick<EndpointOptions, 'sync' | 'side'>): string {
  return `tandem_${options.sync}_${options.side}`;
}

/** The history that positions of this server carry now. */
export interface LogHistory {
  readonly system: string;
  readonly timeline: number;
}

export interface LogNow extends LogHistory {
  /** Where the next record will begin. */
  readonly insertLsn: bigint;
  /** Everything before is on disk, and so within a walsender's reach. */
  readonly flushLsn: bigint;
}

export async function logNow(ask: Ask): Promise<LogNow> {
  // The name of the current WAL file begins with the timeline, also right after a promotion.
  const { rows } = await ask(`SELECT (SELECT system_identifier FROM pg_control_system()),
    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
    pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn()`);
  const [system, timeline, insert, flush] = rows[0] ?? [];
  return {
    system: system ?? '',
    timeline: Number.parseInt(timeline ?? '0', 16),
    insertLsn: parseLsn(insert ?? '0/0'),
    flushLsn: parseLsn(flush ?? '0/0'),
  };
}

/**
 * The end of the log as a position that a caught-up reader reaches: what has been written but not flushed is flushed
 * by a small transaction of our own, because an asynchronous commit is visible before a walsender may send it.
 */
export async function logEnd(ask: Ask): Promise<Position> {
  const now = await logNow(ask);
  if (now.insertLsn !== now.flushLsn) {
    await ask(`SELECT set_config('synchronous_commit', 'local', true), pg_logical_emit_message(true, 'tandem', '')`);
  }
  return formatPosition({ ...now, lsn: before(now.insertLsn), rows: null });
}

interface Slot {
  readonly confirmedLsn: bigint;
  /** Why its log can no longer be read, or null. */
  readonly unusable: string | null;
}

async function readSlot(ask: Ask, name: string): Promise<Slot | null> {
  const { rows } = await ask(`SELECT confirmed_flush_lsn, wal_status, database = current_database()
    FROM pg_replication_slots WHERE slot_name = ${literal(name)} AND slot_type = 'logical'`);
  const row = rows[0];
  if (row === undefined) return null;
  const [confirmed, status, here] = row;
  const lost = status === 'lost' ? 'wal_status is lost' : null;
  const unusable = here === 't' ? lost : 'it belongs to another database of the server';
  return { confirmedLsn: parseLsn(confirmed ?? '0/0'), unusable };
}

/** Where the slot begins. Throws TandemError TD5013 where there is none. */
export async function slotPosition(ask: Ask, name: string, label: string): Promise<Position> {
  const slot = await readSlot(ask, name);
  if (slot === null) {
    throw new TandemError('TD5013', `${label}: there is no replication slot ${name}`, {
      fix: 'tandem apply',
      at: { database: label },
    });
  }
  return formatPosition({ ...(await logNow(ask)), lsn: before(slot.confirmedLsn), rows: null });
}

/** Asks for the timeline history file of a timeline; needs a replication connection. */
export type AskTimelineHistory = (timeline: number) => Promise<string>;

/**
 * Proves that the log can be read on from `position` without a gap, or throws TandemError TD6001, TD6003, TD6004,
 * TD6005. A slot that is behind the position is fine: what comes again is dropped.
 */
export async function verifyPosition(
  ask: Ask,
  askHistory: AskTimelineHistory,
  name: string,
  label: string,
  position: Position,
): Promise<void> {
  const place = parsePosition(position);
  const at = { database: label, position };
  const now = await logNow(ask);
  if (now.system !== place.system) {
    throw new TandemError('TD6005', `${label}: the checkpoint belongs to another PostgreSQL cluster`, {
      expected: `system identifier ${place.system}`,
      found: now.system,
      at,
    });
  }
  await verifyTimeline(askHistory, label, place, now, at);
  if (before(now.insertLsn) < place.lsn) {
    throw new TandemError('TD6004', `${label}: the log ends before the checkpoint`, {
      expected: `a log end at or after ${formatLsn(place.lsn)}`,
      found: formatLsn(now.insertLsn),
      at,
    });
  }
  const slot = await readSlot(ask, name);
  if (slot === null || slot.unusable !== null) {
    throw new TandemError('TD6001', `${label}: the replication slot ${name} cannot be read on`, {
      expected: 'a logical slot with all of its log',
      found: slot?.unusable ?? 'no slot of that name',
      at,
    });
  }
  if (slot.confirmedLsn > resumeLsn(place)) {
    throw new TandemError('TD6003', `${label}: the replication slot ${name} begins after the checkpoint`, {
      expected: `confirmed_flush_lsn at or before ${formatLsn(resumeLsn(place))}`,
      found: formatLsn(slot.confirmedLsn),
      at,
    });
  }
}

/**
 * After a promotion the log goes on on a new timeline; what lies behind the fork on the old one exists here no more.
 */
async function verifyTimeline(
  askHistory: AskTimelineHistory,
  label: string,
  place: LogPlace,
  now: LogNow,
  at: Readonly<Record<string, string>>,
): Promise<void> {
  if (now.timeline === place.timeline) return;
  const expected = `timeline ${place.timeline}, or one that continues it`;
  if (now.timeline < place.timeline) {
    throw new TandemError('TD6005', `${label}: the server is on an older timeline than the checkpoint`, {
      expected,
      found: `timeline ${now.timeline}`,
      at,
    });
  }
  const fork = forkPoint(await askHistory(now.timeline), place.timeline);
  if (fork === null) {
    throw new TandemError('TD6005', `${label}: the server's history does not contain the checkpoint's timeline`, {
      expected,
      found: `timeline ${now.timeline}, which does not`,
      at,
    });
  }
  if (place.lsn >= fork) {
    throw new TandemError('TD6004', `${label}: a failover took the server back to before the checkpoint`, {
      expected: `timeline ${place.timeline} to go on beyond ${formatLsn(place.lsn)}`,
      found: `it ended at ${formatLsn(fork)}`,
      at,
    });
  }
}

/** A timeline history file has a line for each ancestor: its number, where it was left, and why. */
export function forkPoint(history: string, timeline: number): bigint | null {
  for (const line of history.split('\n')) {
    const match = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line);
    if (match !== null && Number(match[1]) === timeline) return parseLsn(match[2] ?? '');
  }
  return null;
}
