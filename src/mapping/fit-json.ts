import { jsonDepth, jsonNumbers } from '../model/json.ts';
import { plainNumber } from '../model/number.ts';
import type { Value } from '../model/value.ts';
import type { End } from './declaration.ts';
import { chain, type Convert, refuse } from './refuse.ts';

/** Levels of arrays and objects that a document may have (MySQL manual, JSON; JSON_DEPTH_LIMIT of MariaDB). */
const DEPTHS = { mysql: 100, mariadb: 31 };

/** What a column's JSON cannot hold although it is JSON. */
export function fitJson(source: End | null, to: End): Convert | null {
  if (source !== null && source.engine === to.engine && source.column.kind === 'json') return null;
  switch (to.engine) {
    case 'postgres':
      return (value) => fitText(value as string, to);
    case 'mysql':
      return chain(
        (value) => fitDepth(value, to, DEPTHS.mysql),
        (value) => fitNumbers(value as string, to),
      );
    case 'mariadb':
      return (value) => fitDepth(value, to, DEPTHS.mariadb);
  }
}

function fitText(value: string, to: End): string {
  // An escaped NUL is legal JSON, but jsonb refuses it; a doubled backslash before the u is no escape.
  if (/(?<!\\)(?:\\\\)*\\u0000/.test(value)) refuse('TD3005', 'the JSON holds U+0000', to, 'JSON without \\u0000');
  return value;
}

function fitDepth(value: Value, to: End, depth: number): Value {
  if (jsonDepth(value as string) <= depth) return value;
  return refuse('TD3004', 'the JSON is nested too deeply', to, `${depth} levels`);
}

const WHOLE = /^-?\d+$/;
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 64n - 1n;

/** MySQL keeps whole numbers of 64 bits as they are and makes doubles of all others. */
function fitNumbers(value: string, to: End): string {
  for (const text of jsonNumbers(value)) {
    if (WHOLE.test(text) && BigInt(text) >= LOWEST && BigInt(text) <= HIGHEST) continue;
    const number = Number(text);
    if (!Number.isFinite(number))
      refuse('TD3004', 'a number of the JSON is too large', to, 'numbers that a double holds');
    if (plainNumber(String(number)) !== plainNumber(text)) {
      refuse('TD3002', 'a number of the JSON would be rounded', to, 'numbers that a double holds exactly');
    }
  }
  return value;
}
