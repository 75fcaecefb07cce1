import { describe, expect, it } from 'vitest';
import { column, table } from '../../test/sample-schemas.ts';
import type { Finding } from '../model/finding.ts';
import type { Column, TableSchema } from '../model/schema.ts';
import { codec, enumMap, flip, nullAs, trim } from './codecs.ts';
import { compile } from './compile.ts';
import type { Declaration, DeclaredCodec, LinkDeclaration } from './declaration.ts';
import { byColumns, delta, newestWins } from './policies.ts';
import { truthy } from './shape-codecs.ts';
import { timeZone } from './zone-codec.ts';

/** A link of two tables `a` with an ordinary key, changed as a test needs it. */
interface Case {
  readonly left?: readonly Column[];
  readonly right?: readonly Column[];
  readonly leftTable?: Partial<TableSchema>;
  readonly rightTable?: Partial<TableSchema>;
  readonly columns?: LinkDeclaration['columns'];
  readonly link?: Partial<LinkDeclaration>;
}

const uuid = column('id', 'uuid', { kind: 'uuid' });

function findingsOf({ left = [], right = [], leftTable, rightTable, columns = {}, link }: Case): readonly Finding[] {
  const declaration: Declaration = {
    name: 'test',
    left: { engine: 'postgres', url: '' },
    right: { engine: 'mysql', url: '' },
    home: 'left',
    defaults: {},
    links: { a: { left: 'a', right: 'a', columns: { id: 'id', ...columns }, ...link } },
  };
  return compile(declaration, {
    left: [table('public', 'a', [uuid, ...left], leftTable)],
    right: [table('db', 'a', [uuid, ...right], rightTable)],
  }).findings;
}

const x = (given: Partial<Column> = {}, native = 'text'): Column => column('x', native, given);
const int = { kind: 'int' } as const;
const bits = (length: number): Partial<Column> => ({ kind: 'bit', length });
const generated = column('id', 'serial', { kind: 'int', auto: true });

const timesHundred = { toRight: (value: number) => value * 100, toLeft: (value: number) => value / 100 };
const cents = codec('cents', timesHundred) as unknown as DeclaredCodec;
const counting = (...names: readonly string[]): Partial<LinkDeclaration> => ({
  conflict: byColumns(
    newestWins(),
    names.map((name) => ({ columns: [name], policy: delta() })),
  ),
});

