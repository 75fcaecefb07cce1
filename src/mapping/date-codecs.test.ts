import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { obeysLaw, pairOf } from '../../test/value-pair.ts';
import type { Column } from '../model/schema.ts';
import { flip } from './codecs.ts';
import { infinityAs, zeroDateAs } from './date-codecs.ts';
import { timeZone } from './zone-codec.ts';

const day = (given: Partial<Column> = {}): Column => column('day', 'date', { kind: 'date', ...given });
const moment = (fraction: number, given: Partial<Column> = {}): Column =>
  column('moment', 'timestamp', { kind: 'timestamp', fraction, ...given });
const nullable = { nullable: true };
const code = (expected: string): Error => expect.objectContaining({ code: expected, class: 'row' }) as Error;

const toPostgres = (left: Column, right: Column) => ({ left, right, engines: ['mysql', 'postgres'] }) as const;
const toMysql = (left: Column, right: Column) => ({ left, right, engines: ['postgres', 'mysql'] }) as const;

/** Dates that an engine can hold, as far as they are special to one of both. */
const DAYS = {
  mysql: ['0000-00-00', '2024-00-15', '2024-02-00', '2023-02-29', '0001-01-01', '2024-02-29', '9999-12-31'],
  postgres: ['infinity', '-infinity', '0044-03-15 BC', '0001-01-01', '2024-02-29', '9999-12-31'],
};

describe('zeroDateAs', () => {
  it('gives NULL for every date that is none, and keeps the left spelling of it', () => {
    const pair = pairOf(toPostgres(day(nullable), day(nullable)), zeroDateAs(null));
    for (const none of ['0000-00-00', '2024-00-15', '2024-02-00', '2023-02-29']) {
      expect(pair.toRight(none)).toBeNull();
      expect(pair.canonLeft(none)).toBeNull();
    }
    expect(pair.toLeft(null)).toBeNull();
    expect(pair.toRight('2024-02-29')).toBe('2024-02-29');
  });

  it('makes the zero date of NULL where the left may not be NULL', () => {
    expect(pairOf(toPostgres(day(), day(nullable)), zeroDateAs(null)).toLeft(null)).toBe('0000-00-00');
    const exchanged = pairOf(toMysql(moment(6, nullable), moment(6)), flip(zeroDateAs(null)));
    expect(exchanged.toRight(null)).toBe('0000-00-00 00:00:00');
    expect(exchanged.canonRight('2024-00-15 10:00:00')).toBe('0000-00-00 00:00:00');
  });

  it('parks the true date that stands for none', () => {
    const pair = pairOf(toPostgres(day(), day()), zeroDateAs('0001-01-01'));
    expect(pair.toRight('2024-00-15')).toBe('0001-01-01');
    expect(pair.toLeft('0001-01-01')).toBe('0000-00-00');
    expect(() => pair.toRight('0001-01-01')).toThrow(code('TD3002'));
  });

  it('writes zero as the other column does, and converts what is no zero', () => {
    const pair = pairOf(toPostgres(moment(0), day(nullable)), zeroDateAs(null));
    expect(pair.toLeft(null)).toBe('0000-00-00 00:00:00');
    expect(pair.toRight('2024-02-29 00:00:00')).toBe('2024-02-29');
    expect(() => pair.toRight('2024-02-29 00:00:01')).toThrow(code('TD3002'));
  });
});

describe('infinityAs', () => {
  it('parks what stands for infinity, and an infinity that is not named', () => {
    const pair = pairOf(toMysql(day(), day()), infinityAs({ infinity: '9999-12-31' }));
    expect(pair.toRight('infinity')).toBe('9999-12-31');
    expect(pair.toLeft('9999-12-31')).toBe('infinity');
    expect(() => pair.toRight('9999-12-31')).toThrow(code('TD3002'));
    expect(() => pair.toRight('-infinity')).toThrow(code('TD3004'));
  });

  it('compares what stands for infinity at the digits that both sides keep', () => {
    const pair = pairOf(toMysql(moment(6), moment(0)), infinityAs({ infinity: '9999-12-31 23:59:59.999999' }));
    expect(pair.toRight('infinity')).toBe('9999-12-31 23:59:59');
    expect(pair.toLeft('9999-12-31 23:59:59')).toBe('infinity');
    expect(pair.toRight('2024-01-01 10:00:00.5')).toBe('2024-01-01 10:00:00');
  });

  it('keeps both infinities where both are NULL on the right', () => {
    const both = infinityAs({ infinity: null, '-infinity': null });
    const loose = pairOf(toMysql(day(nullable), day(nullable)), both);
    expect([loose.toRight('infinity'), loose.toRight('-infinity'), loose.toLeft(null)]).toEqual([null, null, null]);
    const strict = pairOf(toMysql(day(), day(nullable)), both);
    expect(strict.toLeft(null)).toBe('infinity');
    expect(strict.canonLeft('-infinity')).toBe('infinity');
  });
});

