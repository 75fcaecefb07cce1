import type { Kind, Value } from '../model/value.ts';
import type { Canon, DeclaredCodec, End, Infinities, Misplaced } from './declaration.ts';
import { conversion } from './kinds.ts';
import { type Placement, placedCodec } from './placed-codec.ts';
import { chain, type Convert } from './refuse.ts';
import { cutToCoarser, fitFraction, isTrueDate, microsecondsOf, timestampOf } from './temporal.ts';

/** A codec for values that only one of the engines knows; `as` is what stands for them. */
interface SpecialCodec<Name extends string, As> extends DeclaredCodec {
  readonly codec: Name;
  readonly as: As;
}

/**
 * Dates of MySQL or MariaDB on the left that are none (`0000-00-00`, `2024-00-15`) are `as` on the right: NULL, or a
 * date that stands for them. All of them count as one value, and the left keeps its own spelling of it; coming from the
 * right it is the zero date, or NULL where `as` is NULL and the left column may be. A true date on the left that is
 * `as` parks (TD3002).
 */
export function zeroDateAs<const As extends string | null>(as: As): SpecialCodec<'zeroDateAs', As> {
  const codec = placedCodec('zeroDateAs', { zeroDateAs: as }, (left, right) => {
    if (left.engine === 'postgres' || !isDated(left)) return wrongLeft('dates of MySQL or MariaDB');
    const zero = left.column.kind === 'date' ? '0000-00-00' : '0000-00-00 00:00:00';
    return specialsOf(left, right, [{ here: zero, there: as, holds: (value) => !isTrueDate(value as string) }]);
  });
  return { ...codec, as };
}

/**
 * PostgreSQL's `infinity` and `-infinity` on the left are what is given for each on the right: NULL, or a date that
 * stands for it. An infinity that is NULL on the right counts as NULL where the left column may be NULL, and the left
 * keeps what it holds. A true date on the left that is one of the given ones parks (TD3002), as does an infinity for
 * which nothing is given (TD3004).
 */
export function infinityAs<const As extends Infinities>(as: As): SpecialCodec<'infinityAs', As> {
  const codec = placedCodec('infinityAs', { infinityAs: as }, (left, right) => {
    if (left.engine !== 'postgres' || !isDated(left)) return wrongLeft('dates of PostgreSQL');
    const words = (['infinity', '-infinity'] as const).filter((word) => as[word] !== undefined);
    if (words.length === 0) return { expected: "a value for 'infinity', for '-infinity' or for both" };
    const specials = words.map((word) => ({
      here: word,
      there: as[word] ?? null,
      holds: (value: Value) => value === word,
    }));
    return specialsOf(left, right, specials);
  });
  return { ...codec, as };
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
  given: readonly (Special & { readonly there: string | null })[],
): Placement | Misplaced {
  if (!isDated(right)) return { expected: 'a date, datetime or timestamp on both sides' };
  const cut = cutToCoarser(left.column, right.column);
  const specials: Special[] = [];
  for (const special of given) {
    const there = standIn(special.there, right, cut?.right ?? null);
    if (there === undefined) return { expected: `NULL or a true ${right.column.kind}, such as '0001-01-01'` };
    if (there === null && !right.column.nullable)
      return { expected: 'a right column that may be NULL, or a true date' };
    specials.push({ ...special, there });
  }
  return placementOf(left, right, specials, cut);
}

function placementOf(left: End, right: End, specials: readonly Special[], cut: Canon | null): Placement {
  const [there, back] = [conversion(left, right), conversion(right, left)];
  const byNull = specials.find((special) => special.there === null);
  const nullHere = left.column.nullable ? null : (byNull?.here ?? null);
  return {
    nulls: byNull === undefined ? 'keep' : 'convert',
    toRight(value) {
      if (value === null) return null;
      const special = specials.find(({ holds }) => holds(value));
      return special === undefined ? (there?.(value) ?? value) : special.there;
    },
    toLeft(value) {
      if (value === null) return nullHere;
      return specials.find((special) => special.there === value)?.here ?? back?.(value) ?? value;
    },
    canon: {
      left: chain(cut?.left ?? null, (value) => {
        const special = specials.find(({ holds }) => holds(value));
        if (special === undefined) return value;
        return special.there === null ? nullHere : special.here;
      }),
      right: cut?.right ?? null,
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
