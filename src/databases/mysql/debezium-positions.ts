import type { Position } from '../../model/change.ts';
import { type DebeziumBoundary, type DebeziumPlace, type DebeziumTracker, partOfLog } from '../../model/debezium.ts';
import { TandemError } from '../../model/error.ts';
import type { Flavor } from './flavor.ts';
import { type Gtid, type GtidState, parseDomainGtid, parseSourceGtid } from './gtid-set.ts';
import { formatPosition, parsePosition, type Part } from './position.ts';

// Debezium names a transaction of a binary log by its GTID; where the server gives none, by a file and an offset.

/** Throws TandemError TD6010. */
export function boundaryGtid(flavor: Flavor, { id }: DebeziumBoundary): Gtid {
  try {
    if (flavor.engine === 'mariadb') return parseDomainGtid(id);
    const gtid = parseSourceGtid(id.toLowerCase());
    if (/^[0-9a-f-]{36}(?::\w+)?$/.test(gtid.source)) return gtid;
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  throw new TandemError('TD6010', 'the transaction topic holds a record that names no transaction of this log', {
    expected: flavor.engine === 'mysql' ? '<uuid>:<number>' : '<domain>-<server>-<number>',
    found: id,
    fix: 'The server must write GTIDs; `tandem check` says how.',
  });
}

/** Positions are sets that grow by one transaction at a time, as in the direct capture. */
export class BinlogTracker implements DebeziumTracker {
  readonly #flavor: Flavor;
  readonly #state: GtidState;
  /** The part from which reading goes on, until its transaction has come. */
  #part: Part | null;
  /** Ends of the log that the reader has not come to yet, first to last. */
  #ends: GtidState[] = [];

  constructor(flavor: Flavor, from: Position) {
    const parsed = parsePosition<Flavor['engine']>(flavor.engine, from);
    if (parsed.part !== null && parsed.part.events !== true) throw partOfLog(from);
    this.#flavor = flavor;
    this.#state = parsed.state;
    this.#part = parsed.part;
  }

  end(boundary: DebeziumBoundary): DebeziumPlace {
    const gtid = boundaryGtid(this.#flavor, boundary);
    if (this.#state.includes(gtid)) return { position: this.position(), known: true, eventsKnown: 0 };
    this.#passEnds(gtid);
    this.#state.include(gtid);
    const eventsKnown = this.#part?.gtid === boundary.id ? this.#part.rows : 0;
    if (eventsKnown > 0) this.#part = null;
    return { position: this.position(), known: false, eventsKnown };
  }

  part({ id }: DebeziumBoundary, totalOrder: number): Position {
    return formatPosition(this.#state, { gtid: id, rows: totalOrder, events: true });
  }

  logEndedAt(end: Position): void {
    const { state } = parsePosition<Flavor['engine']>(this.#flavor.engine, end);
    const last = this.#ends.at(-1);
    if (last === undefined ? !this.#state.contains(state) : !last.contains(state)) this.#ends.push(state);
  }

  position(): Position {
    return formatPosition(this.#state, this.#part);
  }

  /**
   * An end of the log is a beginning of it, too (see `binlog_order_commits` in the check): a transaction that is not in
   * it comes after all of it.
   */
  #passEnds(gtid: Gtid): void {
    let passed = 0;
    for (const end of this.#ends) {
      if (end.includes(gtid)) break;
      this.#state.includeAll(end);
      passed += 1;
    }
    this.#ends = this.#ends.slice(passed);
  }
}