describe('what stands for special dates', () => {
  it('is no guess: a value comes back, counts for the same, or is parked', () => {
    const codecs = [
      zeroDateAs(null),
      zeroDateAs('0001-01-01'),
      zeroDateAs('2024-02-29'),
      infinityAs({ infinity: null }),
      infinityAs({ infinity: null, '-infinity': null }),
      infinityAs({ infinity: '9999-12-31', '-infinity': '0001-01-01' }),
      infinityAs({ '-infinity': '0001-01-01', infinity: null }),
    ];
    const columns = [day(nullable), day(), moment(6, nullable), moment(0)];
    const given = fc.record({
      codec: fc.constantFrom(...codecs),
      left: fc.constantFrom(...columns),
      right: fc.constantFrom(...columns.filter((each) => each.nullable)),
      side: fc.constantFrom('left', 'right'),
      at: fc.nat(),
      clock: fc.constantFrom('00:00:00', '23:59:59', '10:00:00.5'),
    });
    let arrived = 0;
    fc.assert(
      fc.property(given, ({ codec, left, right, side, at, clock }) => {
        const ends = codec.codec === 'zeroDateAs' ? toPostgres(left, right) : toMysql(left, right);
        const own = side === 'left' ? left : right;
        const values = DAYS[ends.engines[side === 'left' ? 0 : 1]];
        const value = own.nullable && at % 5 === 0 ? null : (values[at % values.length] as string);
        const isDay = own.kind === 'date' || value === null || !/^\d{4}-\d\d-\d\d$/.test(value);
        const full = isDay ? value : `${value} ${own.fraction === 0 ? clock.slice(0, 8) : clock}`;
        if (obeysLaw(pairOf(ends, codec), side, own, full)) arrived += 1;
      }),
      { numRuns: 3000 },
    );
    expect(arrived).toBeGreaterThan(1000);
  });

  it('leaves all other values to another codec', () => {
    const local = moment(6, nullable);
    const instant = column('at', 'timestamptz', { kind: 'timestamptz', fraction: 6, nullable: true });
    const berlin = timeZone('Europe/Berlin', { clockChanges: 'earlier' });
    const legacy = pairOf(toPostgres(local, instant), zeroDateAs(null, { others: berlin }));
    expect(legacy.toRight('2024-07-01 12:00:00')).toBe('2024-07-01 10:00:00');
    expect(legacy.toRight('0000-00-00 00:00:00')).toBeNull();
    expect(legacy.toLeft(null)).toBeNull();
    expect(legacy.canonLeft('2024-03-31 02:30:00')).toBe('2024-03-31 01:30:00');
    expect(legacy.canonRight('2024-10-27 01:30:00')).toBe('2024-10-27 00:30:00');
    expect(() => pairOf(toPostgres(local, instant), zeroDateAs(null, { others: timeZone('Europe/Berlin') }))).toThrow(
      /clockChanges/,
    );
  });

  it('goes both ways between sides that have special dates of their own', () => {
    const both = infinityAs({ infinity: '9999-12-31' }, { others: flip(zeroDateAs(null)) });
    const pair = pairOf(toMysql(day(nullable), day()), both);
    expect([pair.toRight('infinity'), pair.toRight(null), pair.toRight('2024-02-29')]).toEqual([
      '9999-12-31',
      '0000-00-00',
      '2024-02-29',
    ]);
    expect([pair.toLeft('9999-12-31'), pair.toLeft('2024-00-15')]).toEqual(['infinity', null]);
    expect(pair.canonRight('2024-00-15')).toBe('0000-00-00');
  });

  it.each([
    ['a left that has no zero dates', toMysql(day(), day(nullable)), zeroDateAs(null), /on the left; with flip/],
    ['a left that has no infinity', toPostgres(day(), day(nullable)), infinityAs({ infinity: null }), /PostgreSQL/],
    ['a right that may not be NULL', toPostgres(day(), day()), zeroDateAs(null), /may be NULL/],
    ['no date', toPostgres(day(), day()), zeroDateAs('2024-02-30'), /true date/],
    ['a time for a date', toPostgres(day(), day()), zeroDateAs('2024-02-28 10:00:00'), /true date/],
    ['a right of another kind', toPostgres(day(), column('c', 'text')), zeroDateAs('0001-01-01'), /both sides/],
    ['nothing', toMysql(day(), day()), infinityAs({}), /a value for/],
  ] as const)('is refused before anything runs: %s', (_, ends, codec, expected) => {
    expect(() => pairOf(ends, codec)).toThrow(expected);
  });
});
