import type { Kind } from '../model/value.ts';
import type { NamedCodec, TypedCodec } from './codecs.ts';
import type { Flow } from './declaration.ts';
import type { CONVERTS } from './kinds.ts';
import type { Col, Cols, Kinds } from './tables.ts';

/**
 * What the compiler says about a link while it is typed. The trick: a broken rule adds a *property* to the expected
 * type whose name is the message, so the editor shows the message as the missing property. A message in a property's
 * value would collapse to `never` and hide everything.
 */

/** The values of a column as codecs see them. NULL is not among them: codecs do not see it. */
export type ValueOf<C> =
  C extends Col<infer K, boolean, boolean, infer E> ? (E extends readonly string[] ? E[number] : Kinds[K]) : never;

type KindOf<C> = C extends Col<infer K> ? K : never;
type ValuesOf<C> =
  C extends Col<Kind, boolean, boolean, infer E> ? (E extends readonly string[] ? E[number] : null) : null;
type NullOf<C> = C extends Col<Kind, infer N> ? N : never;

// ---------- columns of a link ----------

export interface Via<To extends string, X> {
  readonly to: To;
  readonly codec: X;
}

export interface Skip {
  readonly skip: true;
}

type Targets<L, RC extends Cols> = {
  [R in keyof RC & string]: Via<R, CodecFor<L, RC[R]>> & { readonly direction?: Flow };
}[keyof RC & string];

export type Columns<LC extends Cols, RC extends Cols> = {
  readonly [L in keyof LC]?:
    | (keyof RC & string)
    | { readonly to: keyof RC & string; readonly codec?: never; readonly direction?: Flow }
    | Targets<LC[L], RC>
    | (Skip & { readonly onInsert?: ValueOf<LC[L]> | null });
};

// ---------- codecs ----------

/**
 * Built-in codecs whose result the compiler works out. A codec of your own needs no entry: `codec<A, B>()` says its
 * types.
 */
export interface CodecResults<Value extends string> {
  titleCase: TitleCase<Value>;
  upperCase: Uppercase<Value>;
}

