import type { Context } from '../model/context.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Finding } from '../model/finding.ts';
import type { LinkPlan, SyncPlan } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { checkClocks, decidesByTime } from './check-clocks.ts';
import { type CheckOptions, checkCodecs } from './check-codecs.ts';
import { labelOf, linkedTables, type Prepared } from './prepare.ts';

/** How many rows each side of a link holds now. */
export interface LinkCount {
  readonly link: string;
  readonly left: number;
  readonly right: number;
  /** A filter hides some of them from the sync, so the counts need not be equal. */
  readonly filtered: boolean;
}

export interface CheckReport {
  readonly findings: readonly Finding[];
  /** Empty where there are errors. */
  readonly counts: readonly LinkCount[];
}

/** Everything `tandem check` tells: the mapping, both servers, and what the rows that are there now mean for it. */
export async function check(
  prepared: Prepared,
  context: Pick<Context, 'nowMs'>,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const findings: Finding[] = [...prepared.findings, ...(await checkServers(prepared))];
  const { plan } = prepared;
  // Rows are looked at only where both servers let themselves be read.
  if (plan === null || findings.some(isError)) return { findings, counts: [] };
  if (decidesByTime(plan.lanes)) findings.push(...(await checkClocks(prepared, plan.labels, context)));
  for (const link of linksOf(plan)) {
    for (const side of ['left', 'right'] as const) {
      findings.push(...(await checkCodecs(prepared[side], link, side, options)));
    }
  }
  const counts = await countLinks(prepared, plan);
  findings.push(...counts.flatMap((count) => countFinding(count, plan)));
  return { findings, counts };
}

export function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

/** Settings, privileges and keys of both sides, as far as the links need them. */
export async function checkServers(prepared: Prepared): Promise<readonly Finding[]> {
  return [...(await checkServer(prepared, 'left')), ...(await checkServer(prepared, 'right'))];
}

async function checkServer(prepared: Prepared, side: Side): Promise<readonly Finding[]> {
  const { plan, schemas } = prepared;
  const tables = plan === null ? schemas[side].map((schema) => schema.ref) : linkedTables(plan, side);
  const directions = plan === null ? ['both'] : linksOf(plan).map((link) => link.direction);
  const away = side === 'left' ? 'toRight' : 'toLeft';
  const read = directions.some((direction) => direction === 'both' || direction === away);
  const write = directions.some((direction) => direction === 'both' || direction !== away);
  const findings = await prepared[side].check({ tables, read, write });
  const label = labelOf(prepared.declaration, side);
  return findings.map((finding) => ({ ...finding, at: { side: label, ...finding.at } }));
}

/** Counts the rows of every linked table. */
export async function countLinks(
  endpoints: { readonly left: Endpoint; readonly right: Endpoint },
  plan: SyncPlan,
): Promise<readonly LinkCount[]> {
  const counts: LinkCount[] = [];
  for (const link of linksOf(plan)) {
    const [left, right] = await Promise.all([
      endpoints.left.count(link.left.ref),
      endpoints.right.count(link.right.ref),
    ]);
    counts.push({ link: link.id, left, right, filtered: link.left.where !== null || link.right.where !== null });
  }
  return counts;
}

/** Sides that hold different numbers of rows are not in step; that is normal before and while a sync begins. */
export function isOutOfStep(count: LinkCount): boolean {
  return !count.filtered && count.left !== count.right;
}

function linksOf(plan: SyncPlan): readonly LinkPlan[] {
  return plan.lanes.flatMap((lane) => lane.links);
}

function countFinding(count: LinkCount, { labels }: SyncPlan): readonly Finding[] {
  if (!isOutOfStep(count)) return [];
  return [
    {
      code: 'TD8004',
      severity: 'note',
      message: `${count.link} is not in step yet`,
      found: `${count.left} rows in ${labels.left}, ${count.right} in ${labels.right}`,
      fix: 'nothing to do here: a row is carried over whole when it changes next; rows that never change stay apart',
      at: { link: count.link },
    },
  ];
}
