import type { Position, Positions } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import type { Flavor } from './flavor.ts';
import { DomainState, GtidSet, type GtidState } from './gtid-set.ts';

// A position is `gtid:` and the set of transactions up to it, in the server's own words. Inside a giant transaction
// it goes on with `@`, the open transaction's id, `:`, and how many of its rows were given out, or behind an `e` how
// many of the events that Debezium makes of them, to which a changed key is two. Last comes, behind `~`, the witness: a
// log that was begun anew (RESET BINARY LOGS AND GTIDS) gives the same names to other transactions, and only the time
// of their commit tells them apart.

/** How far into an open transaction a position reaches. */
export interface Part {
  readonly gtid: string;
  readonly rows: number;
  /** They are counted as Debezium does. */
  readonly events?: boolean;
}

/** One transaction of a position, by which its history can be recognised. */
export interface Witness {
  readonly gtid: string;
  /** MariaDB: the one before it in its domain, from which the server has to be asked; '' where there is none. */
  readonly before: string;
  /** When its first server committed it, microseconds since 1970; MariaDB tells whole seconds. */
  readonly committedAtUs: number;
}

/** A position taken apart. */
export interface ParsedPosition<State extends GtidState = GtidState> {
  readonly state: State;
  readonly part: Part | null;
  /** The last transaction that was read; null where the position was not found by reading. */
  readonly witness: Witness | null;
}

type Engine = Flavor['engine'];
type StateOf<Name extends Engine> = Name extends 'mysql' ? GtidSet : DomainState;

const pattern = /^gtid:([^@~]*)(?:@([^@~]+):(e?)(\d+))?(?:~(?:([^>]*)>)?([^=]+)=(\d+))?$/;

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
    return { state, part: partOf(match), witness: match[6] === undefined ? null : witnessOf(match) };
  } catch (cause) {
    throw new TandemError('TD6005', 'The stored position is not one of this kind of server.', {
      expected: engine === 'mysql' ? 'gtid:<uuid>:<intervals>' : 'gtid:<domain>-<server>-<number>',
      at: { position },
      cause,
    });
  }
}

function partOf([, , gtid, unit, rows]: RegExpExecArray): Part | null {
  if (gtid === undefined) return null;
  return { gtid, rows: Number(rows), ...(unit === 'e' ? { events: true } : {}) };
}

function witnessOf([, , , , , before = '', gtid = '', time]: RegExpExecArray): Witness {
  return { gtid, before, committedAtUs: Number(time) };
}

/** `witness` as {@link formatWitness} wrote it. */
export function formatPosition(state: GtidState, part: Part | null = null, witness = ''): Position {
  const set = state.format();
  if (part === null) return `gtid:${set}${witness}` as Position;
  return `gtid:${set}@${part.gtid}:${part.events === true ? 'e' : ''}${part.rows}${witness}` as Position;
}

export function formatWitness({ gtid, before, committedAtUs }: Witness): string {
  return before === '' ? `~${gtid}=${committedAtUs}` : `~${before}>${gtid}=${committedAtUs}`;
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
