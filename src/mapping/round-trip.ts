import { type Code, CODES } from '../model/codes.ts';
import { TandemError } from '../model/error.ts';
import type { Finding } from '../model/finding.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import { tableName } from '../model/schema.ts';
import { encodeRow, sameValue, type Value } from '../model/value.ts';

/** Values whose outcome is remembered, so that a column of few values is judged once. */
const rememberedMax = 100_000;
const examplesMax = 5;
const exampleLengthMax = 80;

interface Cause {
  readonly failure: TandemError;
  rows: number;
  readonly examples: Set<string>;
}

/** Counts the rows of one column that hold a value that would not survive. */
export interface RoundTrips {
  add(value: Value): void;
  /** One finding per cause, with a count of rows. */
  findings(): readonly Finding[];
}

/**
 * Do values that a database holds survive the way to the other side and back? For `tandem check`. The values themselves
 * are named only if the user has asked for them.
 */
export function roundTripsOf(
  link: Pick<LinkPlan, 'id' | Side>,
  pair: ColumnPair,
  side: Side,
  showValues: boolean,
): RoundTrips {
  const causes = new Map<string, Cause>();
  const known = new Map<Value, Cause | null>();
  const judge = (value: Value): Cause | null => {
    const failure = roundTripFailure(pair, side, value);
    if (failure === null) return null;
    const key = `${failure.code} ${failure.message}`;
    const cause = causes.get(key) ?? { failure, rows: 0, examples: new Set() };
    causes.set(key, cause);
    if (showValues && cause.examples.size < examplesMax) cause.examples.add(shown(value));
    return cause;
  };
  return {
    add(value) {
      const remembered = known.get(value);
      const cause = remembered === undefined ? judge(value) : remembered;
      if (known.size >= rememberedMax) known.clear();
      known.set(value, cause);
      if (cause !== null) cause.rows += 1;
    },
    findings: () => [...causes.values()].map((cause) => findingOf(link, pair, side, cause)),
  };
}

function findingOf(
  link: Pick<LinkPlan, 'id' | Side>,
  pair: ColumnPair,
  side: Side,
  { failure, rows, examples }: Cause,
): Finding {
  return {
    code: failure.code as Code,
    severity: 'warning',
    message: `${pair[side].name} of ${rows} ${rows === 1 ? 'row' : 'rows'}: ${failure.message}`,
    ...(failure.details.expected === undefined ? {} : { expected: failure.details.expected }),
    ...(examples.size === 0
      ? {}
      : { found: `${[...examples].join(', ')}${examples.size < examplesMax ? '' : ', ...'}` }),
    fix: CODES[failure.code as Code].help,
    path: ['links', link.id, 'columns', pair.left.name],
    at: { side, table: tableName(link[side].ref), column: pair[side].name },
  };
}

function shown(value: Value): string {
  const text = encodeRow([value]).slice(1, -1);
  return text.length > exampleLengthMax ? `${text.slice(0, exampleLengthMax)}...` : text;
}

function roundTripFailure(pair: ColumnPair, side: Side, value: Value): TandemError | null {
  if (pair.codec === null) return null;
  const [there, back] =
    side === 'left' ? [pair.codec.toRight, pair.codec.toLeft] : [pair.codec.toLeft, pair.codec.toRight];
  try {
    const ownCanon = pair.canon?.[side] ?? null;
    const canon = (given: Value): Value => (given === null || ownCanon === null ? given : ownCanon(given));
    if (sameValue(pair[side].kind, canon(back(there(value))), canon(value))) return null;
    return new TandemError('TD3002', `the value does not come back from ${pair[otherSide(side)].name} as it was`);
  } catch (thrown) {
    if (thrown instanceof TandemError) return thrown;
    throw thrown;
  }
}
