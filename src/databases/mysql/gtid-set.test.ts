import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainState, GtidSet } from './gtid-set.ts';

const uuids = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', 'aaaaaaaa-71ca-11e1-9e33-c80aa9429562'];
const source = fc.constantFrom(...uuids, `${uuids[0]}:blue`, `${uuids[1]}:red_1`);
const gtids = fc.array(fc.record({ source, server: fc.constant(0), number: fc.integer({ min: 1, max: 30 }) }));

function setOf(list: readonly { source: string; server: number; number: number }[]): GtidSet {
  const set = new GtidSet();
  for (const gtid of list) set.include(gtid);
  return set;
}

const names = (list: readonly { source: string; number: number }[]) =>
  new Set(list.map(({ source: from, number }) => `${from}/${number}`));

describe('GtidSet', () => {
  it('prints what the server prints', () => {
    const text = `${uuids[0]}:1-5:7:blue:1-3:red:9,${uuids[1]}:2`;
    expect(GtidSet.parse(text).format()).toBe(text);
    expect(GtidSet.parse(`${uuids[1]?.toUpperCase()}:2,\n${uuids[0]}:7:1-3:4-5:blue:1-3:red:9`).format()).toBe(text);
    expect(GtidSet.parse('').format()).toBe('');
  });

  it('refuses what is no set', () => {
    for (const text of ['x', `${uuids[0]}`, `${uuids[0]}:0`, `${uuids[0]}:1-`, `${uuids[0]}:Ä:1`, '0-1-2']) {
      expect(() => GtidSet.parse(text), text).toThrow(SyntaxError);
    }
  });

  it('prints the same whether it grew or was read', () => {
    fc.assert(
      fc.property(gtids, (list) => {
        const grown = new GtidSet();
        for (const gtid of list) {
          grown.include(gtid);
          // Formatting between additions exercises the text that is kept.
          expect(GtidSet.parse(grown.format()).format()).toBe(grown.format());
        }
        expect(grown.format()).toBe(setOf(list.toReversed()).format());
      }),
    );
  });

  it('contains exactly what was included', () => {
    fc.assert(
      fc.property(gtids, gtids, (a, b) => {
        const [left, right] = [setOf(a), setOf(b)];
        const missing = new Set([...names(b)].filter((name) => !names(a).has(name)));
        expect(left.contains(right)).toBe(missing.size === 0);
        expect(left.missing(right)).toBe(missing.size);
        for (const gtid of b) expect(left.includes(gtid)).toBe(names(a).has(`${gtid.source}/${gtid.number}`));
      }),
    );
  });
});

describe('DomainState', () => {
  it('keeps the last of each domain, in order', () => {
    const state = DomainState.parse('10-2-7,0-1-23');
    expect(state.format()).toBe('0-1-23,10-2-7');
    state.include({ source: '0', server: 3, number: 24 });
    expect(state.format()).toBe('0-3-24,10-2-7');
    expect(state.contains(DomainState.parse('0-1-24'))).toBe(true);
    expect(state.contains(DomainState.parse('0-1-24,2-1-1'))).toBe(false);
    expect(state.missing(DomainState.parse('0-1-30,2-1-4'))).toBe(10);
  });

  it('refuses what is no position', () => {
    for (const text of ['0-1', 'a-1-2', '0-1-2-3', `${uuids[0]}:1`]) {
      expect(() => DomainState.parse(text), text).toThrow(SyntaxError);
    }
  });
});
