import type { Code } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import type { Codec } from '../model/plan.ts';
import { sameValue, type Value } from '../model/value.ts';
import type { Canon, DeclaredCodec, End } from './declaration.ts';
import { fitTo } from './fit.ts';
import { conversion, kindCanon } from './kinds.ts';
import { chain, type Convert, refuse } from './refuse.ts';
import { cutToCoarser } from './temporal.ts';

export interface CompiledPair {
  /** null where every value passes unchanged in both directions. */
  readonly codec: Codec | null;
  readonly canon: Canon | null;
}

/**
 * Everything that happens to a value between two columns, as one codec: the user's codec or the conversion between the
 * kinds, then what the target column asks for. Its functions throw TandemError of class row and never change a value
 * silently, with one exception that is a rule: digits of a second that the other column does not keep are cut.
 */
export function compilePair(left: End, right: End, declared: DeclaredCodec | null): CompiledPair {
  const canon = canonOf(left, right, declared);
  const toRight = convert(left, right, declared, 'toRight', canon?.left ?? null);
  const toLeft = convert(right, left, declared, 'toLeft', canon?.right ?? null);
  if (toRight === null && toLeft === null) return { codec: null, canon };
  const name = declared?.name ?? nameOf(left, right);
  return { codec: { name, toRight: toRight ?? unchanged, toLeft: toLeft ?? unchanged }, canon };
}

/**
 * The same for a column of the key. A row is found by its key as it is spelt, so nothing may count for the same as
 * another value there: what would come back in another spelling is refused.
 */
export function compileKeyPair(left: End, right: End, declared: DeclaredCodec | null): CompiledPair {
  const { codec, canon } = compilePair(left, right, declared);
  if (codec === null || canon === null) return { codec, canon: null };
  const toRight = exactly(left, right, canon.left, codec.toRight);
  const toLeft = exactly(right, left, canon.right, codec.toLeft);
  return { codec: { name: codec.name, toRight, toLeft }, canon: null };
}

function exactly(from: End, to: End, canon: Convert | null, steps: Convert): Convert {
  if (canon === null) return steps;
  return (value) => {
    if (value !== null && !sameValue(from.column.kind, canon(value), value)) {
      refuse('TD3002', 'the key would come back in another spelling', to, 'a key as the other side spells it');
    }
    return steps(value);
  };
}

function unchanged(value: Value): Value {
  return value;
}

function nameOf(left: End, right: End): string {
  return left.column.kind === right.column.kind ? 'checked' : `${left.column.kind} to ${right.column.kind}`;
}

type Way = 'toRight' | 'toLeft';

function convert(from: End, to: End, codec: DeclaredCodec | null, way: Way, canon: Convert | null): Convert | null {
  if (codec !== null) return guardNull(declaredConversion(from, to, codec, way, canon), from, to, codec);
  const steps = chain(canon, conversion(from, to), fitTo(from, to));
  return guardNull(steps, from, to, null);
}

/** NULL stays NULL unless the codec makes something of it; a column that may not be NULL refuses what is NULL then. */
function guardNull(steps: Convert | null, from: End, to: End, codec: DeclaredCodec | null): Convert | null {
  const converts = codec?.nulls === 'convert';
  const mayBeNull = from.column.nullable || converts;
  if (!mayBeNull && steps === null) return null;
  const refuseNull = (): never => refuse('TD7003', `${to.column.name} may not be NULL`, to, 'a value', 'NULL');
  const checksNull = !to.column.nullable && mayBeNull;
  if (!checksNull && steps === null) return null;
  return (value) => {
    const converted = (value === null && !converts) || steps === null ? value : steps(value);
    return converted === null && checksNull ? refuseNull() : converted;
  };
}

