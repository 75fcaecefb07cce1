import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinkPlan, LinkSide } from '../../model/plan.ts';
import type { Column } from '../../model/schema.ts';
import type { Kind, Row, Value } from '../../model/value.ts';
import { compact, type RowOp, type Run } from './compact.ts';

// Property P6: a batch applied run by run gives what it gives operation by operation, and no constraint ever breaks on
// the way. The target is a little table model that checks all constraints at once, row by row, as the strictest server.

interface LinkFacts {
  readonly id: string;
  readonly rank: number;
  readonly kinds: readonly Kind[];
  readonly uniques: readonly (readonly number[])[];
  readonly foreignKeys: readonly { readonly link: string; readonly columns: readonly number[] }[];
}

function linkOf({ id, rank, kinds, uniques, foreignKeys }: LinkFacts): LinkPlan {
  const columns = kinds.map((kind, at) => ({ name: `c${at}`, kind }) as Column);
  const ref = { schema: 'public', table: id };
  const keyed = foreignKeys.map((each) => ({ ...each, byKey: each.columns }));
  const end: LinkSide = { ref, columns, key: [0], constants: [], uniques, foreignKeys: keyed, where: null };
  return {
    id,
    lane: 'main',
    rank,
    left: end,
    right: end,
    pairs: [],
    direction: 'both',
    keys: 'shared',
    naturalKeys: [],
    parents: [],
    cascades: [],
    policy: { kind: 'newest' },
    deletes: 'sync',
    foreignKey: 'park',
    truncate: 'stop',
  };
}

// Columns: key, unique text, foreign key, note.
const facts: readonly LinkFacts[] = [
  { id: 'team', rank: 0, kinds: ['int', 'text', 'int', 'text'], uniques: [[1]], foreignKeys: [] },
  {
    id: 'member',
    rank: 1,
    kinds: ['int', 'text', 'int', 'text'],
    uniques: [[1]],
    foreignKeys: [{ link: 'team', columns: [2] }],
  },
  {
    id: 'node',
    rank: 0,
    kinds: ['int', 'text', 'int', 'text'],
    uniques: [[1]],
    foreignKeys: [{ link: 'node', columns: [2] }],
  },
];
const links = facts.map(linkOf);
const [team, member, node] = links as [LinkPlan, LinkPlan, LinkPlan];

/** Rows by key; the last place of a row is a column that is not linked and begins anew with every insert. */
class Model {
  readonly tables = new Map<string, Map<Value, Row>>(facts.map(({ id }) => [id, new Map()]));

  /** False, and no effect, where a constraint or a missing row forbids the operation. */
  apply({ link, op, before, after }: RowOp): boolean {
    const table = this.tables.get(link.id) ?? new Map<Value, Row>();
    const key = (before ?? after)?.[0] as Value;
    const old = table.get(key);
    if ((op === 'insert') !== (old === undefined)) return false;
    const next = op === 'delete' || after === null ? null : this.#next(old, after);
    if (next !== null && !this.#fits(link, next, key)) return false;
    if (op !== 'insert' && next?.[0] !== key && this.#referred(link, key, next)) return false;
    table.delete(key);
    if (next !== null) table.set(next[0] as Value, next);
    return true;
  }

  #next(old: Row | undefined, after: Row): Row {
    const unlinked = old?.[after.length] ?? 'default';
    return [...after.map((value, at) => (value === undefined ? (old?.[at] ?? null) : value)), unlinked];
  }

  #fits(link: LinkPlan, row: Row, key: Value): boolean {
    for (const [other, held] of this.tables.get(link.id) ?? []) {
      if (other === key) continue;
      if (other === row[0] || String(held[1]).toLowerCase() === String(row[1]).toLowerCase()) return false;
    }
    const [parent] = link.left.foreignKeys;
    if (parent === undefined || row[2] === null) return true;
    const self = parent.link === link.id;
    return (self && row[2] === row[0]) || (this.tables.get(parent.link)?.has(row[2] as Value) ?? false);
  }

  #referred(link: LinkPlan, key: Value, next: Row | null): boolean {
    return links.some(({ id, left }) => {
      if (left.foreignKeys[0]?.link !== link.id) return false;
      for (const [child, row] of this.tables.get(id) ?? []) {
        if (id === link.id && child === key ? next?.[2] === key : row[2] === key) return true;
      }
      return false;
    });
  }

  state(): unknown {
    return [...this.tables].map(([id, rows]) => [
      id,
      [...rows.values()].toSorted((a, b) => Number(a[0]) - Number(b[0])),
    ]);
  }
}

