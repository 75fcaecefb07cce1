import type { Kind, Value } from '../model/value.ts';
import type { CodecSpec, DeclaredCodec, End, Infinities, Misplaced } from './declaration.ts';
import { conversion } from './kinds.ts';
import { type Placement, placedCodec } from './placed-codec.ts';
import type { Convert } from './refuse.ts';
import { cutToCoarser, fitFraction, isTrueDate, microsecondsOf, timestampOf } from './temporal.ts';

/** A codec for values that only one of the engines knows: what stands for them, and the codec of all other values. */
interface SpecialCodec<Name extends string, As, Others> extends DeclaredCodec {
  readonly codec: Name;
  readonly as: As;
  readonly others: Others;
}

/**
 * Dates of MySQL or MariaDB on the left that are none (`0000-00-00`, `2024-00-15`) are `as` on the right: NULL, or a
 * date that stands for them. All of them count as one value, and the left keeps its own spelling of it; coming from the
 * right it is the zero date, or NULL where `as` is NULL and the left column may be. A true date on the left that is
 * `as` parks (TD3002). All other values go through the codec `others`, if there is one.
 */
export function zeroDateAs<const As extends string | null, const Others = null>(
  as: As,
  options?: { readonly others: Others },
): SpecialCodec<'zeroDateAs', As, Others> {
  const others = othersOf(options?.others);
  const codec = placedCodec('zeroDateAs', { zeroDateAs: as, ...specOf(others) }, (left, right) => {
    if (left.engine === 'postgres' || !isDated(left)) return wrongLeft('dates of MySQL or MariaDB');
    const zero = left.column.kind === 'date' ? '0000-00-00' : '0000-00-00 00:00:00';
    return specialsOf(left, right, others, [{ here: zero, there: as, holds: (value) => !isTrueDate(value as string) }]);
  });
  return { ...codec, as, others: (options?.others ?? null) as Others };
}

/**
 * PostgreSQL's `infinity` and `-infinity` on the left are what is given for each on the right: NULL, or a date that
 * stands for it. An infinity that is NULL on the right counts as NULL where the left column may be NULL, and the left
 * keeps what it holds. A true date on the left that is one of the given ones parks (TD3002), as does an infinity for
 * which nothing is given (TD3004). All other values go through the codec `others`, if there is one.
 */
export function infinityAs<const As extends Infinities, const Others = null>(
  as: As,
  options?: { readonly others: Others },
): SpecialCodec<'infinityAs', As, Others> {
  const others = othersOf(options?.others);
  const codec = placedCodec('infinityAs', { infinityAs: as, ...specOf(others) }, (left, right) => {
    if (left.engine !== 'postgres' || !isDated(left)) return wrongLeft('dates of PostgreSQL');
    const words = (['infinity', '-infinity'] as const).filter((word) => as[word] !== undefined);
    if (words.length === 0) return { expected: "a value for 'infinity', for '-infinity' or for both" };
    const specials = words.map((word) => ({
      here: word,
      there: as[word] ?? null,
      holds: (value: Value) => value === word,
    }));
    return specialsOf(left, right, others, specials);
  });
  return { ...codec, as, others: (options?.others ?? null) as Others };
}

/** The compiler has seen that it is a codec for these columns; its own types say more than is needed here. */
function othersOf(others: unknown): DeclaredCodec | null {
  return (others ?? null) as DeclaredCodec | null;
}

function specOf(others: DeclaredCodec | null): { readonly others?: CodecSpec } {
  return others === null ? {} : { others: others.spec };
}

function wrongLeft(dates: string): Misplaced {
  return { expected: `${dates} on the left; with flip(), on the right` };
}

const DATED: readonly Kind[] = ['date', 'timestamp', 'timestamptz'];

function isDated({ column }: End): boolean {
  return DATED.includes(column.kind);
}

/** Values of the left that have a stand-in on the right. */
interface Special {
  /** The one that stands for all of them. */
  readonly here: string;
  readonly there: Value;
  readonly holds: (value: Value) => boolean;
}

function specialsOf(
  left: End,
  right: End,
  others: DeclaredCodec | null,
  given: readonly (Special & { readonly there: string | null })[],
): Placement | Misplaced {
  if (!isDated(right)) return { expected: 'a date, datetime or timestamp on both sides' };
  const rest = others === null ? unspecial(left, right) : (others.between?.(left, right) ?? others);
  if ('expected' in rest) return rest;
  const specials: Special[] = [];
  for (const special of given) {
    const there = standIn(special.there, right, rest.canon?.right ?? null);
    if (there === undefined) return { expected: `NULL or a true ${right.column.kind}, such as '0001-01-01'` };
    if (there === null && !right.column.nullable)
      return { expected: 'a right column that may be NULL, or a true date' };
    specials.push({ ...special, there });
  }
  return placementOf(left, specials, rest);
}

/** What becomes of all other values where no codec is given for them. */
function unspecial(left: End, right: End): Placement {
  const unchanged: Convert = (value) => value;
  const canon = cutToCoarser(left.column, right.column) ?? { left: null, right: null };
  const [toRight, toLeft] = [conversion(left, right) ?? unchanged, conversion(right, left) ?? unchanged];
  return { nulls: 'keep', toRight, toLeft, canon };
}

function placementOf(left: End, specials: readonly Special[], rest: Placement): Placement {
  const byNull = specials.find((special) => special.there === null);
  const nullHere = left.column.nullable ? null : (byNull?.here ?? null);
  const restCanon = rest.canon?.left ?? null;
  const ofNull = (convert: Convert): Value => (rest.nulls === 'convert' ? convert(null) : null);
  return {
    nulls: byNull === undefined ? rest.nulls : 'convert',
    toRight(value) {
      if (value === null) return ofNull(rest.toRight);
      const special = specials.find(({ holds }) => holds(value));
      return special === undefined ? rest.toRight(value) : special.there;
    },
    toLeft(value) {
      if (value === null) return byNull === undefined ? ofNull(rest.toLeft) : nullHere;
      return specials.find((special) => special.there === value)?.here ?? rest.toLeft(value);
    },
    canon: {
      left(value) {
        const special = specials.find(({ holds }) => holds(value));
        if (special === undefined) return restCanon === null ? value : restCanon(value);
        return special.there === null ? nullHere : special.here;
      },
      right: rest.canon?.right ?? null,
    },
  };
}

/** A stand-in as the right column holds it; undefined for what is no date. */
function standIn(given: string | null, right: End, cut: Convert | null): Value | undefined {
  if (given === null) return null;
  const full = given.length === '0000-00-00'.length ? `${given} 00:00:00` : given;
  const microseconds = microsecondsOf(full);
  const text = microseconds === null ? null : timestampOf(microseconds);
  if (text === null) return undefined;
  if (right.column.kind !== 'date') return cut === null ? fitFraction(text, right.column.fraction ?? 6) : cut(text);
  return text.endsWith(' 00:00:00') ? text.slice(0, '0000-00-00'.length) : undefined;
}
