import type { Context } from '../model/context.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Finding } from '../model/finding.ts';
import type { LanePlan } from '../model/plan.ts';
import type { Endpoints } from './prepare.ts';

/**
 * People do not write one row on both sides within a second and expect the right one to win; time services keep
 * servers within a few milliseconds. Clocks further apart are nobody's intention.
 */
export const SKEW_MAX_MS = 1_000;

const QUESTIONS = 3;

/** A clock against ours. */
interface Skew {
  readonly aheadMs: number;
  /** Either way: half of what the answer took. */
  readonly errorMs: number;
}

/** Only where the later of two writers wins do the clocks decide anything. */
export function decidesByTime(lanes: readonly LanePlan[]): boolean {
  return lanes.some(({ links }) => links.some(({ policy }) => policy.kind === 'newest'));
}

/** Both servers' clocks, held against each other by way of ours. Throws TandemError where one does not answer. */
export async function checkClocks(
  { left, right }: Endpoints,
  labels: Readonly<Record<'left' | 'right', string>>,
  { nowMs }: Pick<Context, 'nowMs'>,
): Promise<readonly Finding[]> {
  const skews = { left: await measure(left, nowMs), right: await measure(right, nowMs) };
  const aheadMs = skews.left.aheadMs - skews.right.aheadMs;
  if (Math.abs(aheadMs) <= SKEW_MAX_MS + skews.left.errorMs + skews.right.errorMs) return [];
  const [ahead, behind] = aheadMs > 0 ? [labels.left, labels.right] : [labels.right, labels.left];
  return [
    {
      code: 'TD6056',
      severity: 'warning',
      message: `the clock of ${ahead} is ahead of that of ${behind}, and conflicts go to who wrote last`,
      expected: `clocks within ${SKEW_MAX_MS / 1_000} s of each other`,
      found: `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s`,
      fix: 'let both servers follow the same time source (NTP)',
    },
  ];
}

/** Of several answers the fastest, which is the most exact. */
async function measure(endpoint: Endpoint, nowMs: () => number): Promise<Skew> {
  let best: Skew | null = null;
  for (let question = 0; question < QUESTIONS; question += 1) {
    const askedMs = nowMs();
    const { clockMs } = await endpoint.vitals(new AbortController().signal);
    const errorMs = (nowMs() - askedMs) / 2;
    if (best === null || errorMs < best.errorMs) best = { aheadMs: clockMs - askedMs - errorMs, errorMs };
  }
  return best ?? { aheadMs: 0, errorMs: Infinity };
}
