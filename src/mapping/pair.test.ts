import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { obeysLaw, orParked, pairOf } from '../../test/value-pair.ts';
import { canonicalJson } from '../model/json.ts';
import type { Column } from '../model/schema.ts';
import { type Kind, sameValue, type Value } from '../model/value.ts';
import { codec, enumMap, epoch, flip, nullAs, titleCase, trim, upperCase } from './codecs.ts';
import type { DeclaredCodec, EngineName } from './declaration.ts';
import { CONVERTS, convertible } from './kinds.ts';
import { compileKeyPair } from './pair.ts';
import { fitFraction } from './temporal.ts';

const SET = ['a', 'b', 'c d'];
const FRACTIONS = ['', '.1', '.12', '.000001', '.123456'];
const DATES = [
  '2024-02-29',
  '1999-12-31',
  '0044-03-15 BC',
  'infinity',
  '-infinity',
  '0000-00-00',
  '2024-00-10',
  '9999-12-31',
];
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', ' ', 'a ', '\0', '😀'.repeat(11)),
);
const float = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1, 0.5, 1e300, Number.NaN));
const timestamp = fc.tuple(
  fc.constantFrom(...DATES),
  fc.constantFrom('00:00:00', '23:59:59', '12:30:01'),
  fc.constantFrom(...FRACTIONS),
);
const decimal = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }), fc.constantFrom('', '.0', '.5', '.123'))
    .map(([whole, rest]) => `${whole}${rest}`),
  fc.constantFrom('NaN', 'Infinity', '-0.5', '007', '1.00'),
);
const json = fc.oneof(
  fc.jsonValue().map((value) => canonicalJson(JSON.stringify(value))),
  fc.constantFrom('[1,2]', '["a","b"]', '9007199254740993', '[1.0,"x"]', '"\\u0000"'),
);

/** Values of each kind in canonical form, with those that other kinds have trouble with. */
const VALUES: Readonly<Record<Kind, fc.Arbitrary<Value>>> = {
  int: fc.oneof(fc.integer(), fc.constantFrom(0, 1, 255, -128, 65_536)),
  bigint: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), fc.constantFrom(0n, 1n)),
  decimal,
  float4: float.map(Math.fround),
  float8: float,
  bool: fc.oneof(fc.boolean(), fc.constant(2)),
  bit: fc.constantFrom('10110000', '00000001', '00000000', '1', '0'),
  text: fc.oneof(
    text,
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    json,
    fc.constantFrom('a,b', 'b,a', '1 day', '1 mon 02:00:00'),
  ),
  set: fc.subarray(SET),
  array: fc.array(fc.option(text, { nil: null })),
  uuid: fc.uuid(),
  bytes: fc.uint8Array({ maxLength: 20 }),
  json,
  date: fc.constantFrom(...DATES),
  time: fc.constantFrom('00:00:00', '24:00:00', '-12:00:00', '838:59:59', '12:00:00.123456', '25:00:00'),
  timestamp: timestamp.map(stamp),
  timestamptz: timestamp.map(stamp),
  interval: fc.constantFrom('1 day', '1 year 2 mons -3 days +04:05:06.5', '00:00:00', '-01:00:00'),
  unsupported: fc.constant(null),
};

function stamp([date, time, fraction]: readonly [string, string, string]): string {
  if (date.endsWith('infinity')) return date;
  const [day = '', era] = date.split(' ');
  return `${day} ${time}${fraction}${era === undefined ? '' : ` ${era}`}`;
}

/** Columns of each kind: roomy ones and tight ones. */
const COLUMNS: readonly Column[] = [
  column('c', 'int', { kind: 'int' }),
  column('c', 'tinyint unsigned', { kind: 'int', unsigned: true }),
  column('c', 'bigint', { kind: 'bigint' }),
  column('c', 'bigint unsigned', { kind: 'bigint', unsigned: true }),
  column('c', 'numeric', { kind: 'decimal' }),
  column('c', 'decimal(10,2)', { kind: 'decimal', precision: 10, scale: 2 }),
  column('c', 'float4', { kind: 'float4' }),
  column('c', 'float8', { kind: 'float8' }),
  column('c', 'boolean', { kind: 'bool' }),
  column('c', 'bit(8)', { kind: 'bit', length: 8 }),
  column('c', 'bit(1)', { kind: 'bit', length: 1 }),
  column('c', 'text'),
  column('c', 'varchar(36)', { length: 36 }),
  column('c', 'char(10)', { length: 10 }),
  column('c', "set('a','b','c d')", { kind: 'set', values: SET }),
  column('c', "set('a')", { kind: 'set', values: ['a'] }),
  column('c', 'text[]', { kind: 'array', element: 'text' }),
  column('c', 'uuid', { kind: 'uuid' }),
  column('c', 'varbinary(16)', { kind: 'bytes', length: 16 }),
  column('c', 'bytea', { kind: 'bytes' }),
  column('c', 'json', { kind: 'json' }),
  column('c', 'date', { kind: 'date' }),
  column('c', 'time(6)', { kind: 'time', fraction: 6 }),
  column('c', 'time(0)', { kind: 'time', fraction: 0 }),
  column('c', 'timestamp(6)', { kind: 'timestamp', fraction: 6 }),
  column('c', 'timestamp(0)', { kind: 'timestamptz', fraction: 0 }),
  column('c', 'interval', { kind: 'interval' }),
];