/** Code and severity of the mistake, and how its message begins. */
const mistakes: readonly (readonly [string, Case, string])[] = [
  ['no such table', { link: { right: 'b' } }, "error TD2101 right has no table 'b'"],
  ['no such left column', { columns: { y: 'id' } }, "error TD2103 public.a has no column 'y'"],
  ['no such right column', { left: [x()], columns: { x: 'y' } }, "error TD2103 db.a has no column 'y'"],
  ['a right column twice', { left: [x()], columns: { x: 'id' } }, 'error TD1002 id is already linked to id'],
  [
    'kinds that do not convert',
    { left: [x()], right: [x(int)], columns: { x: 'x' } },
    'error TD2104 x is text, x is int',
  ],
  [
    'an unsupported type',
    { left: [x({ kind: 'unsupported' }, 'point')], right: [x()], columns: { x: 'x' } },
    'error TD2108 x has the type point',
  ],
  [
    'a column that PostgreSQL computes, even one way',
    { left: [x({ generated: true })], right: [x()], columns: { x: { to: 'x', direction: 'toRight' } } },
    'error TD2312 x is computed by PostgreSQL',
  ],
  [
    'bits of another number',
    { left: [x(bits(10), 'bit(10)')], right: [x(bits(12), 'bit(12)')], columns: { x: 'x' } },
    'error TD2310 x has 10 bits, x 12',
  ],
  [
    'bits whose number varies',
    { left: [x(bits(10), 'bit varying(10)')], right: [x(bits(10), 'bit(10)')], columns: { x: 'x' } },
    'error TD2310 x (bit varying(10)) holds how many bits',
  ],
  [
    'bits whose number varies, as bytes',
    { left: [x(bits(8), 'bit varying(8)')], right: [x({ kind: 'bytes', length: 1 }, 'blob')], columns: { x: 'x' } },
    'error TD2310 x (bit varying(8)) holds how many bits',
  ],
  [
    'one varying bit, as a boolean',
    { left: [x(bits(1), 'bit varying(1)')], right: [x({ kind: 'bool' }, 'tinyint(1)')], columns: { x: 'x' } },
    'error TD2310 x (bit varying(1)) holds how many bits',
  ],
  ...['int4range', 'tstzrange', 'nummultirange', 'daterange'].map((native): readonly [string, Case, string] => [
    `a ${native} as text`,
    { left: [x({}, native)], right: [x()], columns: { x: 'x' } },
    `error TD2311 x (${native}) stores what a text means, x (text) the text itself`,
  ]),
  ...['int8range[]', 'inet[]', 'macaddr8[]'].map((native): readonly [string, Case, string] => [
    `${native} as JSON`,
    {
      left: [x({ kind: 'array', element: 'text' }, native)],
      right: [x({ kind: 'json' }, 'json')],
      columns: { x: 'x' },
    },
    `error TD2311 x (${native}) stores what a text means`,
  ]),
  [
    'NULL on the left only',
    { left: [x({ nullable: true })], right: [x()], columns: { x: 'x' } },
    'error TD2105 x may be NULL, x may not',
  ],
  [
    'values that differ',
    { left: [x({ values: ['a'] })], right: [x({ values: ['A'] })], columns: { x: 'x' } },
    'error TD2106 x and x do not allow',
  ],
  [
    'an open side',
    { left: [x()], right: [x({ values: ['a'] })], columns: { x: 'x' } },
    'warning TD2106 x allows any text',
  ],
  ['a required column left out', { right: [x()] }, 'error TD2107 db.a.x is NOT NULL without a default'],
  [
    'a computed column',
    { left: [x()], right: [x({ generated: true })], columns: { x: 'x' } },
    'error TD2109 x is computed',
  ],
  [
    'a codec without a way back',
    { left: [x()], right: [x()], columns: { x: { to: 'x', codec: halfCodec() } } },
    'error TD2110 the codec half has no toLeft',
  ],
  [
    'a table with no way back',
    { left: [x()], right: [x()], columns: { x: { to: 'x', codec: narrowing() } } },
    "error TD2110 the table maps several values to 'x'",
  ],
  [
    'a codec between columns that it is not for',
    { left: [x()], right: [x()], columns: { x: { to: 'x', codec: truthy() } } },
    'error TD2111 truthy does not fit between x and x',
  ],
  [
    'a zone that changes its clocks, and nothing said about it',
    {
      left: [x({ kind: 'timestamptz', fraction: 6 })],
      right: [x({ kind: 'timestamp', fraction: 6 })],
      columns: { x: { to: 'x', codec: flip(timeZone('Europe/Berlin')) } },
    },
    'error TD2111 flip timeZone does not fit between x and x',
  ],
  ['no primary key', { leftTable: { key: [] } }, 'error TD2201 public.a has no primary key'],
  [
    'a key that is not unique',
    { left: [x()], right: [x()], columns: { x: 'x' }, link: { key: ['x'] } },
    'error TD2201 x does not identify',
  ],
  [
    'keys that are not linked',
    { left: [x()], right: [x()], columns: { x: 'x' }, rightTable: { key: ['x'] } },
    'error TD2202 the primary keys are not linked',
  ],
  ['a key linked one way', { columns: { id: { to: 'id', direction: 'toRight' } } }, 'error TD2202 a key column cannot'],
  [
    'a natural key that is not unique',
    { left: [x()], right: [x()], columns: { x: 'x' }, link: { naturalKeys: [['x']] } },
    'error TD2204 x is not unique',
  ],
  ['mapped keys that nobody generates', { link: { keys: 'mapped' } }, 'error TD2205 public.a does not generate'],
  [
    'unique on one side',
    {
      left: [x()],
      right: [x()],
      columns: { x: 'x' },
      leftTable: { uniques: [{ name: 'u', columns: ['x'], deferrable: false }] },
    },
    'warning TD2301 x is unique in public.a only',
  ],
  [
    'an unguarded trigger',
    { rightTable: { triggers: [{ name: 't', event: 'BEFORE UPDATE', guarded: false }] } },
    'warning TD2303 the trigger t',
  ],
  [
    'a shorter text',
    { left: [x()], right: [x({ length: 10 }, 'varchar(10)')], columns: { x: 'x' } },
    'warning TD2304 x (varchar(10)) holds less',
  ],
  [
    'a smaller number',
    { left: [x(int, 'integer')], right: [x(int, 'smallint')], columns: { x: 'x' } },
    'warning TD2304 x (smallint) holds less',
  ],
  [
    'fewer digits of a second',
    { left: [x({ kind: 'time', fraction: 6 })], right: [x({ kind: 'time', fraction: 0 })], columns: { x: 'x' } },
    'note TD2304 x keeps 6 digits of a second, x 0',
  ],
  ['a constant for no column', { link: { rightOnly: { y: 1 } } }, "error TD2103 db.a has no column 'y'"],
  ['a constant of another type', { right: [x(int)], link: { rightOnly: { x: 'one' } } }, 'error TD2104 x is int'],
  [
    'a policy over a column that is not linked',
    { link: { conflict: newestWins('y') } },
    "error TD2103 the conflict policy of 'a' compares 'y'",
  ],
  [
    'a counter of text',
    { left: [x()], right: [x()], columns: { x: 'x' }, link: counting('x') },
    'error TD8015 x is text, and `delta` adds exact numbers only',
  ],
  [
    'a counter of floating point numbers',
    {
      left: [x({ kind: 'float8' }, 'double')],
      right: [x({ kind: 'float8' })],
      columns: { x: 'x' },
      link: counting('x'),
    },
    'error TD8015 x is double, and `delta` adds exact numbers only',
  ],
  [
    'a counter behind a codec',
    { left: [x(int)], right: [x(int)], columns: { x: { to: 'x', codec: cents } }, link: counting('x') },
    'error TD8015 x goes through cents',
  ],
  [
    'a counter that flows one way',
    { left: [x(int)], right: [x(int)], columns: { x: { to: 'x', direction: 'toRight' } }, link: counting('x') },
    'error TD8015 x flows one way',
  ],
  [
    'a column in two groups',
    { left: [x(int)], right: [x(int)], columns: { x: 'x' }, link: counting('x', 'x') },
    "error TD8015 'x' is in two column groups",
  ],
  ['a group of columns that are not linked', { link: counting('y') }, "error TD2103 a column group of 'a' names 'y'"],
  ['a group with the key', { link: counting('id') }, "error TD8015 'id' is part of the key"],
  [
    'a filter over a column that is not linked',
    { link: { where: { left: { y: 1 } } } },
    "error TD2103 the filter names 'y'",
  ],
  [
    'a required column that is linked away',
    { left: [x()], right: [x()], columns: { x: { to: 'x', direction: 'toRight' } } },
    'error TD2107 public.a.x is NOT NULL without a default',
  ],
];

