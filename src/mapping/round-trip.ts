import { type Code, CODES } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import { tableName } from '../model/schema.ts';
import { sameValue, type Value } from '../model/value.ts';

/**
 * Do values that a database holds survive the way to the other side and back? For `tandem check`, on the distinct
 * values of a column. One finding per cause, with a count; the values themselves are not named.
 */
export function codecRoundTrips(
  link: Pick<LinkPlan, 'id' | Side>,
  pair: ColumnPair,
  side: Side,
  values: Iterable<Value>,
): readonly Finding[] {
  const causes = new Map<string, { readonly failure: TandemError; count: number }>();
  for (const value of values) {
    const failure = roundTripFailure(pair, side, value);
    if (failure === null) continue;
    const key = `${failure.code} ${failure.message}`;
    const cause = causes.get(key) ?? { failure, count: 0 };
    cause.count += 1;
    causes.set(key, cause);
  }
  return [...causes.values()].map(({ failure, count }) => ({
    code: failure.code as Code,
    severity: 'warning' as const,
    message: `${count} ${count === 1 ? 'value' : 'values'} of ${pair[side].name}: ${failure.message}`,
    ...(failure.details.expected === undefined ? {} : { expected: failure.details.expected }),
    fix: CODES[failure.code as Code].help,
    path: ['links', link.id, 'columns', pair.left.name],
    at: { side, table: tableName(link[side].ref), column: pair[side].name },
  }));
}

function roundTripFailure(pair: ColumnPair, side: Side, value: Value): TandemError | null {
  if (pair.codec === null) return null;
  const [there, back] =
    side === 'left' ? [pair.codec.toRight, pair.codec.toLeft] : [pair.codec.toLeft, pair.codec.toRight];
  try {
    const canon = (given: Value): Value => (given === null ? null : (pair.canon?.[side]?.(given) ?? given));
    if (sameValue(pair[side].kind, canon(back(there(value))), canon(value))) return null;
    return new TandemError('TD3002', `the value does not come back from ${pair[otherSide(side)].name} as it was`);
  } catch (thrown) {
    if (thrown instanceof TandemError) return thrown;
    throw thrown;
  }
}