type TitleCase<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Capitalize<Head>} ${TitleCase<Tail>}`
  : Capitalize<Text>;

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type IsAnyText<V> = string extends V ? true : false;

/** The codecs that turn all of L's values into all of R's. */
type CodecFor<L, R> =
  | TypedCodec<ValueOf<L>, ValueOf<R>>
  | NamedCodec<TextCodec<L, R> | TimeCodec<KindOf<L>, KindOf<R>> | ShapeCodec<KindOf<L>, KindOf<R>>>
  | NullCodec<L, R>
  | EmptyCodec<L, R>
  | DateCodec<L, R>;

type TextCodec<L, R> = KindOf<L> | KindOf<R> extends 'text'
  ?
      | 'trim'
      | 'flip trim'
      | 'stripNul'
      | 'flip stripNul'
      | Spelling<ValueOf<L>, ValueOf<R>>
      | `flip ${Spelling<ValueOf<R>, ValueOf<L>>}`
  : never;

type Spelling<L, R> = {
  [Name in keyof CodecResults<string>]: Spells<Name, L, R> extends true ? Name : never;
}[keyof CodecResults<string>];

/** Texts without a list of values fit each other; a list fits only its own image. */
type Spells<Name extends keyof CodecResults<string>, L, R> =
  IsAnyText<L> extends true ? IsAnyText<R> : Equal<{ [V in L & string]: CodecResults<V>[Name] }[L & string], R>;

type Temporal = 'timestamp' | 'timestamptz';
type Counting = 'int' | 'bigint' | 'decimal';
type TimeCodec<L, R> =
  | ([L] extends [Temporal] ? ([R] extends [Counting] ? 'epoch' : never) : never)
  | ([L] extends [Counting] ? ([R] extends [Temporal] ? 'flip epoch' : never) : never)
  | ([L, R] extends ['timestamp', 'timestamptz'] ? 'timeZone' : never)
  | ([L, R] extends ['timestamptz', 'timestamp'] ? 'flip timeZone' : never);

type ShapeCodec<L, R> =
  | ('bool' extends L | R ? ([L | R] extends ['bool' | 'int'] ? 'truthy' | 'flip truthy' : never) : never)
  | ('decimal' extends L | R ? ([L | R] extends [Counting] ? 'rounded' | 'flip rounded' : never) : never)
  | ([L] extends ['uuid' | 'text'] ? ([R] extends ['bytes'] ? 'swappedUuid' : never) : never)
  | ([L] extends ['bytes'] ? ([R] extends ['uuid' | 'text'] ? 'flip swappedUuid' : never) : never);

type EmptyCodec<L, R> = KindOf<L> | KindOf<R> extends 'text'
  ?
      | (NullOf<R> extends true ? NamedCodec<'emptyAsNull'> : never)
      | (NullOf<L> extends true ? NamedCodec<'flip emptyAsNull'> : never)
  : never;

type Dated = 'date' | Temporal;
type DateCodec<L, R> = [KindOf<L> | KindOf<R>] extends [Dated] ? SpecialDate<DateOrNull<R>, Others<L, R>> : never;
type DateOrNull<C> = NullOf<C> extends true ? string | null : string;

type SpecialName = 'zeroDateAs' | 'infinityAs' | 'flip zeroDateAs' | 'flip infinityAs';
type Others<L, R> =
  | null
  | TypedCodec<ValueOf<L>, ValueOf<R>>
  | NamedCodec<TimeCodec<KindOf<L>, KindOf<R>> | SpecialName>;

/** Special dates of the left, with what the right may hold in place of them. */
type SpecialDate<Given, Rest> =
  | (NamedCodec<'zeroDateAs'> & { readonly as: Given; readonly others: Rest })
  | (NamedCodec<'infinityAs'> & {
      readonly as: { readonly infinity?: Given; readonly '-infinity'?: Given };
      readonly others: Rest;
    })
  | NamedCodec<'flip zeroDateAs' | 'flip infinityAs'>;

type NullCodec<L, R> =
  | (NullOf<L> extends true ? NamedCodec<'nullAs'> & { readonly value: ValueOf<R> } : never)
  | (NullOf<R> extends true ? NamedCodec<'flip nullAs'> : never);

// ---------- plain names: both columns must mean the same ----------

export type Plain<LC extends Cols, RC extends Cols, M> = {
  readonly [L in keyof M as L extends keyof LC & string ? Objection<L, LC, RC, PlainTarget<M[L]>> : never]: never;
};

/** A right column that is named without a codec. */
type PlainTarget<D> = D extends string
  ? D
  : D extends { readonly codec: unknown }
    ? never
    : D extends { readonly to: infer R }
      ? R
      : never;

type Objection<L extends keyof LC & string, LC extends Cols, RC extends Cols, R> = R extends keyof RC & string
  ? Why<L, LC[L], R, RC[R]>
  : never;

type Why<LN extends string, L, RN extends string, R> =
  Same<L, R> extends true
    ? WhyNull<LN, NullOf<L>, RN, NullOf<R>>
    : `${LN} is ${Show<L>}, ${RN} is ${Show<R>}. Write ${LN}: via('${RN}', <codec>)`;

type WhyNull<LN extends string, L, RN extends string, R> = L extends R
  ? never
  : L extends true
    ? `${LN} may be NULL, ${RN} may not. Write ${LN}: via('${RN}', nullAs(...))`
    : `${RN} may be NULL, ${LN} may not. Write ${LN}: via('${RN}', flip(nullAs(...)))`;

type Same<L, R> =
  KindOf<R> extends KindOf<L> | (typeof CONVERTS)[KindOf<L>][number] ? SameValues<ValuesOf<L>, ValuesOf<R>> : false;

type SameValues<L, R> = [L] extends [null] ? true : [R] extends [null] ? true : Equal<L, R>;

type Show<C> =
  C extends Col<infer K, boolean, boolean, infer E> ? (E extends readonly string[] ? `one of ${Join<E>}` : K) : never;

type Join<E extends readonly string[]> = E extends readonly [
  infer Head extends string,
  ...infer Tail extends readonly string[],
]
  ? Tail extends readonly []
    ? Head
    : `${Head}|${Join<Tail>}`
  : '';

// ---------- nothing that needs a value is left out ----------

export type Complete<LC extends Cols, RC extends Cols, M, LeftGiven, RightGiven> = MissingLeft<
  Exclude<Required<LC>, keyof M | LeftGiven>
> &
  MissingRight<Exclude<Required<RC>, Hit<M> | RightGiven>> &
  Unknown<Exclude<keyof M & string, keyof LC>>;

type Required<C extends Cols> = { [K in keyof C & string]: C[K]['optional'] extends true ? never : K }[keyof C &
  string];

type Hit<M> = {
  [L in keyof M]: M[L] extends string ? M[L] : M[L] extends { readonly to: infer R } ? R : never;
}[keyof M];

type MissingLeft<Names extends string> = {
  readonly [L in Names as `left column '${L}' ${Needed} map it, or skip({ onInsert })`]: never;
};

type MissingRight<Names extends string> = {
  readonly [R in Names as `right column '${R}' ${Needed} map a left column to it, or add it to rightOnly`]: never;
};

type Needed = 'is NOT NULL without a default:';

type Unknown<Names extends string> = {
  readonly [L in Names as `the left table has no column '${L}'`]: never;
};
