import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { obeysLaw, pairOf } from '../../test/value-pair.ts';
import { flip, stripNul } from './codecs.ts';
import { swappedUuid, truthy } from './shape-codecs.ts';

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
