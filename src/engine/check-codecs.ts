import { roundTripsOf } from '../mapping/round-trip.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Finding } from '../model/finding.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';

/** Rows looked at per table: enough to meet the values in use, few enough not to be felt by the server. */
const sampleRowsMax = 10_000;

/** How `tandem check` looks at the rows that are there now. */
export interface CheckOptions {
  /** Every row, not only the first 10,000 of each table. */
  readonly allRows?: boolean;
  /** Findings name some of the offending values. */
  readonly values?: boolean;
}

/**
 * Sends values that are there now through their codecs and back. One that does not return as it was would be refused
 * when its row changes; here it is found before that.
 */
export async function checkCodecs(
  endpoint: Endpoint,
  link: LinkPlan,
  side: Side,
  { allRows = false, values = false }: CheckOptions,
): Promise<readonly Finding[]> {
  const columns = link.pairs.flatMap((pair, at) =>
    pair.codec !== null && leaves(pair, side) ? [{ at, trips: roundTripsOf(link, pair, side, values) }] : [],
  );
  if (columns.length === 0) return [];
  let rows = 0;
  for await (const chunk of endpoint.scan(link[side])) {
    for (const row of chunk) {
      for (const { at, trips } of columns) {
        const value = row[at];
        if (value !== undefined) trips.add(value);
      }
    }
    rows += chunk.length;
    if (!allRows && rows >= sampleRowsMax) break;
  }
  return columns.flatMap(({ trips }) => trips.findings());
}

function leaves(pair: ColumnPair, side: Side): boolean {
  return pair.direction === 'both' || pair.direction === (side === 'left' ? 'toRight' : 'toLeft');
}
