/** One transaction's global id, in the words that both families can fill. */
export interface Gtid {
  /** MySQL: server uuid, with `:tag` behind it where the transaction was tagged. MariaDB: the domain. */
  readonly source: string;
  /** MariaDB: server id. MySQL: 0. */
  readonly server: number;
  readonly number: number;
}

/** Which transactions a reader has seen. The running state of a capture and the content of a position. */
export interface GtidState {
  include(gtid: Gtid): void;
  includes(gtid: Gtid): boolean;
  includeAll(other: this): void;
  /** Is every transaction of `other` in here? */
  contains(other: this): boolean;
  /** How many transactions of `other` are not in here. */
  missing(other: this): number;
  /** The canonical text, which the server accepts as well. */
  format(): string;
  /** The id, as text, of the transaction that the next one of `gtid`'s domain follows; '' where sets need none. */
  last(gtid: Gtid): string;
  /** The highest number of a source. */
  newest(source: string): Gtid | null;
}

interface Interval {
  readonly start: number;
  end: number;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const tagPattern = /^[a-z_][a-z0-9_]{0,31}$/;
const intervalPattern = /^(\d+)(?:-(\d+))?$/;

/**
 * A MySQL GTID set: closed intervals of numbers per source. Text form: `uuid:1-5:7:tag:1-3,uuid:...`, sources and tags
 * sorted (MySQL manual, "GTID Sets"; tags since 8.3).
 */
export class GtidSet implements GtidState {
  readonly #sources = new Map<string, Interval[]>();
  /** The interval that grew last, with the text before and after its end: formatting costs one concatenation then. */
  #growing: Interval | null = null;
  #before: string | null = null;
  #after = '';

  /** Throws SyntaxError where the text is no GTID set. */
  static parse(text: string): GtidSet {
    const set = new GtidSet();
    for (const part of text.split(',')) {
      if (part.trim() !== '') set.#parsePart(part.trim().toLowerCase());
    }
    return set;
  }

  #parsePart(part: string): void {
    const [uuid = '', ...rest] = part.split(':').map((piece) => piece.trim());
    if (!uuidPattern.test(uuid) || rest.length === 0) throw new SyntaxError('not a GTID set');
    let source = uuid;
    for (const piece of rest) {
      const match = intervalPattern.exec(piece);
      if (match === null) {
        if (!tagPattern.test(piece)) throw new SyntaxError('not a GTID set');
        source = `${uuid}:${piece}`;
        continue;
      }
      const start = Number(match[1]);
      const end = Number(match[2] ?? match[1]);
      if (start < 1 || !Number.isSafeInteger(end)) throw new SyntaxError('not a GTID set');
      // MySQL takes an interval whose end lies before its start as empty.
      if (start <= end) this.#insert(source, start, end);
    }
  }

  include(gtid: Gtid): void {
    const growing = this.#sources.get(gtid.source)?.at(-1);
    if (growing === undefined || growing.end + 1 !== gtid.number) {
      this.#insert(gtid.source, gtid.number, gtid.number);
      return;
    }
    // From one number to two the text gains a dash, so only longer intervals grow cheaply.
    if (growing !== this.#growing || growing.start === growing.end) this.#before = null;
    this.#growing = growing;
    growing.end += 1;
  }

  #insert(source: string, start: number, end: number): void {
    this.#before = null;
    const old = this.#sources.get(source) ?? [];
    const merged: Interval[] = [];
    let low = start;
    let high = end;
    for (const interval of old) {
      if (interval.end + 1 < low || interval.start > high + 1) {
        merged.push(interval);
      } else {
        low = Math.min(low, interval.start);
        high = Math.max(high, interval.end);
      }
    }
    merged.push({ start: low, end: high });
    merged.sort((a, b) => a.start - b.start);
    this.#sources.set(source, merged);
  }

