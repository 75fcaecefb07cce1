import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { column } from '../../test/sample-schemas.ts';
import { obeysLaw, pairOf, type ValuePair } from '../../test/value-pair.ts';
import type { ClockChanges } from './declaration.ts';
import { TimeZone } from './time-zone.ts';
import { timestampOf } from './temporal.ts';
import { timeZone } from './zone-codec.ts';

const local = column('at', 'datetime(6)', { kind: 'timestamp', fraction: 6 });
const moment = column('at', 'timestamptz', { kind: 'timestamptz', fraction: 6 });
const between = (zone: string, clockChanges?: ClockChanges): ValuePair =>
  pairOf(
    { left: local, right: moment, engines: ['mysql', 'postgres'] },
    timeZone(zone, clockChanges === undefined ? {} : { clockChanges }),
  );
const code = (expected: string): Error => expect.objectContaining({ code: expected, class: 'row' }) as Error;

describe('a datetime of a time zone', () => {
  it('is the moment at which its clocks show it', () => {
    const berlin = between('Europe/Berlin', 'park');
    expect(berlin.toRight('2024-07-01 12:00:00.000001')).toBe('2024-07-01 10:00:00.000001');
    expect(berlin.toLeft('2024-12-31 23:30:00')).toBe('2025-01-01 00:30:00');
    expect(berlin.toRight('2800-07-01 12:00:00')).toBe('2800-07-01 10:00:00');
    expect(berlin.toRight('1850-01-01 00:00:00')).toBe('1849-12-31 23:06:32');
    expect(between('Asia/Kolkata').toRight('0099-07-01 12:00:00')).toBe('0099-07-01 06:06:32');
  });

  it('is parked where the clocks show it twice or never', () => {
    const berlin = between('Europe/Berlin', 'park');
    for (const twice of ['2024-10-27 02:00:00', '2024-10-27 02:59:59.999999'])
      expect(() => berlin.toRight(twice)).toThrow(code('TD3002'));
    for (const moments of ['2024-10-27 00:30:00', '2024-10-27 01:30:00'])
      expect(() => berlin.toLeft(moments)).toThrow(code('TD3002'));
    expect(() => berlin.toRight('2024-03-31 02:30:00')).toThrow(code('TD3004'));
    expect(() => between('Pacific/Apia', 'park').toRight('2011-12-30 12:00:00')).toThrow(code('TD3004'));
    expect(berlin.toLeft('2024-10-27 02:00:00')).toBe('2024-10-27 03:00:00');
    expect(() => berlin.toLeft('9999-12-31 23:30:00')).toThrow(code('TD3004'));
    for (const none of ['infinity', '-infinity', '12345-07-01 12:00:00', '0044-03-15 12:00:00 BC'])
      expect(() => berlin.toLeft(none)).toThrow(code('TD3004'));
  });

  it('counts for the same as the one that was chosen for it', () => {
    const earlier = between('Europe/Berlin', 'earlier');
    expect(earlier.toRight('2024-10-27 02:30:00')).toBe('2024-10-27 00:30:00');
    expect(earlier.canonRight('2024-10-27 01:30:00')).toBe('2024-10-27 00:30:00');
    expect(earlier.toRight('2024-03-31 02:30:00')).toBe('2024-03-31 00:30:00');
    expect(earlier.canonLeft('2024-03-31 02:30:00')).toBe('2024-03-31 01:30:00');
    const later = between('Europe/Berlin', 'later');
    expect(later.toRight('2024-10-27 02:30:00')).toBe('2024-10-27 01:30:00');
    expect(later.toRight('2024-03-31 02:30:00')).toBe('2024-03-31 01:30:00');
    expect(later.canonRight('2024-10-27 02:30:00')).toBe('2024-10-27 02:30:00');
  });

  it('comes back, counts for the same, or is parked, in any zone at any time', () => {
    const zones = ['Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns'];
    const pairs = zones.flatMap((zone) =>
      (['park', 'earlier', 'later'] as const).map((clockChanges) => [zone, between(zone, clockChanges)] as const),
    );
    // Half of the moments are within two hours of a change of the clocks.
    const changes = new Map(zones.map((zone) => [zone, changesOf(zone)]));
    const near = fc.tuple(fc.nat(), fc.integer({ min: -7200, max: 7200 }));
    const anywhere = fc.integer({ min: -5_000_000_000, max: 5_000_000_000 });
    fc.assert(
      fc.property(fc.constantFrom(...pairs), near, anywhere, fc.boolean(), ([zone, pair], [at, by], far, isNear) => {
        const known = changes.get(zone) as readonly number[];
        const seconds = isNear ? (known[at % known.length] as number) / 1000 + by : far;
        const text = timestampOf(BigInt(seconds) * 1_000_000n) as string;
        obeysLaw(pair, 'right', moment, text);
        obeysLaw(pair, 'left', local, text);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a zone that nobody knows', 'Mars/Olympus', undefined, /IANA/],
    ['nothing said about changed clocks', 'Europe/Berlin', undefined, /clockChanges/],
  ] as const)('is refused before anything runs: %s', (_, zone, clockChanges, expected) => {
    expect(() => between(zone, clockChanges)).toThrow(expected);
  });

  it('is refused where the sides are exchanged', () => {
    const exchanged = { left: moment, right: local, engines: ['postgres', 'mysql'] } as const;
    expect(() => pairOf(exchanged, timeZone('UTC'))).toThrow(/with flip/);
  });
});

/** The moments of some years at which a zone's offset changes, as far as hours show them. */
function changesOf(name: string): readonly number[] {
  const zone = new TimeZone(name);
  const hourMs = 3_600_000;
  const found: number[] = [];
  for (let ms = Date.UTC(2020, 0); ms < Date.UTC(2022, 0); ms += hourMs) {
    if (zone.civilAt(ms) - ms !== zone.civilAt(ms - hourMs) - ms + hourMs) found.push(ms);
  }
  return found;
}
