import type { LinkPlan, LinkSide, SyncPlan } from '../model/plan.ts';
import { describePolicy } from '../model/policy.ts';
import { tableName } from '../model/schema.ts';

/** A plan as plain data to print: functions by their names, tables and columns by theirs. */
export function describePlan(plan: SyncPlan): object {
  return {
    name: plan.name,
    labels: plan.labels,
    lanes: plan.lanes.map((lane) => ({
      id: lane.id,
      home: lane.home,
      strict: lane.strict,
      links: lane.links.map(describeLink),
    })),
  };
}

function describeLink(link: LinkPlan): object {
  const names = (indexes: readonly number[]): string[] => indexes.map((at) => link.pairs[at]?.left.name ?? String(at));
  const parents = new Map(link.parents.map((parent) => [parent.column, parent.link]));
  return {
    id: link.id,
    rank: link.rank,
    left: describeSide(link.left),
    right: describeSide(link.right),
    direction: link.direction,
    deletes: link.deletes,
    foreignKey: link.foreignKey,
    truncate: link.truncate,
    policy: describePolicy(link.policy),
    keys: link.keys,
    key: names(link.left.key),
    naturalKeys: link.naturalKeys.map(names),
    columns: link.pairs.map((pair, at) => ({
      left: `${pair.left.name} ${pair.left.native}`,
      right: `${pair.right.name} ${pair.right.native}`,
      codec: pair.codec?.name ?? null,
      ...(pair.direction === 'both' ? {} : { direction: pair.direction }),
      ...(pair.canon === undefined ? {} : { comparedMoreCoarsely: true }),
      ...(parents.has(at) ? { keysOf: parents.get(at) } : {}),
    })),
    cascades: link.cascades.map(({ from, childLink, action }) => ({ from, childLink, action })),
  };
}

function describeSide(side: LinkSide): object {
  return {
    table: tableName(side.ref),
    constants: Object.fromEntries(side.constants.map(({ column, on }) => [column.name, `on ${on}`])),
    uniques: side.uniques.map((unique) => unique.map((at) => side.columns[at]?.name)),
    references: side.foreignKeys.map(({ link, columns }) => ({
      link,
      columns: columns.map((at) => side.columns[at]?.name),
    })),
    filtered: side.where !== null,
  };
}
