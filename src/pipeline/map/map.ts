import { asTandemError, TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import { otherSide, type Side } from '../../model/policy.ts';
import type { Row, Value } from '../../model/value.ts';

/**
 * The lens: an image of one side as an image of the other. Key and foreign key columns whose values differ on both
 * sides (`mapped`) keep the source's value here; the key map translates them at apply. A one-way column that does not
 * flow in this direction becomes undefined: it is not touched.
 *
 * Throws TandemError of class row where a value cannot cross (unknown value, out of range, lossy).
 */
export function mapImage(link: LinkPlan, from: Side, image: Row): Row {
  const { coded, withheld } = crossingsOf(link, from);
  if (coded.length + withheld.length === 0) return image;
  const out: (Value | undefined)[] = [...image];
  for (const at of coded) {
    const value = image[at];
    if (value !== undefined) out[at] = crossed(link, at, from, value);
  }
  for (const at of withheld) out[at] = undefined;
  return out;
}

/** The columns whose values do not pass as they are: what a codec changes, and what does not flow in this direction. */
interface Crossings {
  readonly coded: readonly number[];
  readonly withheld: readonly number[];
}

const known = new WeakMap<LinkPlan, Record<Side, Crossings>>();

function crossingsOf(link: LinkPlan, from: Side): Crossings {
  let crossings = known.get(link);
  if (crossings === undefined) {
    crossings = { left: findCrossings(link, 'toRight'), right: findCrossings(link, 'toLeft') };
    known.set(link, crossings);
  }
  return crossings[from];
}

function findCrossings({ pairs }: LinkPlan, towards: 'toRight' | 'toLeft'): Crossings {
  const columns = [...pairs.keys()];
  const flows = (at: number) => pairs[at]?.direction === 'both' || pairs[at]?.direction === towards;
  return {
    coded: columns.filter((at) => flows(at) && pairs[at]?.codec !== null),
    withheld: columns.filter((at) => !flows(at)),
  };
}

function crossed(link: LinkPlan, at: number, from: Side, value: Value): Value {
  const pair = link.pairs[at] as LinkPlan['pairs'][number];
  try {
    return from === 'left' ? (pair.codec?.toRight(value) ?? null) : (pair.codec?.toLeft(value) ?? null);
  } catch (thrown) {
    throw placed(thrown, link, from, pair[from].name);
  }
}

function placed(thrown: unknown, link: LinkPlan, from: Side, column: string): TandemError {
  const at = { link: link.id, column, direction: `${from}->${otherSide(from)}` };
  if (thrown instanceof TandemError) {
    return new TandemError(thrown.code as 'TD3001', thrown.message, {
      ...thrown.details,
      at: { ...thrown.details.at, ...at },
    });
  }
  return new TandemError('TD3008', `the codec of column '${column}' threw an error`, {
    at,
    cause: asTandemError(thrown),
  });
}
