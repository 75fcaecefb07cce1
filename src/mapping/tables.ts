import type { Kind, Value } from '../model/value.ts';
import type { EngineName } from './declaration.ts';

/** The JavaScript type of each kind's canonical form, as codecs and filters see it (model/value.ts). */
export interface Kinds {
  int: number;
  bigint: bigint;
  decimal: string;
  float4: number;
  float8: number;
  bool: boolean;
  bit: string;
  text: string;
  set: readonly string[];
  array: readonly Value[];
  uuid: string;
  bytes: Uint8Array;
  json: string;
  date: string;
  time: string;
  timestamp: string;
  timestamptz: string;
  interval: string;
  unsupported: never;
}

/** A column as `tandem pull` writes it into tandem.schema.ts: what the compiler needs to know of it, and no more. */
export interface Col<
  K extends Kind = Kind,
  Nullable extends boolean = boolean,
  Optional extends boolean = boolean,
  Values extends readonly string[] | null = readonly string[] | null,
> {
  readonly kind: K;
  readonly native: string;
  readonly nullable: Nullable;
  /** An insert may leave it out: it may be NULL, or has a default, a generator or an expression. */
  readonly optional: Optional;
  readonly values: Values;
  /** Why it may be left out, beside NULL. */
  readonly auto: boolean;
  readonly hasDefault: boolean;
  readonly generated: boolean;
  /** The table and column that a foreign key refers to. */
  readonly references: readonly [table: string, column: string] | null;
}

export type Cols = Readonly<Record<string, Col>>;

export interface Table<E extends EngineName = EngineName, C extends Cols = Cols> {
  readonly engine: E;
  /** `schema.table`. */
  readonly name: string;
  readonly columns: C;
  readonly key: readonly string[];
}

/** What is not said is false. */
export interface ColOptions {
  /** May be NULL. */
  readonly null?: true;
  /** Counts up by itself. */
  readonly auto?: true;
  /** Has a default. */
  readonly def?: true;
  /** Is computed. */
  readonly gen?: true;
  /** The only values allowed. */
  readonly in?: readonly string[];
  /** The table and column that a foreign key refers to; for readers. */
  readonly ref?: readonly [table: string, column: string];
}

type Given<O extends ColOptions, Name extends keyof ColOptions> = Name extends keyof O
  ? O[Name] extends true
    ? true
    : false
  : false;
type IsOptional<O extends ColOptions> = true extends Given<O, 'null' | 'auto' | 'def' | 'gen'> ? true : false;
type ValuesOf<O extends ColOptions> = O['in'] extends readonly string[] ? O['in'] : null;

export function c<K extends Kind, const O extends ColOptions = ColOptions>(
  kind: K,
  native: string,
  options?: O,
): Col<K, Given<O, 'null'>, IsOptional<O>, ValuesOf<O>> {
  const { null: nullable, auto, def, gen, in: values, ref }: ColOptions = options ?? {};
  const column: Col = {
    kind,
    native,
    nullable: nullable === true,
    optional: nullable === true || auto === true || def === true || gen === true,
    values: values ?? null,
    auto: auto === true,
    hasDefault: def === true,
    generated: gen === true,
    references: ref ?? null,
  };
  return column as Col<K, Given<O, 'null'>, IsOptional<O>, ValuesOf<O>>;
}

export function pgTable<const C extends Cols>(
  name: string,
  columns: C,
  key: readonly (keyof C & string)[],
): Table<'postgres', C> {
  return { engine: 'postgres', name, columns, key };
}

export function mysqlTable<const C extends Cols>(
  name: string,
  columns: C,
  key: readonly (keyof C & string)[],
): Table<'mysql', C> {
  return { engine: 'mysql', name, columns, key };
}

export function mariadbTable<const C extends Cols>(
  name: string,
  columns: C,
  key: readonly (keyof C & string)[],
): Table<'mariadb', C> {
  return { engine: 'mariadb', name, columns, key };
}
