import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Node, placeLinks } from './lanes.ts';

const node = (id: string, ...parents: string[]): Node => ({ id, parents });
const placed = (...nodes: Node[]) =>
  Object.fromEntries([...placeLinks(nodes)].map(([id, { lane, rank }]) => [id, `${lane} ${rank}`]));

describe('links', () => {
  it('come after all their parents', () => {
    expect(placed(node('c', 'b', 'a'), node('b', 'a'), node('a'))).toEqual({ c: 'c 2', b: 'c 1', a: 'c 0' });
  });

  it('of a cycle share a rank, above what the cycle refers to and below what refers to it', () => {
    const cycle = [node('child', 'x'), node('x', 'y'), node('y', 'x', 'root'), node('root'), node('self', 'self')];
    expect(placed(...cycle)).toEqual({ child: 'child 2', x: 'child 1', y: 'child 1', root: 'child 0', self: 'self 0' });
  });

  it('that are tied are in one lane, and only those', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const graph = fc.tuple(...ids.map((id) => fc.subarray(ids).map((parents) => node(id, ...parents.slice(0, 2)))));
    fc.assert(
      fc.property(graph, (nodes) => {
        const places = placeLinks(nodes);
        for (const { id, parents } of nodes) {
          for (const parent of parents) {
            expect(places.get(parent)?.lane).toBe(places.get(id)?.lane);
            expect(places.get(parent)?.rank).toBeLessThanOrEqual(places.get(id)?.rank ?? -1);
          }
          const { lane } = places.get(id) ?? { lane: '' };
          expect(ids.indexOf(lane)).toBeLessThanOrEqual(ids.indexOf(id));
          expect(places.get(lane)?.lane).toBe(lane);
        }
      }),
    );
  });
});