interface Intent {
  readonly at: number;
  readonly op: 'insert' | 'update' | 'delete' | 'rekey';
  readonly key: number;
  readonly text: string | undefined;
  readonly parent: number | null | undefined;
  readonly note: string;
  readonly target: number;
  readonly fixed: boolean;
}

const key = fc.integer({ min: 1, max: 4 });
const intents: fc.Arbitrary<Intent[]> = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 2 }),
    op: fc.constantFrom('insert', 'insert', 'update', 'update', 'update', 'delete', 'delete', 'rekey'),
    key,
    text: fc.constantFrom(undefined, undefined, 'a', 'A', 'b', 'c', 'd'),
    parent: fc.constantFrom(undefined, undefined, null, 1, 2, 3, 4),
    note: fc.constantFrom('x', 'y', 'z'),
    target: key,
    fixed: fc.integer({ min: 0, max: 19 }).map((dice) => dice === 0),
  }),
  { maxLength: 60 },
);

/** The operation that an application meant, against what is there now. */
function realise(model: Model, intent: Intent): RowOp | null {
  const link = links[intent.at] ?? team;
  const { left } = link;
  const old = model.tables.get(link.id)?.get(intent.key)?.slice(0, 4) ?? null;
  const parent = left.foreignKeys.length === 0 ? null : intent.parent;
  const base = { link, entity: `${link.id} ${intent.key}`, fixed: intent.fixed, keyChanged: false };
  if (intent.op === 'insert') {
    const after = [intent.key, intent.text ?? `t${intent.key}`, parent ?? null, intent.note];
    return { ...base, op: 'insert', before: null, after };
  }
  if (old === null) return null;
  if (intent.op === 'delete') return { ...base, op: 'delete', before: old, after: null };
  if (intent.op === 'rekey') {
    const after = [intent.target, ...old.slice(1)];
    return { ...base, op: 'update', before: old, after, keyChanged: intent.target !== intent.key };
  }
  const changed = [old[0], intent.text ?? old[1], parent === undefined ? old[2] : parent, intent.note];
  // An unchanged text may be told as untouched.
  const after = intent.text === undefined && intent.target === 1 ? changed.with(1, undefined) : changed;
  return { ...base, op: 'update', before: old, after };
}

/** What both targets start from, and a batch that was possible one by one. */
function history(before: readonly Intent[], batch: readonly Intent[]): { start: RowOp[]; ops: RowOp[] } {
  const model = new Model();
  const play = (list: readonly Intent[]): RowOp[] =>
    list.flatMap((intent) => {
      const op = realise(model, intent);
      return op !== null && model.apply(op) ? [op] : [];
    });
  return { start: play(before), ops: play(batch) };
}

function started(start: readonly RowOp[]): Model {
  const model = new Model();
  for (const op of start) model.apply(op);
  for (const rows of model.tables.values()) {
    for (const [id, row] of rows) rows.set(id, row.with(4, `kept ${String(id)}`));
  }
  return model;
}

type Arrange = (ops: readonly RowOp[]) => readonly Run[];
const real: Arrange = (ops) => compact(ops, 'right', false);
const atHome: Arrange = (ops) => compact(ops, 'right', true);

/** `mayMiss`: a delete may find nothing. */
function sameAsOneByOne(arrange: Arrange, mayMiss = false): fc.IProperty<[Intent[], Intent[]]> {
  return fc.property(intents, intents, (before, batch) => {
    const { start, ops } = history(before, batch);
    const one = started(start);
    const many = started(start);
    for (const op of ops) expect(one.apply(op)).toBe(true);
    for (const run of arrange(ops)) {
      expect(new Set(run.ops.map((op) => op.entity)).size).toBe(run.ops.length);
      expect(new Set(run.ops.map((op) => op.after?.map((value) => value === undefined).join())).size).toBe(1);
      for (const op of run.ops) {
        expect([op.link, op.op]).toEqual([run.link, run.op]);
        const isThere = many.tables.get(op.link.id)?.has(op.before?.[0] as Value) ?? false;
        if (!mayMiss || op.op !== 'delete' || isThere) expect(many.apply(op)).toBe(true);
      }
    }
    expect(many.state()).toEqual(one.state());
  });
}

const catches = (arrange: Arrange): boolean => fc.check(sameAsOneByOne(arrange), { numRuns: 6000, seed: 7 }).failed;

