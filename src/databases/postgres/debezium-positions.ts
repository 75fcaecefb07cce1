import type { Position } from '../../model/change.ts';
import { type DebeziumBoundary, type DebeziumPlace, type DebeziumTracker, partOfLog } from '../../model/debezium.ts';
import { TandemError } from '../../model/error.ts';
import { before, coversPlace, formatPosition, type LogPlace, parsePosition } from './position.ts';

// Debezium names a transaction `<xid>:<LSN>`, with the LSN of the message that it made the record of: that of the END
// record is Commit.end_lsn, because that is what the walsender sends with a commit.

/** Throws TandemError TD6010. */
function endOf({ id }: DebeziumBoundary): bigint {
  const match = /^\d+:(\d+)$/.exec(id);
  if (match === null) {
    throw new TandemError('TD6010', 'the transaction topic holds a record that is none of a PostgreSQL log', {
      expected: '<xid>:<LSN>',
      found: id,
    });
  }
  return BigInt(match[1] ?? '');
}

export function transactionKey(id: string): string {
  const colon = id.indexOf(':');
  return colon === -1 ? id : id.slice(0, colon);
}

export function contains(position: Position, boundary: DebeziumBoundary): boolean {
  return coversPlace(parsePosition(position), { lsn: before(endOf(boundary)), rows: null });
}

export class PostgresTracker implements DebeziumTracker {
  private history: Pick<LogPlace, 'system' | 'timeline'>;
  private reached: LogPlace;

  constructor(from: Position) {
    const place = parsePosition(from);
    if (place.rows !== null && place.events !== true) throw partOfLog(from);
    this.history = place;
    this.reached = place;
  }

  end(boundary: DebeziumBoundary): DebeziumPlace {
    const place: LogPlace = { ...this.history, lsn: before(endOf(boundary)), rows: null };
    const position = formatPosition(place);
    const { reached } = this;
    if (coversPlace(reached, place)) return { position, known: true, eventsKnown: 0 };
    this.reached = place;
    return { position, known: false, eventsKnown: reached.lsn === place.lsn ? (reached.rows ?? 0) : 0 };
  }

  part(boundary: DebeziumBoundary, events: number): Position {
    return formatPosition({ ...this.history, lsn: before(endOf(boundary)), rows: events, events: true });
  }

  logEndedAt(end: Position): void {
    const { system, timeline } = parsePosition(end);
    this.history = { system, timeline };
  }

  position(): Position {
    return formatPosition(this.reached);
  }
}
