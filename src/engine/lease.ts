import type { Endpoint } from '../model/endpoint.ts';
import { asTandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import type { LaneRoute } from './route.ts';

/**
 * Throws TD9001 where a successor has taken over. Its writes would be refused anyway, but an engine that was away and
 * has nothing to write would go on fighting for the logs: a slot has one reader, and MySQL throws out the older of two
 * readers with one id. A side that cannot be asked holds nobody up.
 */
export async function verifyLease(
  endpoints: Readonly<Record<Side, Endpoint>>,
  routes: readonly LaneRoute[],
): Promise<void> {
  for (const side of ['left', 'right'] as const) {
    const arriving = routes.filter((route) => route.target === side);
    try {
      if (arriving.length > 0) await verifySide(endpoints[side], arriving);
    } catch (thrown) {
      if (asTandemError(thrown).class === 'fenced') throw thrown;
    }
  }
}

async function verifySide(endpoint: Endpoint, arriving: readonly LaneRoute[]): Promise<void> {
  // The routes' own connections may be in the middle of a transaction.
  await using target = await endpoint.target();
  for (const route of arriving) route.verifyLease(await target.checkpoint(route.stream, route.lane.plan.id));
}