/** The real arrangement, told about other links than there are. */
function misled(change: (link: LinkPlan) => LinkPlan): Arrange {
  const told = new Map(links.map((link) => [link, change(link)]));
  const back = new Map([...told].map(([link, lie]) => [lie, link]));
  const undo = (link: LinkPlan): LinkPlan => back.get(link) ?? link;
  return (ops) =>
    compact(
      ops.map((op) => ({ ...op, link: told.get(op.link) ?? op.link })),
      'right',
      false,
    ).map((run) => ({
      ...run,
      link: undo(run.link),
      ops: run.ops.map((op) => ({ ...op, link: undo(op.link) })),
    }));
}

function withEnd(change: Partial<LinkSide>): (link: LinkPlan) => LinkPlan {
  return (link) => ({ ...link, left: { ...link.left, ...change }, right: { ...link.right, ...change } });
}

describe('a compacted batch', () => {
  it('gives what the operations give one by one, and never breaks a constraint', () => {
    fc.assert(sameAsOneByOne(real), { numRuns: 3000 });
    fc.assert(sameAsOneByOne(atHome, true), { numRuns: 3000 });
  });

  it('would be wrong without the fence at unique values', () => {
    expect(catches(misled(withEnd({ uniques: [] })))).toBe(true);
  });

  it('would be wrong without looking at foreign keys', () => {
    expect(catches(misled((link) => ({ ...withEnd({ foreignKeys: [] })(link), rank: 0 })))).toBe(true);
  });

  it('would be wrong if a delete and an insert became a plain update', () => {
    expect(
      catches((ops) => {
        const merged: RowOp[] = [];
        for (const op of ops) {
          const last = merged.at(-1);
          if (op.op === 'insert' && last?.op === 'delete' && last.entity === op.entity) {
            merged[merged.length - 1] = { ...op, op: 'update', before: last.before };
          } else merged.push(op);
        }
        return real(merged);
      }),
    ).toBe(true);
  });

  it('would be wrong if it were told nothing of changed keys', () => {
    expect(
      catches((ops) => {
        const key = withEnd({ key: [] });
        return misled((link) => key(link))(ops.map((op) => ({ ...op, keyChanged: false })));
      }),
    ).toBe(true);
  });
});

