import type { Position, Positions } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { Flavor } from './flavor.ts';
import { DomainState, GtidSet, type GtidState } from './gtid-set.ts';

// A position is `gtid:` and the set of transactions up to it, in the server's own words. Inside a giant transaction
// it goes on with `@`, the open transaction's id, `:`, and how many of its rows were given out. MySQL's sets carry
// the uuids of the servers that wrote them and MariaDB's domains are one history each, so a position needs no other
// name of its log.

/** How far into an open transaction a position reaches. */
export interface Part {
  readonly gtid: string;
  readonly rows: number;
}

/** A position taken apart. */
export interface ParsedPosition<State extends GtidState = GtidState> {
  readonly state: State;
  readonly part: Part | null;
}

type Engine = Flavor['engine'];
type StateOf<Name extends Engine> = Name extends 'mysql' ? GtidSet : DomainState;

const pattern = /^gtid:([^@]*)(?:@([^@]+):(\d+))?$/;

/**
 * Takes a position apart; the state is the caller's own copy. Throws TD6005 where the text is no position of this
 * engine.
 */
export function parsePosition<Name extends Engine>(engine: Name, position: Position): ParsedPosition<StateOf<Name>> {
  const match = pattern.exec(position);
  try {
    if (match === null) throw new SyntaxError('not a position');
    const text = match[1] ?? '';
    const state = (engine === 'mysql' ? GtidSet.parse(text) : DomainState.parse(text)) as StateOf<Name>;
    const part = match[2] === undefined ? null : { gtid: match[2], rows: Number(match[3]) };
    return { state, part };
  } catch (cause) {
    throw new TandemError('TD6005', 'The stored position is not one of this kind of server.', {
      expected: engine === 'mysql' ? 'gtid:<uuid>:<intervals>' : 'gtid:<domain>-<server>-<number>',
      at: { position },
      cause,
    });
  }
}

export function formatPosition(state: GtidState, part: Part | null = null): Position {
  const text = part === null ? `gtid:${state.format()}` : `gtid:${state.format()}@${part.gtid}:${part.rows}`;
  return text as Position;
}

/** The position that stands for a set as the server prints it (gtid_executed, gtid_purged, gtid_binlog_pos). */
export function positionOf(engine: Engine, serverText: string): Position {
  return formatPosition(parsePosition(engine, `gtid:${serverText.replaceAll(/\s/g, '')}` as Position).state);
}

/** How many transactions of `end` are not contained in `position`. */
export function transactionsBetween(engine: Engine, position: Position, end: Position): number {
  const { state } = parsePosition(engine, position);
  return (state as GtidState).missing(parsePosition(engine, end).state);
}

function positionsOf(engine: Engine): Positions {
  const parsed = rememberLast(64, (position: Position) => parsePosition<Engine>(engine, position));
  return {
    covers(upTo, at) {
      if (upTo === at) return true;
      const high = parsed(upTo);
      const low = parsed(at);
      if (!(high.state as GtidState).contains(low.state)) return false;
      if (low.part === null) return true;
      if (high.part?.gtid === low.part.gtid) return high.part.rows >= low.part.rows;
      return (high.state as GtidState).contains(parsePosition(engine, onlyGtid(engine, low.part.gtid)).state);
    },
  };
}

function onlyGtid(engine: Engine, gtid: string): Position {
  return positionOf(engine, gtid);
}

/** Positions come in runs of comparisons against the same few, and a set of many sources is slow to take apart. */
function rememberLast<Result>(entriesMax: number, compute: (position: Position) => Result) {
  const known = new Map<Position, Result>();
  return (position: Position): Result => {
    const found = known.get(position);
    if (found !== undefined) return found;
    const result = compute(position);
    if (known.size >= entriesMax) known.clear();
    known.set(position, result);
    return result;
  };
}

export const mysqlPositions: Positions = positionsOf('mysql');
export const mariadbPositions: Positions = positionsOf('mariadb');
