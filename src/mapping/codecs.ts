import { TandemError } from '../model/error.ts';
import { sameValue, type Value } from '../model/value.ts';
import type { CodecSpec, Constant, DeclaredCodec, EpochUnit, Misplaced } from './declaration.ts';
import { fitFraction, microsecondsOf, timestampOf } from './temporal.ts';

/**
 * A codec of which the compiler knows the values of both sides. Functions are properties so that they are checked
 * strictly.
 */
export interface TypedCodec<A, B> {
  readonly name: string;
  readonly spec: CodecSpec;
  readonly nulls: 'keep' | 'convert';
  readonly toRight: (value: A) => B;
  readonly toLeft: (value: B) => A;
}

/** A built-in codec whose result the compiler works out by itself; see `CodecResults` in typed.ts. */
export interface NamedCodec<Name extends string> extends DeclaredCodec {
  readonly codec: Name;
}

/** `in_review` on the left, `In Review` on the right. */
export function titleCase(): NamedCodec<'titleCase'> {
  return {
    ...builtIn(
      'titleCase',
      'titleCase',
      (value) => text(value).split('_').map(capital).join(' '),
      (value) => text(value).toLowerCase().replaceAll(' ', '_'),
    ),
    codec: 'titleCase',
  };
}

/** `active` on the left, `ACTIVE` on the right. */
export function upperCase(): NamedCodec<'upperCase'> {
  return {
    ...builtIn(
      'upperCase',
      'upperCase',
      (value) => text(value).toUpperCase(),
      (value) => text(value).toLowerCase(),
    ),
    codec: 'upperCase',
  };
}

/** Blanks at both ends do not count: `' a'` and `'a'` are one value, and each side keeps its own spelling of it. */
export function trim(): NamedCodec<'trim'> {
  const trimmed = (value: Value): Value => text(value).trim();
  return { ...builtIn('trim', 'trim', trimmed, trimmed), canon: { left: trimmed, right: trimmed }, codec: 'trim' };
}

/** U+0000, which PostgreSQL cannot hold, does not count: `'a\0b'` and `'ab'` are one value. Each side keeps its own. */
export function stripNul(): NamedCodec<'stripNul'> {
  const stripped = (value: Value): Value => text(value).replaceAll('\0', '');
  const codec = builtIn('stripNul', 'stripNul', stripped, stripped);
  return { ...codec, canon: { left: stripped, right: stripped }, codec: 'stripNul' };
}

/** Left value: right value, one to one. A value that is not in the table parks its row (TD3001). */
export function enumMap<const Table extends Readonly<Record<string, string>>>(
  table: Table,
): TypedCodec<keyof Table & string, Table[keyof Table]> {
  const right = new Map<Value, string>(Object.entries(table));
  const left = new Map<Value, string>(Object.entries(table).map(([from, to]) => [to, from]));
  const codec = builtIn(
    'enumMap',
    { enumMap: table },
    (value) => lookUp(right, value),
    (value) => lookUp(left, value),
  );
  return codec as unknown as TypedCodec<keyof Table & string, Table[keyof Table]>;
}

/** NULL on the left is `value` on the right. The left may then not hold `value` itself (TD3002). */
export function nullAs<const V extends Constant>(value: V): NamedCodec<'nullAs'> & { readonly value: V } {
  const same = (a: Value): boolean => a === value || (a instanceof Uint8Array && sameValue('bytes', a, value));
  const codec = builtIn(
    'nullAs',
    { nullAs: value },
    (left) => (left === null ? value : left),
    (right) => (same(right) ? null : right),
  );
  return { ...codec, nulls: 'convert', codec: 'nullAs', value };
}

/**
 * A timestamp (UTC) on the left, a count since 1970 on the right; digits of the second beyond the unit do not count.
 */
export function epoch(unit: EpochUnit): NamedCodec<'epoch'> {
  const digits = { s: 0, ms: 3, us: 6 }[unit];
  const microseconds = { s: 1_000_000n, ms: 1000n, us: 1n }[unit];
  const codec = builtIn(
    'epoch',
    { epoch: unit },
    (left) => {
      const instant = microsecondsOf(text(fitFraction(left, digits)));
      return instant === null ? unknown('a timestamp that names an instant') : instant / microseconds;
    },
    (right) => {
      if (typeof right !== 'number' && typeof right !== 'bigint' && typeof right !== 'string')
        return unknown('a number');
      return timestampOf(BigInt(right) * microseconds) ?? unknown('an instant in the years 1 to 9999');
    },
  );
  return { ...codec, canon: { left: (value) => fitFraction(value, digits), right: null }, codec: 'epoch' };
}

/** A pair of your own. Neither function sees NULL, which stays NULL; each must undo the other. */
export function codec<A, B>(
  name: string,
  pair: { readonly toRight: (value: A) => B; readonly toLeft: (value: B) => A },
): TypedCodec<A, B> {
  return { name, spec: { own: name }, nulls: 'keep', toRight: pair.toRight, toLeft: pair.toLeft };
}

/** The same codec with its sides exchanged: `flip(titleCase())` has `In Review` on the left. */
export function flip<Name extends string>(codec: NamedCodec<Name>): NamedCodec<`flip ${Name}`>;
export function flip<A, B>(codec: TypedCodec<A, B>): TypedCodec<B, A>;
export function flip(codec: DeclaredCodec): DeclaredCodec & { readonly codec?: string } {
  const named = 'codec' in codec && typeof codec.codec === 'string' ? { codec: `flip ${codec.codec}` } : {};
  const { between } = codec;
  return {
    name: `flip ${codec.name}`,
    spec: { flip: codec.spec },
    nulls: codec.nulls,
    toRight: codec.toLeft,
    toLeft: codec.toRight,
    ...(codec.canon === undefined ? {} : { canon: { left: codec.canon.right, right: codec.canon.left } }),
    ...(between === undefined ? {} : { between: (left, right) => flipPlaced(between(right, left)) }),
    ...named,
  };
}

function flipPlaced(placed: DeclaredCodec | Misplaced): DeclaredCodec | Misplaced {
  return 'expected' in placed
    ? { expected: `${placed.expected} (left and right as in flip(...))` }
    : flip(placed as NamedCodec<string>);
}

function builtIn(
  name: string,
  spec: CodecSpec,
  toRight: DeclaredCodec['toRight'],
  toLeft: DeclaredCodec['toLeft'],
): DeclaredCodec {
  return { name, spec, nulls: 'keep', toRight, toLeft };
}

function text(value: Value): string {
  return typeof value === 'string' ? value : unknown('text');
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function lookUp(table: ReadonlyMap<Value, string>, value: Value): string {
  return table.get(value) ?? unknown(`one of ${[...table.keys()].join(', ')}`);
}

function unknown(expected: string): never {
  throw new TandemError('TD3001', 'the codec does not know this value', { expected });
}