function halfCodec(): DeclaredCodec {
  const half: Partial<DeclaredCodec> = {
    name: 'half',
    spec: { own: 'half' },
    nulls: 'keep',
    toRight: (value) => value,
  };
  return half as DeclaredCodec;
}

function narrowing(): DeclaredCodec {
  return enumMap({ a: 'x', b: 'x' }) as unknown as DeclaredCodec;
}

describe('a finding', () => {
  it.each(mistakes)('tells of %s', (_, given, expected) => {
    const found = findingsOf(given).map(({ severity, code, message }) => `${severity} ${code} ${message}`);
    expect(found.map((text) => text.slice(0, expected.length))).toContain(expected);
  });

  it('comes alone where nothing else is wrong', () => {
    expect(findingsOf({})).toEqual([]);
    const alone = mistakes.filter(([name]) =>
      ['no such right column', 'no such left column', 'NULL on the left only'].includes(name),
    );
    for (const [name, given] of alone) expect(findingsOf(given), name).toHaveLength(1);
  });

  it('suggests the name that was meant', () => {
    const given = {
      left: [column('full_name', 'text')],
      right: [column('fullname', 'text')],
      columns: { full_name: 'full_nam' },
    };
    expect(findingsOf(given)).toMatchObject([
      { code: 'TD2103', suggestion: 'fullname', found: 'full_nam', path: ['links', 'a', 'columns', 'full_name'] },
    ]);
  });

  it('writes the codec that mends values that differ', () => {
    const values = (...values: string[]) => [x({ values })];
    const fix = (left: Column[], right: Column[]) => findingsOf({ left, right, columns: { x: 'x' } })[0]?.fix;
    expect(fix(values('in_review'), values('In Review'))).toBe("x: via('x', titleCase())");
    expect(fix(values('OPEN'), values('open'))).toBe("x: via('x', flip(upperCase()))");
    expect(fix(values('in-use', 'free'), values('IN USE', 'Free'))).toBe(
      "x: via('x', enumMap({ 'in-use': 'IN USE', free: 'Free' }))",
    );
  });

  it('explains the choices where both sides generate the same keys', () => {
    const [finding] = compileGenerated({});
    expect(finding).toMatchObject({ code: 'TD2203', severity: 'error' });
    expect(finding?.fix).toContain("keys: 'mapped'");
    expect(compileGenerated({ keys: 'shared' })).toMatchObject([{ code: 'TD2203', severity: 'error' }]);
    expect(compileGenerated({ keys: { shared: { left: 'odd', right: 'odd' } } })).toMatchObject([
      { severity: 'error' },
    ]);
    expect(compileGenerated({ keys: 'mapped' })).toEqual([]);
    expect(compileGenerated({ direction: 'toRight' })).toEqual([]);
  });

  it('refuses a codec for keys that are translated', () => {
    const columns = { id: { to: 'id', codec: trim() } };
    expect(compileGenerated({ keys: 'mapped', columns })).toMatchObject([{ code: 'TD1002', severity: 'error' }]);
  });

  it('does not ask about keys that no side, or one side alone, generates', () => {
    const declaration: Declaration = {
      name: 'test',
      left: { engine: 'postgres', url: '' },
      right: { engine: 'mysql', url: '' },
      home: 'left',
      defaults: { keys: 'mapped' },
      links: { a: { left: 'a', right: 'a', columns: { id: 'id' } } },
    };
    for (const left of [uuid, { ...uuid, auto: true }]) {
      const schemas = { left: [table('public', 'a', [left])], right: [table('db', 'a', [uuid])] };
      expect(compile(declaration, schemas).plan?.lanes[0]?.links[0]?.keys).toBe('shared');
    }
  });

  it('tells how to split a shared number space', () => {
    const [left, right] = compileGenerated({ keys: { shared: { left: 'odd', right: 'even' } } });
    expect(left).toMatchObject({ severity: 'note', fix: expect.stringContaining('INCREMENT BY 2') });
    expect(right).toMatchObject({ severity: 'note', fix: expect.stringContaining('auto_increment_offset = 2') });
  });

  it('lists everything at once, and gives no plan', () => {
    const wrong: Declaration = {
      name: '1',
      left: { engine: 'postgres', url: '' },
      right: { engine: 'mysql', url: '' },
      home: 'left',
      defaults: {},
      links: {
        nothing: { left: 'x', right: 'y', columns: {} },
        first: { left: 'a', right: 'a', columns: { id: 'id' } },
        second: { left: 'a', right: 'a', columns: { id: 'id', x: 'x' } },
      },
    };
    const { plan, findings } = compile(wrong, {
      left: [table('public', 'a', [uuid])],
      right: [table('db', 'a', [uuid, x()])],
    });
    expect(plan).toBeNull();
    const codes = findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
    expect(codes).toEqual(['TD1002', 'TD2101', 'TD2101', 'TD1002', 'TD1002', 'TD2103', 'TD2107']);
  });
});

