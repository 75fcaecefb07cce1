/** From this moment on, its offset from UTC is that of the zone, until the next period begins. */
interface Period {
  readonly fromMs: number;
  readonly offsetMs: number;
}

const dayMs = 86_400_000;
/** No zone has put its clocks to and fro within less (Morocco's month of fasting is the shortest). */
const stepMs = 10 * dayMs;
/** Before it, every zone keeps the mean time of its place. */
const firstYear = 1800;
/** From here on, years are taken for those of the cycle before: calendar and rules repeat themselves. */
const lastYear = 2500;
const cycle = { years: 400, ms: 146_097 * dayMs };

/**
 * The offset of a time zone from UTC through the years, as the zone data of the running Node say (ICU). Moments are
 * milliseconds since 1970; a civil time is the moment at which UTC would show it.
 */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;
  readonly #years = new Map<number, readonly Period[]>();

  /** Throws RangeError for a zone that is not known. */
  constructor(name: string) {
    const numeric = { year: 'numeric', month: 'numeric', day: 'numeric' } as const;
    const clock = { hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' } as const;
    this.#format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone: name, ...numeric, ...clock });
  }

  /** The civil time that the zone's clocks show at a moment. */
  civilAt(ms: number): number {
    return ms + this.#offsetAt(ms);
  }

  /** The moments at which the clocks show a civil time: none where they were put forward, two where back. */
  momentsOf(civilMs: number): readonly number[] {
    const [before, after] = this.readings(civilMs);
    const shown = before === after ? [before] : [Math.min(before, after), Math.max(before, after)];
    return shown.filter((ms) => this.civilAt(ms) === civilMs);
  }

  /** What a civil time means by the offset of the day before and by that of the day after. */
  readings(civilMs: number): readonly [number, number] {
    return [civilMs - this.#offsetAt(civilMs - dayMs), civilMs - this.#offsetAt(civilMs + dayMs)];
  }

  /** Have the clocks been put forward or back since 1970, or will they? */
  get changesClocks(): boolean {
    for (let year = 1970; year < 2038; year++) if (this.#periodsOf(year).length > 1) return true;
    return false;
  }

  #offsetAt(ms: number): number {
    const year = new Date(ms).getUTCFullYear();
    if (year >= lastYear) return this.#offsetAt(ms - cycle.ms * Math.ceil((year - lastYear + 1) / cycle.years));
    const periods = this.#periodsOf(Math.max(year, firstYear));
    let at = periods.length - 1;
    while (at > 0 && (periods[at] as Period).fromMs > ms) at--;
    return (periods[at] as Period).offsetMs;
  }

  #periodsOf(year: number): readonly Period[] {
    const known = this.#years.get(year);
    if (known !== undefined) return known;
    const endMs = Date.UTC(year + 1, 0);
    let offsetMs = this.#ask(Date.UTC(year, 0));
    const periods = [{ fromMs: Date.UTC(year, 0), offsetMs }];
    for (let ms = Date.UTC(year, 0); ms < endMs; ms += stepMs) {
      const nextMs = Math.min(ms + stepMs, endMs);
      const next = this.#ask(nextMs);
      if (next === offsetMs) continue;
      periods.push({ fromMs: this.#changeBetween(ms, nextMs), offsetMs: next });
      offsetMs = next;
    }
    this.#years.set(year, periods);
    return periods;
  }

  /** The first moment, of those after one and up to another, with the offset of the latter. */
  #changeBetween(firstMs: number, lastMs: number): number {
    const after = this.#ask(lastMs);
    let [low, high] = [firstMs, lastMs];
    while (high - low > 1000) {
      const middle = low + Math.floor((high - low) / 2000) * 1000;
      if (this.#ask(middle) === after) high = middle;
      else low = middle;
    }
    return high;
  }

  #ask(ms: number): number {
    const parts = new Map(this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - ms;
  }
}
