/** One link as a node: its id and the ids of the links that it refers to by foreign keys. */
export interface Node {
  readonly id: string;
  readonly parents: readonly string[];
}

export interface Place {
  /** Id of the first link, in declaration order, of the group. */
  readonly lane: string;
  readonly rank: number;
}

/**
 * Groups links that are tied by foreign keys into lanes and ranks parents before children; the links of a cycle share a
 * rank. Links that share a unique key share its columns' foreign keys or their table, so foreign keys tell all the
 * ties.
 */
export function placeLinks(nodes: readonly Node[]): ReadonlyMap<string, Place> {
  const parents = new Map(nodes.map((node) => [node.id, node.parents.filter((parent) => parent !== node.id)]));
  const ancestors = new Map(nodes.map((node) => [node.id, reach(node.id, parents)]));
  const lanes = groupByTies(nodes);
  const ranks = new Map<string, number>();
  const places = new Map<string, Place>();
  for (const { id } of nodes)
    places.set(id, { lane: lanes.get(id) ?? id, rank: rankOf(id, parents, ancestors, ranks) });
  return places;
}

type Edges = ReadonlyMap<string, readonly string[]>;
type Ancestors = ReadonlyMap<string, ReadonlySet<string>>;

function reach(start: string, parents: Edges): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...(parents.get(start) ?? [])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(parents.get(id) ?? []));
  }
  return seen;
}

/** One more than the highest rank among the parents of the whole cycle that a link is in. */
function rankOf(id: string, parents: Edges, ancestors: Ancestors, ranks: Map<string, number>): number {
  const known = ranks.get(id);
  if (known !== undefined) return known;
  const cycle = [...(ancestors.get(id) ?? [])].filter((ancestor) => ancestors.get(ancestor)?.has(id) === true);
  const members = new Set([id, ...cycle]);
  let rank = 0;
  for (const member of members) {
    for (const parent of parents.get(member) ?? []) {
      if (!members.has(parent)) rank = Math.max(rank, 1 + rankOf(parent, parents, ancestors, ranks));
    }
  }
  for (const member of members) ranks.set(member, rank);
  return rank;
}

function groupByTies(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const lanes = new Map(nodes.map((node) => [node.id, node.id]));
  const order = nodes.map((node) => node.id);
  for (const node of nodes) {
    for (const parent of node.parents) {
      const [a, b] = [lanes.get(node.id), lanes.get(parent)];
      if (a === undefined || b === undefined || a === b) continue;
      const [first, second] = order.indexOf(a) < order.indexOf(b) ? [a, b] : [b, a];
      for (const [id, lane] of lanes) if (lane === second) lanes.set(id, first);
    }
  }
  return lanes;
}