function compileGenerated(link: Partial<LinkDeclaration>): readonly Finding[] {
  const declaration: Declaration = {
    name: 'test',
    left: { engine: 'postgres', url: '' },
    right: { engine: 'mysql', url: '' },
    home: 'left',
    defaults: {},
    links: { a: { left: 'a', right: 'a', columns: { id: 'id' }, ...link } },
  };
  return compile(declaration, { left: [table('public', 'a', [generated])], right: [table('db', 'a', [generated])] })
    .findings;
}

describe('values under a codec', () => {
  it('must come back one by one', () => {
    const folding = codec('fold', { toRight: () => 'X', toLeft: () => 'a' }) as unknown as DeclaredCodec;
    const given = { left: [x({ values: ['a', 'b'] })], right: [x({ values: ['X'] })] };
    const [finding] = findingsOf({ ...given, columns: { x: { to: 'x', codec: folding } } });
    expect(finding).toMatchObject({ code: 'TD2106', found: "without counterpart: x: 'b'" });
  });
});

describe('nullAs', () => {
  it('lets NULL on one side be a value on the other', () => {
    const given = { left: [x({ nullable: true })], right: [x()] };
    expect(findingsOf({ ...given, columns: { x: { to: 'x', codec: nullAs('') } } })).toEqual([]);
    expect(
      findingsOf({
        ...given,
        columns: { x: { to: 'x', codec: codec('same', { toRight: same, toLeft: same }) as unknown as DeclaredCodec } },
      }),
    ).toMatchObject([{ code: 'TD2105' }]);
  });
});

function same(value: string): string {
  return value;
}

describe('a type that is not carried', () => {
  const expectedOf = (left: Column): string | undefined =>
    findingsOf({ left: [left], right: [x()], columns: { x: 'x' } }).find(({ code }) => code === 'TD2108')?.expected;

  it.each([
    ['money', 'numeric'],
    ['time with time zone', 'time or timestamptz'],
    ['time(3) with time zone', 'time or timestamptz'],
    ['geometry', 'no geometry'],
    ['multipolygon', 'no geometry'],
    ['circle', 'no geometry'],
    ['hstore', 'jsonb'],
    ['vector(3)', 'bytes or JSON'],
  ])('%s: what to have instead', (native, expected) => {
    expect(expectedOf(x({ kind: 'unsupported' }, native))).toMatch(new RegExp(`^${expected}:`));
  });
});

describe('types with rules of their own on both sides', () => {
  it.each([
    ['bit varying(10)', bits(10)],
    ['bit(10)', bits(10)],
    ['int4range', {}],
    ['inet[]', { kind: 'array', element: 'text' } as const],
  ])('%s stands for itself', (native, given) => {
    expect(findingsOf({ left: [x(given, native)], right: [x(given, native)], columns: { x: 'x' } })).toEqual([]);
  });
});
