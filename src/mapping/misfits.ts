import type { Column } from '../model/schema.ts';

/** Why two columns whose kinds would do cannot stand for each other all the same. */
export interface Misfit {
  readonly code: 'TD2310' | 'TD2311';
  readonly message: string;
  readonly expected: string;
}

/** PostgreSQL prints what it has understood: `[1,5]` of an int4range comes back as `[1,6)`. */
const REPRINTED = /^(?:(?:int4|int8|num|ts|tstz|date)(?:multi)?range(?:\[\])?|(?:inet|cidr|macaddr8?)\[\])$/;

/**
 * Bits of another number would be padded or cut by the servers, each in its own way; a range or a list of addresses
 * that arrives as text is not the text that is stored. Null where neither can happen.
 */
export function misfitOf(left: Column, right: Column): Misfit | null {
  return bitsMisfit(left, right) ?? reprintMisfit(left, right);
}

function bitsMisfit(left: Column, right: Column): Misfit | null {
  const counts = (column: Column): boolean => column.kind === 'bit' && !varies(column);
  if (counts(left) && counts(right)) {
    if (left.length === right.length) return null;
    return {
      code: 'TD2310',
      message: `${left.name} has ${left.length ?? 'any number of'} bits, ${right.name} ${right.length ?? 'any number'}`,
      expected: 'as many bits on both sides, or a codec',
    };
  }
  if (varies(left) === varies(right)) return null;
  const [varying, other] = varies(left) ? [left, right] : [right, left];
  if (other.kind !== 'bit' && other.kind !== 'bool' && other.kind !== 'bytes') return null;
  const [those, bits] = [varying, other].map(({ name, native }) => `${name} (${native})`);
  return {
    code: 'TD2310',
    message: `${those} holds how many bits a value has, ${bits} does not`,
    expected: 'a number of bits that is fixed and equal, or a codec',
  };
}

function varies({ kind, native }: Column): boolean {
  return kind === 'bit' && native.startsWith('bit varying');
}

function reprintMisfit(left: Column, right: Column): Misfit | null {
  const printer = [left, right].find(({ native }) => REPRINTED.test(native));
  if (printer === undefined || left.native === right.native) return null;
  const other = printer === left ? right : left;
  if (other.kind !== 'text' && other.kind !== 'array' && other.kind !== 'json') return null;
  const [meaning, text] = [printer, other].map(({ name, native }) => `${name} (${native})`);
  return {
    code: 'TD2311',
    message: `${meaning} stores what a text means, ${text} the text itself`,
    expected: `${printer.native} on both sides, or a codec that writes the text as PostgreSQL prints it`,
  };
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^money(?:\[\])?$/, 'numeric: what money prints, and its digits, depend on a setting of the session'],
  [/^time(?:\(\d\))? with time zone(?:\[\])?$/, 'time or timestamptz: no other engine has a time with a zone'],
  [/^hstore(?:\[\])?$/, 'jsonb: what is in an hstore has an order and a spelling of its own'],
  [/^vector\b/, 'bytes or JSON: what a vector is made of, and how it is written, differs between the engines'],
  [
    /^(?:geometry|point|linestring|polygon|multi\w+|geometrycollection|geomcollection|line|lseg|box|path|circle)\b/,
    'no geometry: the engines differ in formats, axes and precision',
  ],
];

/** What to have in place of a type that is not carried; null where the type says it all. */
export function insteadOf(native: string): string | null {
  return REASONS.find(([types]) => types.test(native))?.[1] ?? null;
}
