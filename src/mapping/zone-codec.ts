import { TandemError } from '../model/error.ts';
import type { Value } from '../model/value.ts';
import type { Canon, ClockChanges, DeclaredCodec, End, Misplaced } from './declaration.ts';
import { type Placement, placedCodec } from './placed-codec.ts';
import { chain, type Convert } from './refuse.ts';
import { cutToCoarser, isTrueDate } from './temporal.ts';
import { TimeZone } from './time-zone.ts';

/**
 * A datetime of a time zone (an IANA name, such as `Europe/Berlin`) on the left, the moment that it means on the right.
 * A zone that changes its clocks has times that mean two moments and times that mean none: what becomes of them has to
 * be said. `park` parks such rows (TD3002, TD3004). `earlier` and `later` choose one moment; the other one, and the
 * time that is none, then count as the same value, and the side that holds them keeps them.
 */
export function timeZone(
  zone: string,
  options: { readonly clockChanges?: ClockChanges } = {},
): DeclaredCodec & { readonly codec: 'timeZone' } {
  const { clockChanges } = options;
  const spec = { timeZone: clockChanges === undefined ? zone : { zone, clockChanges } };
  return placedCodec('timeZone', spec, (left, right) => {
    const clocks = zoneOf(zone);
    if (clocks === null) return { expected: 'a time zone by its IANA name, such as Europe/Berlin' };
    if (clockChanges === undefined && clocks.changesClocks) {
      return { expected: `{ clockChanges: 'park', 'earlier' or 'later' }, because ${zone} puts its clocks to and fro` };
    }
    return placementOf(new ZoneReader(clocks, zone, clockChanges ?? 'park'), left, right);
  });
}

/** By name: a zone learns its years as they are asked for, and hundreds of columns may live in one. */
const zones = new Map<string, TimeZone>();

/** Null where nobody knows it. */
function zoneOf(name: string): TimeZone | null {
  const known = zones.get(name);
  if (known !== undefined) return known;
  try {
    const zone = new TimeZone(name);
    zones.set(name, zone);
    return zone;
  } catch {
    return null;
  }
}

function placementOf(reader: ZoneReader, left: End, right: End): Placement | Misplaced {
  if (left.column.kind !== 'timestamp' || right.column.kind !== 'timestamptz') {
    return { expected: 'a time without a zone on the left and one with a zone on the right; with flip(), exchanged' };
  }
  const cut = cutToCoarser(left.column, right.column);
  const toRight: Convert = (value) => reader.momentOf(value as string);
  const toLeft: Convert = (value) => reader.civilOf(value as string);
  return { nulls: 'keep', toRight, toLeft, canon: canonOf(reader, cut, toRight, toLeft) };
}

/** Where a loss is declared, what comes back is the value that stands for all that would. */
function canonOf(reader: ZoneReader, cut: Canon | null, toRight: Convert, toLeft: Convert): Canon {
  if (reader.clockChanges === 'park') return cut ?? { left: null, right: null };
  return {
    left: chain(cut?.left ?? null, (value) => (reader.isShown(value as string) ? value : toLeft(toRight(value)))),
    right: chain(cut?.right ?? null, (value) => (reader.isOnce(value as string) ? value : toRight(toLeft(value)))),
  };
}

/** Reads and writes the civil times of a zone. What names no time (infinity, a zero date) stays as it is. */
class ZoneReader {
  readonly clockChanges: ClockChanges;
  readonly #zone: TimeZone;
  readonly #name: string;

  constructor(zone: TimeZone, name: string, clockChanges: ClockChanges) {
    this.#zone = zone;
    this.#name = name;
    this.clockChanges = clockChanges;
  }

  momentOf(civil: string): Value {
    const time = parse(civil);
    if (time === null) return civil;
    const moments = this.#zone.momentsOf(time.ms);
    if (moments.length === 1) return print(moments[0] as number, time.fraction);
    if (this.clockChanges === 'park') return this.#refuse(moments.length);
    const readings = this.#zone.readings(time.ms);
    const ms = this.clockChanges === 'earlier' ? Math.min(...readings) : Math.max(...readings);
    return print(ms, time.fraction);
  }

  civilOf(moment: string): Value {
    const time = parse(moment);
    return time === null ? moment : print(this.#zone.civilAt(time.ms), time.fraction);
  }

  /** Do the clocks ever show this civil time? */
  isShown(civil: string): boolean {
    const time = parse(civil);
    return time === null || this.#zone.momentsOf(time.ms).length > 0;
  }

  /** Is it the only moment at which the clocks show its civil time? */
  isOnce(moment: string): boolean {
    const time = parse(moment);
    return time === null || this.#zone.momentsOf(this.#zone.civilAt(time.ms)).length === 1;
  }

  #refuse(moments: number): never {
    if (moments === 0) throw new TandemError('TD3004', `the clocks of ${this.#name} were put forward over this time`);
    throw new TandemError('TD3002', `the clocks of ${this.#name} show this time twice`, {
      expected: "a time that means one moment, or clockChanges: 'earlier' or 'later'",
    });
  }
}

/** A canonical time: its whole seconds, and the fraction as it is written. */
interface Time {
  readonly ms: number;
  readonly fraction: string;
}

const SECONDS_LENGTH = '0000-00-00 00:00:00'.length;

function parse(text: string): Time | null {
  if (text[4] !== '-' || text.length < SECONDS_LENGTH || text.endsWith('BC') || !isTrueDate(text)) return null;
  const ms = Date.parse(`${text.slice(0, 10)}T${text.slice(11, SECONDS_LENGTH)}Z`);
  return Number.isNaN(ms) ? null : { ms, fraction: text.slice(SECONDS_LENGTH) };
}

const [FIRST_MS, LAST_MS] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59Z')];

function print(ms: number, fraction: string): string {
  if (ms < FIRST_MS || ms > LAST_MS) throw new TandemError('TD3004', 'the time is outside of the years 1 to 9999');
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, SECONDS_LENGTH)}${fraction}`;
}