function canonOf(left: End, right: End, codec: DeclaredCodec | null): Canon | null {
  if (codec !== null) return codec.canon ?? null;
  const fraction = cutToCoarser(left.column, right.column);
  if (fraction !== null) return fraction;
  const canon = { left: kindCanon(left, right), right: kindCanon(right, left) };
  return canon.left === null && canon.right === null && !keepsSpelling(left, right) ? null : canon;
}

/** JSON has spellings that no reader tells (order of names, blanks): a document that is unchanged is not written. */
function keepsSpelling(left: End, right: End): boolean {
  return left.column.kind === 'json' || right.column.kind === 'json';
}

const REMEMBERED_MAX = 1000;
const REMEMBERED_LENGTH_MAX = 100;

/**
 * A codec's function, checked at every value: its result must be of the column's kind, must fit, and must come back as
 * it was. Short texts (statuses, types) are remembered, so that a check is made once per value and not once per row.
 */
function declaredConversion(from: End, to: End, codec: DeclaredCodec, way: Way, canon: Convert | null): Convert {
  const [there, back] = way === 'toRight' ? [codec.toRight, codec.toLeft] : [codec.toLeft, codec.toRight];
  const fit = fitTo(null, to);
  const checked = (given: Value): Value => {
    const value = given === null || canon === null ? given : canon(given);
    const converted = ofKind(run(there, value, codec, to), to, codec);
    const fitted = converted === null || fit === null ? converted : fit(converted);
    const returned = ofKind(run(back, fitted, codec, to), from, codec);
    const again = returned === null || canon === null ? returned : canon(returned);
    if (!sameValue(from.column.kind, again, value)) {
      refuse(
        'TD3002',
        `${codec.name} does not bring the value back as it was`,
        to,
        'a value that survives the round trip',
      );
    }
    return fitted;
  };
  return from.column.kind === 'text' ? remember(checked) : checked;
}

function remember(convert: Convert): Convert {
  const known = new Map<Value, Value>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    const converted = convert(value);
    if (typeof value !== 'string' || value.length > REMEMBERED_LENGTH_MAX) return converted;
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(value, converted);
    return converted;
  };
}

/** Runs the codec's function; an error of ours gets its place, any other becomes TD3008. */
function run(step: Convert, value: Value, codec: DeclaredCodec, end: End): Value {
  try {
    return step(value);
  } catch (thrown) {
    const at = { ...end.at, column: end.column.name };
    if (thrown instanceof TandemError) {
      throw new TandemError(thrown.code as Code, `${codec.name}: ${thrown.message}`, { ...thrown.details, at });
    }
    throw new TandemError('TD3008', `the codec ${codec.name} threw an error`, { at, cause: thrown });
  }
}

/**
 * A codec may answer 5 where the column's kind wants 5n or '5'; anything else of a wrong type is its author's mistake.
 */
function ofKind(value: Value, end: End, codec: DeclaredCodec): Value {
  if (value === null) return null;
  const type = TYPES[end.column.kind] ?? 'string';
  if (
    type === 'array' ? Array.isArray(value) : type === 'bytes' ? value instanceof Uint8Array : typeof value === type
  ) {
    return value;
  }
  if (type === 'bigint' && Number.isInteger(value)) return BigInt(value as number);
  if (type === 'number' && typeof value === 'bigint' && BigInt(Number(value)) === value) return Number(value);
  if (end.column.kind === 'decimal' && (typeof value === 'bigint' || Number.isFinite(value))) return String(value);
  throw new TandemError('TD3008', `the codec ${codec.name} returned the wrong type of value`, {
    expected: `${type}, for ${end.column.kind}`,
    found: Array.isArray(value) ? 'array' : typeof value,
    at: { ...end.at, column: end.column.name },
  });
}

const TYPES: Readonly<Record<string, 'number' | 'bigint' | 'boolean' | 'array' | 'bytes'>> = {
  int: 'number',
  float4: 'number',
  float8: 'number',
  bigint: 'bigint',
  bool: 'boolean',
  bytes: 'bytes',
  set: 'array',
  array: 'array',
};