describe('compaction', () => {
  const op = (
    kind: RowOp['op'],
    link: LinkPlan,
    before: Row | null,
    after: Row | null,
    more: Partial<RowOp> = {},
  ): RowOp => ({
    link,
    op: kind,
    entity: String((before ?? after)?.[0]),
    before,
    after,
    fixed: false,
    keyChanged: false,
    ...more,
  });
  const insert = (link: LinkPlan, ...after: Value[]): RowOp => op('insert', link, null, after);
  const update = (link: LinkPlan, before: Row, after: Row): RowOp => op('update', link, before, after);
  const remove = (link: LinkPlan, ...before: Value[]): RowOp => op('delete', link, before, null);
  const told = (ops: readonly RowOp[]): unknown[] =>
    real(ops).map((run) => [run.op, run.link.id, ...run.ops.map(({ before, after }) => [before, after])]);

  it('tells an insert and its updates as one insert', () => {
    const ops = [
      insert(team, 1, 'a', null, 'x'),
      update(team, [1, 'a', null, 'x'], [1, 'a', null, 'y']),
      update(team, [1, 'a', null, 'y'], [1, undefined, null, 'z']),
    ];
    expect(told(ops)).toEqual([['insert', 'team', [null, [1, 'a', null, 'z']]]]);
  });

  it('tells updates from the first image to the last', () => {
    const ops = [
      update(team, [1, 'a', null, 'x'], [1, 'a', null, 'y']),
      update(team, [1, 'a', null, 'y'], [1, 'b', null, 'z']),
    ];
    expect(told(ops)).toEqual([
      [
        'update',
        'team',
        [
          [1, 'a', null, 'x'],
          [1, 'b', null, 'z'],
        ],
      ],
    ]);
  });

  it('tells an update and a delete as a delete of the first image', () => {
    const ops = [update(team, [1, 'a', null, 'x'], [1, 'a', null, 'y']), remove(team, 1, 'a', null, 'y')];
    expect(told(ops)).toEqual([['delete', 'team', [[1, 'a', null, 'x'], null]]]);
  });

  it('says nothing of a family that came and went', () => {
    const ops = [
      insert(team, 1, 'a', null, 'x'),
      insert(member, 1, 'm', 1, 'x'),
      remove(member, 1, 'm', 1, 'x'),
      remove(team, 1, 'a', null, 'x'),
    ];
    expect(told(ops)).toEqual([]);
  });

  it('leaves the deletes of it at home, where others may have been made meanwhile', () => {
    const ops = [
      insert(team, 1, 'a', null, 'x'),
      insert(member, 1, 'm', 1, 'x'),
      remove(member, 1, 'm', 1, 'x'),
      remove(team, 1, 'a', null, 'x'),
    ];
    const runs = compact(ops, 'right', true).map(({ op, link, ops: own }) => [op, link.id, own.length]);
    expect(runs).toEqual([
      ['delete', 'member', 1],
      ['delete', 'team', 1],
    ]);
  });

  it('keeps a parent that came and went while a child that stays had been its', () => {
    const ops = [
      insert(team, 1, 'a', null, 'x'),
      insert(member, 1, 'm', 1, 'x'),
      update(member, [1, 'm', 1, 'x'], [1, 'm', null, 'x']),
      remove(team, 1, 'a', null, 'x'),
    ];
    expect(told(ops).map((run) => (run as string[]).slice(0, 2).join(' '))).toEqual([
      'insert team',
      'insert member',
      'update member',
      'delete team',
    ]);
  });

  it('keeps a replaced row as delete and insert, in this order', () => {
    expect(told([remove(team, 1, 'a', null, 'x'), insert(team, 1, 'a', null, 'x')])).toEqual([
      ['delete', 'team', [[1, 'a', null, 'x'], null]],
      ['insert', 'team', [null, [1, 'a', null, 'x']]],
    ]);
  });

  it('keeps a swap of unique values as it happened', () => {
    const ops = [
      update(team, [1, 'x', null, ''], [1, 'tmp', null, '']),
      update(team, [2, 'y', null, ''], [2, 'x', null, '']),
      update(team, [1, 'tmp', null, ''], [1, 'y', null, '']),
    ];
    expect(told(ops)).toEqual(ops.map(({ before, after }) => ['update', 'team', [before, after]]));
  });

  it.each([
    ['case', 'Bob', 'bOB'],
    ['accents', 'Zoé', 'ZOE'],
    ['composition', 'Zo\u00e9', 'Zoe\u0301'],
    ['blanks at the end', 'bob', 'bob  '],
    ['the sharp s', 'Straße', 'STRASSE'],
    ['width', 'ｂｏｂ', 'bob'],
  ])('takes values for equal that differ in %s only', (_, released, acquired) => {
    const ops = [remove(team, 1, released, null, ''), insert(team, 2, acquired, null, '')];
    expect(real(ops).map((run) => run.op)).toEqual(['delete', 'insert']);
  });

  it('makes few runs out of a mixed batch', () => {
    const ops: RowOp[] = [];
    for (let id = 1; id <= 100; id++) {
      ops.push(insert(team, id, `t${id}`, null, ''), insert(member, id, `m${id}`, id, ''));
      ops.push(remove(member, id + 1000, `old${id}`, id + 1000, ''), remove(team, id + 1000, `old${id}`, null, ''));
      ops.push(update(node, [id, `n${id}`, null, 'x'], [id, `n${id}`, null, 'y']));
    }
    expect(real(ops).map((run) => `${run.op} ${run.link.id} ${run.ops.length}`)).toEqual([
      'insert team 100',
      'insert member 100',
      'update node 100',
      'delete member 100',
      'delete team 100',
    ]);
  });

  it('neither folds a decided row nor moves anything across it', () => {
    const ops = [
      insert(member, 1, 'a', null, 'x'),
      op('update', team, [1, 'a', null, 'x'], [1, 'a', null, 'y'], { fixed: true }),
      update(team, [1, 'a', null, 'y'], [1, 'a', null, 'z']),
      insert(member, 2, 'b', null, 'x'),
    ];
    expect(real(ops).map((run) => `${run.op} ${run.link.id} ${run.ops.length}`)).toEqual([
      'insert member 1',
      'update team 1',
      'insert member 1',
      'update team 1',
    ]);
  });

  it('keeps source order where foreign keys form a circle of tables', () => {
    const user = linkOf({ ...(facts[0] as LinkFacts), id: 'user', foreignKeys: [{ link: 'address', columns: [2] }] });
    const address = linkOf({
      ...(facts[0] as LinkFacts),
      id: 'address',
      rank: 1,
      foreignKeys: [{ link: 'user', columns: [2] }],
    });
    const ops = [insert(address, 1, 'a', null, ''), insert(user, 1, 'u', 1, ''), insert(address, 2, 'b', 1, '')];
    expect(real(ops).map((run) => run.link.id)).toEqual(['address', 'user', 'address']);
  });

  it('keeps what a caller adds to an operation', () => {
    const ops = [1, 2].map((nth) => ({
      ...update(team, [1, 'a', null, nth], [1, 'a', null, nth + 1]),
      nth,
    }));
    expect(compact(ops, 'right', false)[0]?.ops[0]?.nth).toBe(2);
  });
});
