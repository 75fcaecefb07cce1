import type { LinkPlan, LinkSide } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import { tableName } from '../../model/schema.ts';
import { plainDecimal, type Row, sameValue, type Value } from '../../model/value.ts';

/** An operation on the target as its constraints see it: images in the target's order. */
export interface GuardedOp {
  readonly link: LinkPlan;
  readonly op: 'insert' | 'update' | 'delete';
  readonly before: Row | null;
  readonly after: Row | null;
  readonly keyChanged: boolean;
}

/** A link's target table as its constraints see it. */
export interface Guarded {
  readonly link: LinkPlan;
  readonly end: LinkSide;
  /** Two links may write one table, and its constraints do not care. */
  readonly table: string;
  /** Primary key and unique keys, as indexes into the image. */
  readonly uniques: readonly (readonly number[])[];
  /** All columns that a constraint looks at. */
  readonly columns: readonly number[];
  readonly selfReferencing: boolean;
}

export function guard(link: LinkPlan, side: Side): Guarded {
  const end = link[side];
  const uniques = [end.key, ...end.uniques];
  return {
    link,
    end,
    table: tableName(end.ref),
    uniques,
    columns: [...new Set([...uniques, ...end.foreignKeys.map(({ columns }) => columns)].flat())],
    selfReferencing: end.foreignKeys.some((foreignKey) => foreignKey.link === link.id),
  };
}

/** Does an update touch a key, a unique value or a foreign key? Only then can its place in the order matter. */
export function moves({ columns, end }: Guarded, { op, before, after, keyChanged }: GuardedOp): boolean {
  if (op !== 'update' || before === null || after === null) return false;
  if (keyChanged) return true;
  for (const at of columns) {
    const value = after[at];
    if (value !== undefined && !sameValue(end.columns[at]?.kind ?? 'text', before[at], value)) return true;
  }
  return false;
}

/**
 * Values as text that is equal wherever some collation might hold them for equal: case, accents, blanks and invisible
 * characters do not count. Null where a value is NULL or not known, for then nothing can be said to be equal.
 */
export function looseText(image: Row, columns: readonly number[]): string | null {
  let text = '';
  for (const at of columns) {
    const value = image[at];
    if (value === null || value === undefined) return null;
    text += `${looseValue(value)}\u0000`;
  }
  return text;
}

const plainAscii = /^[!-~]*$/;
const number = /^[+-]?[\d.]+$/;
const ignored = /[\p{M}\p{C}\s]/gu;

function looseValue(value: Exclude<Value, null>): string {
  if (typeof value !== 'string')
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
  if (!plainAscii.test(value)) return value.toUpperCase().normalize('NFKD').replace(ignored, '');
  return number.test(value) ? plainDecimal(value) : value.toUpperCase();
}
