import { higher, lower, type Position } from '../model/change.ts';
import type { Endpoint } from '../model/endpoint.ts';

/**
 * Makes sure that a log can be read on from each of these positions. The highest comes first: a log that was taken back
 * to before it lacks what the other side has, and that is worse to know than that something is gone. Throws TandemError
 * of class history.
 */
export async function verifyLog(endpoint: Endpoint, all: readonly Position[]): Promise<void> {
  const [first, ...rest] = all;
  if (first === undefined) return;
  const { positions } = endpoint;
  const highest = rest.reduce((found, each) => higher(positions, found, each), first);
  const lowest = rest.reduce((found, each) => lower(positions, found, each), first);
  await endpoint.verifyPosition(highest);
  if (lowest !== highest) await endpoint.verifyPosition(lowest);
}
