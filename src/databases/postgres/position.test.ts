import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position } from '../../model/change.ts';
import { before, formatLsn, formatPosition, parseLsn, parsePosition, positions, resumeLsn } from './position.ts';

const lsn = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

describe('positions', () => {
  it('survive being written', () => {
    fc.assert(
      fc.property(lsn, fc.nat(), fc.option(fc.nat()), (at, timeline, rows) => {
        const place = { system: '7431', timeline, lsn: at, rows };
        expect(parsePosition(formatPosition(place))).toEqual(place);
        expect(parseLsn(formatLsn(at))).toBe(at);
      }),
    );
  });

  it.each([
    ['7/1/0/10', '7/1/0/10', true],
    ['7/1/0/10', '7/1/0/F', true],
    ['7/1/0/9', '7/1/0/10', false],
    ['7/1/1/0', '7/1/0/FFFFFFFF', true],
    ['7/1/0/10@3', '7/1/0/10', false],
    ['7/1/0/10', '7/1/0/10@3', true],
    ['7/1/0/10@10', '7/1/0/10@9', true],
    ['7/1/0/10@9', '7/1/0/10@10', false],
    ['7/2/0/11@1', '7/1/0/10', true],
  ])('%s covers %s: %s', (upTo, at, expected) => {
    expect(positions.covers(upTo as Position, at as Position)).toBe(expected);
  });

  it('leave out what was read, and ask again for what was read in part', () => {
    expect(resumeLsn({ lsn: 16n, rows: null })).toBe(17n);
    expect(resumeLsn({ lsn: 16n, rows: 3 })).toBe(16n);
  });

  it('at a log end do not contain the commit that may begin there', () => {
    const end = formatPosition({ system: '7', timeline: 1, lsn: before(16n), rows: null });
    expect(positions.covers(end, '7/1/0/10' as Position)).toBe(false);
    expect(positions.covers(end, '7/1/0/F' as Position)).toBe(true);
  });

  it.each(['', 'binlog.1:4', '7/1/10'])('refuse %s', (text) => {
    expect(() => parsePosition(text as Position)).toThrow(expect.objectContaining({ code: 'TD6005' }));
  });
});
