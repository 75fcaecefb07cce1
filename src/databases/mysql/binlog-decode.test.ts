import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalBytes, decimalText } from './binlog-decimal.ts';
import { jsonText } from './binlog-json.ts';
import { readDateTime, readDate, readTime, readTimestamp } from './binlog-temporal.ts';
import type { ColumnPlan, ValueReader } from './binlog-values.ts';
import { dateOfDay, fractionText, trimFraction } from './canonical.ts';
import { readUtf8 } from './charset.ts';

const column: ColumnPlan = {
  name: 'c',
  read: readDate,
  bytes: 0,
  length: 0,
  precision: 0,
  scale: 0,
  unsigned: false,
  labels: [],
  text: readUtf8,
  generated: false,
};

function read(reader: ValueReader, hex: string, bytes = 0): unknown {
  const cursor = { buffer: Buffer.from(hex, 'hex'), at: 0 };
  const value = reader(cursor, { ...column, bytes });
  expect(cursor.at).toBe(hex.length / 2);
  return value;
}

/** The server's way to store a decimal, written down a second time. */
function encodeDecimal(negative: boolean, digits: string, scale: number): Buffer {
  const groups = (text: string, fromLeft: boolean): string[] => {
    const short = text.length % 9;
    const head = fromLeft || short === 0 ? [] : [text.slice(0, short)];
    const rest = text.slice(head[0]?.length ?? 0).match(/.{1,9}/g) ?? [];
    return [...head, ...rest];
  };
  const all = [
    ...groups(digits.slice(0, digits.length - scale), false),
    ...groups(digits.slice(digits.length - scale), true),
  ];
  const bytes = all.flatMap((group) => {
    const width = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4][group.length] ?? 0;
    return Array.from({ length: width }, (_, at) => Math.floor(Number(group) / 256 ** (width - 1 - at)) % 256);
  });
  bytes[0] = (bytes[0] ?? 0) ^ 0x80;
  return Buffer.from(negative ? bytes.map((byte) => byte ^ 0xff) : bytes);
}

describe('decimals', () => {
  it('come back with all their digits', () => {
    const shape = fc.integer({ min: 1, max: 65 }).chain((precision) =>
      fc.record({
        digits: fc.stringMatching(new RegExp(`^\\d{${precision}}$`)),
        scale: fc.integer({ min: 0, max: Math.min(30, precision) }),
        negative: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(shape, ({ digits, scale, negative }) => {
        const bytes = encodeDecimal(negative, digits, scale);
        expect(bytes.length).toBe(decimalBytes(digits.length, scale));
        const whole = digits.slice(0, digits.length - scale).replace(/^0+/, '');
        const fraction = scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`;
        expect(decimalText(bytes, 0, digits.length, scale)).toBe(
          `${negative ? '-' : ''}${whole === '' ? '0' : whole}${fraction}`,
        );
      }),
    );
  });

  it('are read as the server wrote them', () => {
    // DECIMAL(14,4), from the comment on decimal2bin in strings/decimal.c.
    expect(decimalText(Buffer.from('7EF204C72DFB2D', 'hex'), 0, 14, 4)).toBe('-1234567890.1234');
    expect(decimalText(Buffer.from('810DFB38D204D2', 'hex'), 0, 14, 4)).toBe('1234567890.1234');
  });
});

describe('temporal values', () => {
  it('are read to the microsecond, zero dates as they are', () => {
    expect(read(readDate, '5dd00f')).toBe('2024-02-29');
    expect(read(readDate, '000000')).toBe('0000-00-00');
    expect(read(readTime, '800000')).toBe('00:00:00');
    expect(read(readTime, '7fffffce', 1)).toBe('-00:00:00.5');
    expect(read(readTime, 'b46efb')).toBe('838:59:59');
    expect(read(readTime, '4b9105')).toBe('-838:59:59');
    expect(read(readTimestamp, '0000000000', 1)).toBe('0000-00-00 00:00:00');
    expect(read(readTimestamp, '00000001')).toBe('1970-01-01 00:00:01');
    expect(read(readTimestamp, 'ffffffff')).toBe('2106-02-07 06:28:15');
    expect(read(readTimestamp, '7fffffff0f423f', 3)).toBe('2038-01-19 03:14:07.999999');
    expect(read(readDateTime, '8000000000')).toBe('0000-00-00 00:00:00');
    expect(read(readDateTime, 'fef3ff7efb')).toBe('9999-12-31 23:59:59');
  });

  it('have the dates of the calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_528, max: 2_932_896 }), (day) => {
        expect(dateOfDay(day)).toBe(new Date(day * 86_400_000).toISOString().slice(0, 10));
      }),
    );
  });

  it('lose no digits but zeros at the end', () => {
    fc.assert(
      fc.property(fc.nat(999_999), (micros) => {
        const text = fractionText(micros);
        expect(text).toBe(trimFraction(`.${String(micros).padStart(6, '0')}`));
        expect(Number(`0${text}`)).toBe(micros / 1e6);
      }),
    );
    expect(trimFraction('10:00:00')).toBe('10:00:00');
    expect(trimFraction('10:00:00.000')).toBe('10:00:00');
  });
});

describe('binary JSON', () => {
  const text = (hex: string) => jsonText(Buffer.from(hex, 'hex'), 0, hex.length / 2);

  it('is written in canonical form', () => {
    expect(text('')).toBe('null');
    expect(text('0400')).toBe('null');
    expect(text('0000000400')).toBe('{}');
    expect(text('0200000400')).toBe('[]');
    expect(text('0001000c000b00010005010061')).toBe('{"a":1}');
    expect(text('0affffffffffffffff')).toBe('18446744073709551615');
    expect(text('090000000000000080')).toBe('-9223372036854775808');
    expect(text('0c03c3a922')).toBe('"é\\""');
  });

  it('refuses types that it does not know', () => {
    expect(() => text('0d00')).toThrow(expect.objectContaining({ code: 'TD6010' }));
    expect(() => text('0407')).toThrow(expect.objectContaining({ code: 'TD6010' }));
  });
});
