import type { Position, Positions } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';

/**
 * A place in PostgreSQL's log: `<system identifier>/<timeline>/<LSN>`. It means: every transaction whose commit record
 * begins at or before that LSN. Behind a whole transaction it is the last byte of its commit record (one before
 * Commit.end_lsn), which a keepalive, the end of the log and Debezium's END record can tell as well. `@<rows>` behind
 * it means: of the transaction whose commit record begins there (Begin.final_lsn) only the first so many row changes.
 * `@e<events>` means the same, counted as Debezium does, of the transaction whose commit record ends there.
 *
 * Row LSNs are of no use as positions, because the rows of concurrent transactions interleave in the log.
 */
export interface LogPlace {
  readonly system: string;
  readonly timeline: number;
  readonly lsn: bigint;
  /** Row changes of the transaction at `lsn`; null = all of it. */
  readonly rows: number | null;
  /** They are counted as Debezium does, to which a changed key is two. */
  readonly events?: boolean;
}

const FORM = /^(\d+)\/(\d+)\/([0-9A-F]+\/[0-9A-F]+)(?:@(e?)(\d+))?$/i;

/** Positions are compared again and again with the same two ends, so the last few parsed ones are kept. */
const recent = new Map<string, LogPlace>();
const recentMax = 64;

/** Throws TandemError TD6005 on a text that is no position of a PostgreSQL log. */
export function parsePosition(position: Position): LogPlace {
  const known = recent.get(position);
  if (known !== undefined) return known;
  const match = FORM.exec(position);
  if (match === null) {
    throw new TandemError('TD6005', 'the stored position is not one of a PostgreSQL log', {
      expected: '<system identifier>/<timeline>/<LSN>',
      found: position,
    });
  }
  const [, system = '', timeline = '', lsn = '', unit, rows] = match;
  const place: LogPlace = {
    system,
    timeline: Number(timeline),
    lsn: parseLsn(lsn),
    rows: rows === undefined ? null : Number(rows),
    ...(unit === 'e' ? { events: true } : {}),
  };
  if (recent.size >= recentMax) recent.clear();
  recent.set(position, place);
  return place;
}

export function formatPosition(place: LogPlace): Position {
  const rows = place.rows === null ? '' : `@${place.events === true ? 'e' : ''}${place.rows}`;
  return `${place.system}/${place.timeline}/${formatLsn(place.lsn)}${rows}` as Position;
}

/** `16/B374D848` as a number. */
export function parseLsn(text: string): bigint {
  const slash = text.indexOf('/');
  return (BigInt(`0x${text.slice(0, slash)}`) << 32n) | BigInt(`0x${text.slice(slash + 1)}`);
}

export function formatLsn(lsn: bigint): string {
  const high = Number(lsn >> 32n).toString(16);
  const low = Number(lsn & 0xffff_ffffn).toString(16);
  return `${high}/${low}`.toUpperCase();
}

/**
 * The position that contains exactly what ends before `end`: a log end, a keepalive's end or a slot's
 * confirmed_flush_lsn. A commit record that begins at `end` itself comes later, hence the step back.
 */
export function before(end: bigint): bigint {
  return end === 0n ? 0n : end - 1n;
}

/**
 * What to tell the server for "everything up to here": the walsender skips commit records that begin before the LSN
 * it is given, so a whole transaction is left out by LSN + 1, and one that is known in part must be sent again.
 */
export function resumeLsn(place: { readonly lsn: bigint; readonly rows: number | null }): bigint {
  return place.rows === null ? place.lsn + 1n : place.lsn;
}

export function coversPlace(
  upTo: { readonly lsn: bigint; readonly rows: number | null },
  at: { readonly lsn: bigint; readonly rows: number | null },
): boolean {
  if (upTo.lsn !== at.lsn) return upTo.lsn > at.lsn;
  if (upTo.rows === null) return true;
  return at.rows !== null && upTo.rows >= at.rows;
}

export const positions: Positions = {
  covers: (upTo, at) => upTo === at || coversPlace(parsePosition(upTo), parsePosition(at)),
};
