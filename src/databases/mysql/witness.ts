import type { ConnectionOptions } from 'mysql2';
import type { Context } from '../../model/context.ts';
import { TandemError } from '../../model/error.ts';
import { eventTypeAt, eventTypes, type GtidEvent, readGtid, readMariadbGtid, readTaggedGtid } from './binlog-events.ts';
import { refusal } from './binlog-refusal.ts';
import { openBinlog } from './binlog-stream.ts';
import type { Flavor } from './flavor.ts';
import {
  domainGtidText,
  DomainState,
  GtidSet,
  type GtidState,
  parseDomainGtid,
  parseSourceGtid,
  sourceGtidText,
} from './gtid-set.ts';
import type { ParsedPosition, Witness } from './position.ts';

/** How to ask a server for a piece of its log. */
export interface LogAccess {
  readonly connection: ConnectionOptions;
  readonly flavor: Flavor;
  readonly context: Context;
}

/** What a server says while it has nothing to send or skips what was not asked for (HEARTBEAT_LOG_EVENT, _V2). */
const heartbeats = new Set([27, 41]);
const heartbeatsMax = 6;

/**
 * When a transaction of this position was committed, by the log itself: the log is read from just before it. Null where
 * the log does not have it, be it removed or another one in its place.
 */
export async function commitTimeOf(
  access: LogAccess,
  { state }: Pick<ParsedPosition, 'state'>,
  { gtid, before }: Pick<Witness, 'gtid' | 'before'>,
): Promise<number | null> {
  const stop = new AbortController();
  const serverId = passingId(access.context);
  try {
    using stream = await openBinlog({ ...access, serverId }, stateBefore(state, gtid, before), stop.signal);
    let beats = 0;
    for await (const _ of stream.arrivals()) {
      while (stream.packets.next()) {
        const { buffer, start, end } = stream.packets;
        if (buffer[start] !== 0) throw refusal(access.flavor, buffer.subarray(start, end));
        beats = heartbeats.has(eventTypeAt(buffer, start + 1)) ? beats + 1 : 0;
        if (beats > heartbeatsMax) throw silent(gtid);
        const event = beginning(buffer, start + 1, end);
        const verdict = event === null ? undefined : compare(event, access.flavor, gtid);
        if (verdict !== undefined) return verdict;
      }
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof TandemError && thrown.class === 'history') return null;
    throw thrown;
  } finally {
    stop.abort();
  }
}

function silent(gtid: string): TandemError {
  return new TandemError('TD4005', 'the server does not show a transaction that its log should hold', {
    expected: gtid,
    found: 'nothing but heartbeats',
  });
}

/** The time where this is the transaction, null where it cannot come any more, undefined to read on. */
function compare({ gtid: found, originatedAtUs }: GtidEvent, flavor: Flavor, gtid: string): number | null | undefined {
  if (flavor.engine === 'mysql') return sourceGtidText(found) === gtid ? originatedAtUs : undefined;
  if (domainGtidText(found) === gtid) return originatedAtUs;
  // Within a domain the order is the same on every server: another one here means another history.
  return found.source === parseDomainGtid(gtid).source ? null : undefined;
}

function beginning(buffer: Buffer, start: number, end: number): GtidEvent | null {
  switch (eventTypeAt(buffer, start)) {
    case eventTypes.gtid:
      return readGtid(buffer, start);
    case eventTypes.gtidTagged:
      return readTaggedGtid(buffer, start, end);
    case eventTypes.mariadbGtid:
      return readMariadbGtid(buffer, start);
    default:
      return null;
  }
}

function stateBefore(state: GtidState, gtid: string, before: string): GtidState {
  if (state instanceof GtidSet) return state.without(parseSourceGtid(gtid));
  if (state instanceof DomainState) return state.before(parseDomainGtid(gtid), before);
  throw new TandemError('TD9002', 'a position of an unknown kind');
}

/** An id that no reader has, so that looking throws nobody out. */
function passingId(context: Context): number {
  return 2 ** 31 + Math.floor(context.random() * (2 ** 31 - 1));
}
