import { asTandemError, TandemError } from '../model/error.ts';
import type { LinkPlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { Row, Value } from '../model/value.ts';

/**
 * The lens: an image of one side as an image of the other. Key and foreign key columns whose values differ on both
 * sides (`mapped`) keep the source's value here; the key map translates them at apply. A one-way column that does not
 * flow in this direction becomes undefined: it is not touched.
 *
 * Throws TandemError of class row where a value cannot cross (unknown value, out of range, lossy).
 */
export function mapImage(link: LinkPlan, from: Side, image: Row): Row {
  const { pairs } = link;
  const out: (Value | undefined)[] = [];
  const towards = from === 'left' ? 'toRight' : 'toLeft';
  for (let at = 0; at < pairs.length; at++) {
    const pair = pairs[at] as LinkPlan['pairs'][number];
    const value = image[at];
    const stays = value === undefined || (pair.direction !== 'both' && pair.direction !== towards);
    out.push(stays ? undefined : pair.codec === null ? value : crossed(link, at, from, value));
  }
  return out;
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
