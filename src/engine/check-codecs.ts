import { codecRoundTrips } from '../mapping/round-trip.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Finding } from '../model/finding.ts';
import type { ColumnPair, LinkPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import type { Value } from '../model/value.ts';

/** Rows looked at per table: enough to meet the values in use, few enough not to be felt by the server. */
const sampleRowsMax = 10_000;

/**
 * Sends values that are there now through their codecs and back. One that does not return as it was would be refused
 * when its row changes; here it is found before that.
 */
export async function checkCodecs(endpoint: Endpoint, link: LinkPlan, side: Side): Promise<readonly Finding[]> {
  const samples = link.pairs.flatMap((pair, at) =>
    pair.codec !== null && leaves(pair, side) ? [{ at, pair, values: new Set<Value>() }] : [],
  );
  if (samples.length === 0) return [];
  let rows = 0;
  for await (const chunk of endpoint.scan(link[side])) {
    for (const row of chunk) {
      for (const { at, values } of samples) {
        const value = row[at];
        if (value !== undefined) values.add(value);
      }
    }
    rows += chunk.length;
    if (rows >= sampleRowsMax) break;
  }
  return samples.flatMap(({ pair, values }) => codecRoundTrips(link, pair, side, values));
}

function leaves(pair: ColumnPair, side: Side): boolean {
  return pair.direction === 'both' || pair.direction === (side === 'left' ? 'toRight' : 'toLeft');
}
