import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { obeysLaw, pairOf } from '../../test/value-pair.ts';
import { flip, stripNul } from './codecs.ts';
import { emptyAsNull, rounded, swappedUuid, truthy } from './shape-codecs.ts';

const code = (expected: string): Error => expect.objectContaining({ code: expected, class: 'row' }) as Error;
const engines = ['postgres', 'mysql'] as const;

describe('truthy', () => {
  const truth = column('c', 'boolean', { kind: 'bool' });
  const tiny = column('c', 'tinyint(1)', { kind: 'bool' });
  const whole = column('c', 'int', { kind: 'int' });

  it('takes every number but 0 for true, and keeps it', () => {
    const pair = pairOf({ left: truth, right: tiny, engines }, truthy());
    expect([pair.toLeft(2), pair.toLeft(-1), pair.toLeft(true), pair.toLeft(false)]).toEqual([true, true, true, false]);
    expect([pair.canonRight(2), pair.canonRight(true)]).toEqual([true, true]);
    const wide = pairOf({ left: truth, right: whole, engines }, truthy());
    expect([wide.toRight(true), wide.toRight(false), wide.canonRight(-7), wide.canonRight(0)]).toEqual([1, 0, 1, 0]);
  });

  it('loses nothing that it does not say', () => {
    const values = fc.oneof(fc.boolean(), fc.constantFrom(2, -1, 127));
    const pair = pairOf({ left: truth, right: tiny, engines }, truthy());
    fc.assert(fc.property(values, (value) => obeysLaw(pair, 'right', tiny, value)));
  });

  it('is for truth only', () => {
    expect(() => pairOf({ left: whole, right: whole, engines }, truthy())).toThrow(/a boolean on one side/);
  });
});

describe('rounded', () => {
  const fine = column('c', 'numeric', { kind: 'decimal' });
  const cents = column('c', 'decimal(6,2)', { kind: 'decimal', precision: 6, scale: 2 });
  const whole = column('c', 'int', { kind: 'int' });

  it.each([
    ['1.005', '1.01'],
    ['-1.005', '-1.01'],
    ['1.0049999', '1.00'],
    ['0.004', '0'],
    ['-0.005', '-0.01'],
    ['99.995', '100.00'],
    ['1.5', '1.5'],
    ['7', '7'],
  ])('%s is %s', (value, expected) => {
    const pair = pairOf({ left: fine, right: cents, engines }, rounded());
    expect(pair.toRight(value)).toBe(expected);
    expect(pair.canonLeft(value)).toBe(expected);
    expect(pair.toLeft(expected)).toBe(expected);
  });

  it('parks what does not fit after that, and what is no number', () => {
    const pair = pairOf({ left: fine, right: cents, engines }, rounded());
    expect(() => pair.toRight('9999.995')).toThrow(code('TD3003'));
    expect(() => pair.toRight('NaN')).toThrow(code('TD3004'));
    const values = fc.tuple(fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), fc.nat(99_999));
    fc.assert(
      fc.property(values, ([units, fraction]) => {
        obeysLaw(pair, 'left', fine, `${units}.${fraction}`);
        const integer = pairOf({ left: cents, right: whole, engines }, rounded());
        obeysLaw(integer, 'left', cents, `${units / 1_000_000n}.${fraction % 100}`);
      }),
    );
  });

  it('rounds before the point, too, and needs digits to round', () => {
    const hundreds = column('c', 'numeric(5,-2)', { kind: 'decimal', precision: 5, scale: -2 });
    expect(pairOf({ left: hundreds, right: cents, engines }, rounded()).toLeft('1250.00')).toBe('1300');
    expect(() => pairOf({ left: cents, right: cents, engines }, rounded())).toThrow(/fewer digits/);
  });
});

describe('emptyAsNull', () => {
  const text = (nullable: boolean) => column('c', 'text', { nullable });

  it('takes the empty text for NULL, and keeps it where it is', () => {
    const both = pairOf({ left: text(true), right: text(true), engines }, emptyAsNull());
    expect([both.toRight(''), both.toRight('a'), both.toLeft(null)]).toEqual([null, 'a', null]);
    expect(both.canonLeft('')).toBeNull();
    const strict = pairOf({ left: text(false), right: text(true), engines }, emptyAsNull());
    expect([strict.toRight(''), strict.toLeft(null), strict.toLeft('a')]).toEqual([null, '', 'a']);
    expect(() => both.toLeft('')).toThrow(code('TD3002'));
    expect(() => pairOf({ left: text(true), right: text(false), engines }, emptyAsNull())).toThrow(/may be NULL/);
  });
});

describe('swappedUuid', () => {
  const uuid = column('c', 'uuid', { kind: 'uuid' });
  const text = column('c', 'char(36)', { length: 36 });
  const bytes = column('c', 'binary(16)', { kind: 'bytes', length: 16 });

  it('writes what UUID_TO_BIN(uuid, 1) does', () => {
    const pair = pairOf({ left: uuid, right: bytes, engines }, swappedUuid());
    // The example of the MySQL manual.
    const swapped = new Uint8Array(Buffer.from('1026baba6ccd780c95645b8c656024db', 'hex'));
    expect(pair.toRight('6ccd780c-baba-1026-9564-5b8c656024db')).toEqual(swapped);
    expect(pair.toLeft(swapped)).toBe('6ccd780c-baba-1026-9564-5b8c656024db');
    const exchanged = pairOf({ left: bytes, right: uuid, engines: ['mysql', 'postgres'] }, flip(swappedUuid()));
    expect(exchanged.toRight(swapped)).toBe('6ccd780c-baba-1026-9564-5b8c656024db');
  });

  it('takes any spelling of a text, and parks what is none', () => {
    const pair = pairOf({ left: text, right: bytes, engines }, swappedUuid());
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (id, upper) => {
        expect(obeysLaw(pair, 'left', text, upper ? id.toUpperCase() : id)).toBe(true);
      }),
    );
    expect(() => pair.toRight('6ccd780c')).toThrow(code('TD3004'));
  });

  it('is for sixteen bytes only', () => {
    const short = column('c', 'binary(15)', { kind: 'bytes', length: 15 });
    expect(() => pairOf({ left: uuid, right: short, engines }, swappedUuid())).toThrow(/binary\(16\)/);
    expect(() => pairOf({ left: bytes, right: uuid, engines }, swappedUuid())).toThrow(/on the left/);
  });
});

describe('stripNul', () => {
  const words = column('c', 'text');

  it('leaves out what PostgreSQL cannot hold, and keeps it where it is', () => {
    const pair = pairOf({ left: words, right: words, engines }, stripNul());
    expect(pair.toLeft('a\0b\0')).toBe('ab');
    expect(pair.canonRight('a\0b')).toBe('ab');
    fc.assert(fc.property(fc.string(), (value) => obeysLaw(pair, 'right', words, `${value}\0`)));
  });
});