const ENGINES: readonly EngineName[] = ['postgres', 'mysql', 'mariadb'];

interface Sample {
  readonly left: Column;
  readonly right: Column;
  readonly engines: readonly [EngineName, EngineName];
  readonly value: Value;
}

/**
 * Bits of the column's length, members of its set, digits of a second that it keeps; what else a column cannot hold
 * does no harm here.
 */
function holds({ kind, length, values, fraction }: Column, value: Value): boolean {
  if (fraction !== null) return fitFraction(value, fraction) === value;
  if (kind === 'bit') return String(value).length === length;
  return kind !== 'set' || (value as readonly string[]).every((member) => values?.includes(member));
}

const sample: fc.Arbitrary<Sample> = fc
  .tuple(fc.constantFrom(...COLUMNS), fc.constantFrom(...COLUMNS))
  .filter(([left, right]) => convertible(left, right))
  .chain(([left, right]) =>
    fc.record({
      left: fc.constant(left),
      right: fc.constant(right),
      engines: fc.tuple(fc.constantFrom(...ENGINES), fc.constantFrom(...ENGINES)),
      value: VALUES[left.kind].filter((value) => holds(left, value)),
    }),
  );

describe('every pair of columns that converts by itself', () => {
  it('brings a value back as it was, or parks it', () => {
    fc.assert(
      fc.property(sample, ({ value, ...ends }) => {
        const pair = pairOf(ends);
        const there = orParked(() => pair.toRight(value));
        if (there === undefined) return;
        expect(sameValue(ends.right.kind, pair.canonRight(there), there)).toBe(true);
        const back = orParked(() => pair.toLeft(there));
        if (back === undefined) return;
        expect(sameValue(ends.left.kind, pair.canonLeft(back), pair.canonLeft(value))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('never names a value in an error', () => {
    fc.assert(
      fc.property(sample, ({ value, ...ends }) => {
        try {
          pairOf(ends).toRight(value);
        } catch (thrown) {
          const shown = JSON.stringify(thrown);
          const written = typeof value === 'string' ? value : String(value);
          if (written.length > 12 && !['00:00:00', 'infinity'].some((word) => written.includes(word)))
            expect(shown).not.toContain(written);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('is convertible both ways or not at all', () => {
    for (const [kind, others] of Object.entries(CONVERTS) as [Kind, readonly Kind[]][]) {
      for (const other of others) expect(CONVERTS[other], `${other} -> ${kind}`).toContain(kind);
    }
  });

  it('costs nothing where nothing can go wrong', () => {
    const engines = ['postgres', 'postgres'] as const;
    for (const same of COLUMNS) {
      if (same.kind === 'set') continue;
      expect(pairOf({ left: same, right: same, engines: [...engines] }).codec, same.native).toBeNull();
    }
  });
});

describe('a value that does not fit', () => {
  const end = (native: string, given: Partial<Column>): Column => column('c', native, given);
  it.each([
    ['too large', end('int', { kind: 'int' }), end('smallint', { kind: 'int' }), 40_000, 'TD3003'],
    ['negative', end('int', { kind: 'int' }), end('int unsigned', { kind: 'int', unsigned: true }), -1, 'TD3003'],
    [
      'fractional',
      end('decimal(9,2)', { kind: 'decimal', precision: 9, scale: 2 }),
      end('bigint', { kind: 'bigint' }),
      '1.50',
      'TD3002',
    ],
    [
      'too precise',
      end('numeric', { kind: 'decimal' }),
      end('decimal(9,2)', { kind: 'decimal', precision: 9, scale: 2 }),
      '1.505',
      'TD3002',
    ],
    [
      'not a number',
      end('numeric', { kind: 'decimal' }),
      end('decimal(9,2)', { kind: 'decimal', precision: 9, scale: 2 }),
      'NaN',
      'TD3004',
    ],
    ['too long', end('text', {}), end('varchar(3)', { length: 3 }), 'abcd', 'TD3007'],
    ['not in the list', end('text', {}), end('enum', { values: ['a', 'b'] }), 'c', 'TD3001'],
    [
      'infinite',
      end('timestamp', { kind: 'timestamp', fraction: 6 }),
      end('datetime(6)', { kind: 'timestamp', fraction: 6 }),
      'infinity',
      'TD3004',
    ],
    ['before our era', end('date', { kind: 'date' }), end('date', { kind: 'date' }), '0044-03-15 BC', 'TD3004'],
    ['NaN', end('float8', { kind: 'float8' }), end('double', { kind: 'float8' }), Number.NaN, 'TD3004'],
    ['no UUID', end('text', {}), end('uuid', { kind: 'uuid' }), 'x', 'TD3004'],
    ['NULL', end('text', { nullable: true }), end('text', {}), null, 'TD7003'],
  ] as const)('is parked: %s', (_, left, right, value, code) => {
    const pair = pairOf({ left, right, engines: ['postgres', 'mysql'] });
    expect(() => pair.toRight(value)).toThrow(expect.objectContaining({ code, class: 'row' }));
  });

  it('is parked on the way to PostgreSQL: NUL, zero dates, durations, 2 as a boolean', () => {
    const cases: readonly (readonly [Column, Value, string])[] = [
      [column('c', 'text'), 'a\0b', 'TD3005'],
      [column('c', 'json', { kind: 'json' }), '"\\u0000"', 'TD3005'],
      [column('c', 'date', { kind: 'date' }), '0000-00-00', 'TD3004'],
      [column('c', 'time', { kind: 'time', fraction: 6 }), '838:59:59', 'TD3003'],
      [column('c', 'boolean', { kind: 'bool' }), 2, 'TD3003'],
    ];
    for (const [both, value, code] of cases) {
      const pair = pairOf({ left: both, right: both, engines: ['mysql', 'postgres'] });
      expect(() => pair.toRight(value), both.native).toThrow(expect.objectContaining({ code }));
    }
  });

  it('counts characters as the servers do', () => {
    const pair = pairOf({
      left: column('c', 'text'),
      right: column('c', 'varchar(3)', { length: 3 }),
      engines: ['mysql', 'mysql'],
    });
    expect(pair.toRight('😀😀😀')).toBe('😀😀😀');
    expect(() => pair.toRight('😀😀😀😀')).toThrow(expect.objectContaining({ code: 'TD3007' }));
  });
});

describe('digits of a second that one side does not keep', () => {
  const fine = column('fine', 'timestamp(6)', { kind: 'timestamp', fraction: 6 });
  const coarse = column('coarse', 'datetime', { kind: 'timestamp', fraction: 0 });
  const pair = pairOf({ left: fine, right: coarse, engines: ['postgres', 'mysql'] });

  it('are cut, never rounded, on the way there', () => {
    expect(pair.toRight('2024-12-31 23:59:59.999999')).toBe('2024-12-31 23:59:59');
    expect(pair.toLeft('2024-12-31 23:59:59')).toBe('2024-12-31 23:59:59');
  });

  it('do not make a difference on the finer side', () => {
    expect(pair.canonLeft('2024-12-31 23:59:59.5')).toBe(pair.canonLeft('2024-12-31 23:59:59.25'));
    expect(pair.canonRight('2024-12-31 23:59:59')).toBe('2024-12-31 23:59:59');
  });
});

describe('a column of the key', () => {
  const at = { link: 'l', left: 'left', right: 'right' };
  const key = (left: Column, right: Column, declared: DeclaredCodec | null = null) =>
    compileKeyPair({ engine: 'mysql', column: left, at }, { engine: 'postgres', column: right, at }, declared);
  const code = expect.objectContaining({ code: 'TD3002', class: 'row' }) as Error;

  it('takes no value for another one', () => {
    const uuid = key(column('left', 'char(36)', { length: 36 }), column('right', 'uuid', { kind: 'uuid' }));
    expect(uuid.canon).toBeNull();
    expect(uuid.codec?.toRight('6ccd780c-baba-1026-9564-5b8c656024db')).toBe('6ccd780c-baba-1026-9564-5b8c656024db');
    expect(() => uuid.codec?.toRight('6CCD780C-BABA-1026-9564-5B8C656024DB')).toThrow(code);
    const at = (fraction: number) => column('at', `datetime(${fraction})`, { kind: 'timestamp', fraction });
    expect(() => key(at(6), at(0)).codec?.toRight('2024-01-01 10:00:00.5')).toThrow(code);
    expect(key(at(6), at(0)).codec?.toRight('2024-01-01 10:00:00')).toBe('2024-01-01 10:00:00');
    expect(() => key(column('left', 'text'), column('right', 'text'), trim()).codec?.toLeft('a ')).toThrow(code);
  });
});

describe('every built-in codec', () => {
  const words = column('left', 'text', { nullable: true });
  const codecs: readonly (readonly [DeclaredCodec, Column, Column, fc.Arbitrary<Value>])[] = [
    [titleCase(), words, words, text],
    [flip(titleCase()), words, words, text],
    [upperCase(), words, words, text],
    [trim(), words, words, text],
    [
      enumMap({ a: 'x', b: 'y' }) as unknown as DeclaredCodec,
      words,
      words,
      fc.constantFrom('a', 'b', 'c', 'x', 'toString'),
    ],
    [nullAs('none'), words, column('right', 'text'), fc.option(fc.oneof(text, fc.constant('none')), { nil: null })],
    ...(['s', 'ms', 'us'] as const).map(
      (unit) =>
        [
          epoch(unit),
          column('left', 'timestamp', { kind: 'timestamp', fraction: 6 }),
          column('right', 'bigint', { kind: 'bigint' }),
          VALUES.timestamp,
        ] as const,
    ),
  ];

  it.each(codecs.map(([declared, ...rest]) => [declared.name, declared, ...rest] as const))(
    '%s brings a value back, or parks it',
    (_, declared, left, right, values) => {
      const pair = pairOf({ left, right, engines: ['mysql', 'mariadb'] }, declared);
      let survived = 0;
      fc.assert(
        fc.property(values, (value) => {
          if (obeysLaw(pair, 'left', left, value)) survived += 1;
        }),
      );
      expect(survived).toBeGreaterThan(0);
    },
  );

  it('writes what its name says', () => {
    const pair = (declared: DeclaredCodec) =>
      pairOf({ left: words, right: words, engines: ['postgres', 'mysql'] }, declared);
    expect(pair(titleCase()).toRight('in_review')).toBe('In Review');
    expect(pair(flip(upperCase())).toRight('OPEN')).toBe('open');
    expect(pair(nullAs('none')).toRight(null)).toBe('none');
    expect(pair(trim()).toRight(' a ')).toBe('a');
    expect(pair(titleCase()).toRight(null)).toBeNull();
  });

  it('refuses what would not come back', () => {
    const pair = (declared: DeclaredCodec, right = words) =>
      pairOf({ left: words, right, engines: ['postgres', 'mysql'] }, declared);
    const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;
    expect(() => pair(titleCase()).toRight('McDonald')).toThrow(code('TD3002'));
    expect(() => pair(upperCase()).toRight('straße')).toThrow(code('TD3002'));
    expect(() => pair(nullAs('none'), column('right', 'text')).toRight('none')).toThrow(code('TD3002'));
    expect(() => pair(enumMap({ a: 'x' }) as unknown as DeclaredCodec).toRight('b')).toThrow(code('TD3001'));
  });
});

describe("a codec of the user's own", () => {
  const cents = codec<string, bigint>('cents', {
    toRight: (a) => BigInt(Math.round(Number(a) * 100)),
    toLeft: (b) => (Number(b) / 100).toFixed(2),
  }) as unknown as DeclaredCodec;
  const price = column('price', 'numeric(10,2)', { kind: 'decimal', precision: 10, scale: 2, nullable: true });
  const amount = column('amount', 'bigint', { kind: 'bigint', nullable: true });
  const ends = { left: price, right: amount, engines: ['postgres', 'mysql'] as [EngineName, EngineName] };

  it('is held to its round trip', () => {
    expect(pairOf(ends, cents).toRight('12.50')).toBe(1250n);
    expect(() => pairOf(ends, cents).toRight('12.505')).toThrow(expect.objectContaining({ code: 'TD3002' }));
  });

  it('may answer a number where the column holds big ones', () => {
    const loose = { ...cents, toRight: (a: Value): Value => Math.round(Number(a) * 100) };
    expect(pairOf(ends, loose).toRight('1.00')).toBe(100n);
  });

  it('is told of its own mistakes', () => {
    const broken = (toRight: (value: Value) => Value) => pairOf(ends, { ...cents, toRight });
    expect(() => broken(() => 'text').toRight('1')).toThrow(expect.objectContaining({ code: 'TD3008' }));
    const throws = broken(() => {
      throw new Error('12.50 is no price');
    });
    expect(() => throws.toRight('1')).toThrow(
      expect.objectContaining({ code: 'TD3008', message: 'the codec cents threw an error' }),
    );
  });
});
