import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { sameValue, type Row, type Value } from '../model/value.ts';

/**
 * Equality of two values of one side, up to spellings that the pair takes for one (a finer fraction, a lossy codec).
 */
export function sameInPair(pair: ColumnPair, side: Side, a: Value, b: Value): boolean {
  if (sameValue(pair[side].kind, a, b)) return true;
  const canon = pair.canon?.[side];
  if (canon === undefined || canon === null) return false;
  return sameValue(pair[side].kind, a === null ? null : canon(a), b === null ? null : canon(b));
}

/** Do two images agree wherever both say something? */
export function sameImage(link: LinkPlan, side: Side, a: Row | null, b: Row | null): boolean {
  if (a === null || b === null) return a === b;
  for (let at = 0; at < link.pairs.length; at++) if (!sameAt(link, side, at, a, b)) return false;
  return true;
}

/** Do two images agree in some columns, wherever both say something? */
export function sameIn(link: LinkPlan, side: Side, columns: readonly number[], a: Row, b: Row): boolean {
  return columns.every((at) => sameAt(link, side, at, a, b));
}

function sameAt(link: LinkPlan, side: Side, at: number, a: Row, b: Row): boolean {
  const [one, other] = [a[at], b[at]];
  if (one === undefined || other === undefined || one === other) return true;
  return sameInPair(link.pairs[at] as ColumnPair, side, one, other);
}
