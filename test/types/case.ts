import type { SampleEngine } from '../../src/cli/demo/database.ts';
import type { Random } from '../../src/cli/demo/random.ts';
import type { DeclaredCodec } from '../../src/mapping/declaration.ts';
import type { Code } from '../../src/model/codes.ts';

/** One pair of column types, with the values that both have to carry; a row of the table in docs/types.md. */
export interface TypeCase {
  /** Name of the columns. */
  readonly name: string;
  /** Column types, in each engine's own words. */
  readonly postgres: string;
  readonly mysql: string;
  /** Where MariaDB has another word for it; null where it has none. */
  readonly mariadb?: string | null;
  /** Left is PostgreSQL, right the other. */
  readonly codec?: DeclaredCodec;
  /** Written by PostgreSQL's application, and by the other one's. */
  readonly fromPostgres: readonly Sample[];
  readonly fromMysql: readonly Sample[];
  /** A value that both sides hold, as an expression of the engine's. */
  readonly random?: (random: Random, engine: SampleEngine) => string;
  /** What is read to compare, where the text of the column says more than its value. */
  readonly read?: Readonly<Partial<Record<'postgres' | 'mysql' | 'mariadb', (column: string) => string>>>;
}

/** An SQL expression of one side, and what becomes of its value. */
export interface Sample {
  readonly sql: string;
  /** The code under which its row is parked; null = it arrives, and comes back as it was. */
  readonly parks: Code | null;
  /** What the other side's reading must be. */
  readonly there?: string | null;
  /** What a copy of the arrived value is when it comes back, where that is another spelling of the same. */
  readonly back?: string | null;
  /** Only a session without strict mode stores it. */
  readonly loose?: boolean;
  /** An engine with which the value arrives all the same. */
  readonly held?: 'mysql' | 'mariadb';
}

/** Values that arrive and come back. */
export function same(...expressions: readonly string[]): readonly Sample[] {
  return expressions.map((sql) => ({ sql, parks: null }));
}

/** Values that the other side cannot hold. */
export function parks(code: Code, ...expressions: readonly string[]): readonly Sample[] {
  return expressions.map((sql) => ({ sql, parks: code }));
}

/** A value, and the text by which the other side shows it. */
export function shows(sql: string, there: string | null): Sample {
  return { sql, parks: null, there };
}

/** A spelling: the other side knows one for all, so a copy comes back as that one. */
export function spelt(sql: string, back: string): Sample {
  return { sql, parks: null, back };
}

export function loosely(...samples: readonly Sample[]): readonly Sample[] {
  return samples.map((sample) => ({ ...sample, loose: true }));
}

/** Values that MariaDB holds, because its JSON is a text. */
export function heldByMariadb(...samples: readonly Sample[]): readonly Sample[] {
  return samples.map((sample) => ({ ...sample, held: 'mariadb' }));
}

/** Values that MySQL holds, because it has a text where MariaDB has a type of its own. */
export function heldByMysql(...samples: readonly Sample[]): readonly Sample[] {
  return samples.map((sample) => ({ ...sample, held: 'mysql' }));
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join('');
}

/** A whole number of up to so many bits, as a rule near the ends. */
export function whole(random: Random, bits: number, signed: boolean): string {
  let value = 0n;
  for (let at = 0; at < bits; at += 16) value = (value << 16n) | BigInt(random.below(65_536));
  value &= (1n << BigInt(1 + random.below(bits))) - 1n;
  return String(signed ? value - (1n << BigInt(bits - 1)) : value);
}