  includes(gtid: Gtid): boolean {
    return covering(this.#sources.get(gtid.source), gtid.number) !== undefined;
  }

  includeAll(other: GtidSet): void {
    for (const [source, intervals] of other.#sources) {
      for (const { start, end } of intervals) this.#insert(source, start, end);
    }
  }

  /** Any transaction of a set may be missing, so none has to be named. */
  last(_gtid: Gtid): string {
    return '';
  }

  newest(source: string): Gtid | null {
    const interval = this.#sources.get(source)?.at(-1);
    return interval === undefined ? null : { source, server: 0, number: interval.end };
  }

  /** A copy that lacks one transaction. */
  without(gtid: Gtid): GtidSet {
    const copy = new GtidSet();
    for (const [source, intervals] of this.#sources) {
      const pieces = intervals.flatMap(({ start, end }) => {
        if (source !== gtid.source || gtid.number < start || gtid.number > end) return [{ start, end }];
        return [
          { start, end: gtid.number - 1 },
          { start: gtid.number + 1, end },
        ].filter((piece) => piece.start <= piece.end);
      });
      if (pieces.length > 0) copy.#sources.set(source, pieces);
    }
    return copy;
  }

  contains(other: GtidSet): boolean {
    for (const [source, intervals] of other.#sources) {
      const own = this.#sources.get(source);
      for (const { start, end } of intervals) {
        const around = covering(own, start);
        if (around === undefined || around.end < end) return false;
      }
    }
    return true;
  }

  missing(other: GtidSet): number {
    let amount = 0;
    for (const [source, intervals] of other.#sources) {
      const own = this.#sources.get(source) ?? [];
      for (const { start, end } of intervals) {
        amount += end - start + 1;
        for (const mine of own) amount -= Math.max(0, Math.min(end, mine.end) - Math.max(start, mine.start) + 1);
      }
    }
    return amount;
  }

  format(): string {
    if (this.#before === null || this.#growing === null) this.#cut();
    return this.#growing === null ? (this.#before ?? '') : `${this.#before}${this.#growing.end}${this.#after}`;
  }

  #cut(): void {
    const growing = this.#growing;
    let before = '';
    let text = '';
    let lastUuid = '';
    for (const source of [...this.#sources.keys()].toSorted()) {
      const [uuid = '', tag] = source.split(':');
      if (uuid !== lastUuid) text += lastUuid === '' ? uuid : `,${uuid}`;
      lastUuid = uuid;
      if (tag !== undefined) text += `:${tag}`;
      for (const interval of this.#sources.get(source) ?? []) {
        text += interval.start === interval.end ? ':' : `:${interval.start}-`;
        if (interval === growing) {
          before = text;
          text = '';
        } else {
          text += interval.end;
        }
      }
    }
    if (before === '') this.#growing = null;
    this.#before = before === '' ? text : before;
    this.#after = before === '' ? '' : text;
  }

  /** Per source (uuid, tag), the intervals, in the order in which the server sends and takes them. */
  entries(): { uuid: string; tag: string; intervals: readonly Readonly<Interval>[] }[] {
    return [...this.#sources.keys()].toSorted().map((source) => {
      const [uuid = '', tag = ''] = source.split(':');
      return { uuid, tag, intervals: this.#sources.get(source) ?? [] };
    });
  }
}

function covering(intervals: readonly Interval[] | undefined, number: number): Interval | undefined {
  return intervals?.find(({ start, end }) => start <= number && number <= end);
}

/**
 * A MariaDB GTID position: the last transaction of each domain. Within a domain numbers only grow
 * (`gtid_strict_mode`), so the last one stands for all before it. Text form: `0-1-23,1-1-7`, domains ascending.
 */
export class DomainState implements GtidState {
  readonly #domains = new Map<string, Gtid>();

  /** Throws SyntaxError where the text is no GTID position. */
  static parse(text: string): DomainState {
    const state = new DomainState();
    for (const part of text.split(',')) {
      if (part.trim() !== '') state.include(parseDomainGtid(part.trim()));
    }
    return state;
  }

  include(gtid: Gtid): void {
    this.#domains.set(gtid.source, gtid);
  }

  includes(gtid: Gtid): boolean {
    return (this.#domains.get(gtid.source)?.number ?? -1) >= gtid.number;
  }

  includeAll(other: DomainState): void {
    for (const gtid of other.#domains.values()) if (!this.includes(gtid)) this.include(gtid);
  }

  last({ source }: Gtid): string {
    const gtid = this.#domains.get(source);
    return gtid === undefined ? '' : domainGtidText(gtid);
  }

  newest(source: string): Gtid | null {
    return this.#domains.get(source) ?? null;
  }

  /** A copy in which `gtid`'s domain ends with the transaction before it; without a name the domain is left out. */
  before(gtid: Gtid, name: string): DomainState {
    const copy = new DomainState();
    for (const each of this.#domains.values()) if (each.source !== gtid.source) copy.include(each);
    if (name !== '') copy.include(parseDomainGtid(name));
    return copy;
  }

  contains(other: DomainState): boolean {
    for (const gtid of other.#domains.values()) if (!this.includes(gtid)) return false;
    return true;
  }

  missing(other: DomainState): number {
    let amount = 0;
    for (const { source, number } of other.#domains.values()) {
      amount += Math.max(0, number - (this.#domains.get(source)?.number ?? 0));
    }
    return amount;
  }

  format(): string {
    const gtids = [...this.#domains.values()];
    if (gtids.length > 1) gtids.sort((a, b) => Number(a.source) - Number(b.source));
    return gtids.map(domainGtidText).join(',');
  }
}

/** Throws SyntaxError where the text is not `domain-server-number`. */
export function parseDomainGtid(text: string): Gtid {
  const match = /^(\d+)-(\d+)-(\d+)$/.exec(text);
  if (match === null || !Number.isSafeInteger(Number(match[3]))) throw new SyntaxError('not a GTID position');
  return { source: String(Number(match[1])), server: Number(match[2]), number: Number(match[3]) };
}

export function domainGtidText(gtid: Gtid): string {
  return `${gtid.source}-${gtid.server}-${gtid.number}`;
}

/** Throws SyntaxError where the text is not `uuid:number` or `uuid:tag:number`. */
export function parseSourceGtid(text: string): Gtid {
  const colon = text.lastIndexOf(':');
  const number = Number(text.slice(colon + 1));
  if (colon === -1 || !Number.isSafeInteger(number)) throw new SyntaxError('not a GTID');
  return { source: text.slice(0, colon), server: 0, number };
}

export function sourceGtidText(gtid: Gtid): string {
  return `${gtid.source}:${gtid.number}`;
}
