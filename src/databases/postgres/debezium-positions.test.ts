import { describe, expect, it } from 'vitest';
import type { Position } from '../../model/change.ts';
import { contains, PostgresTracker, transactionKey } from './debezium-positions.ts';

const at = (text: string): Position => text as Position;
const end = (lsn: number) => ({ id: `750:${lsn}` });

describe("Debezium's records of a PostgreSQL log", () => {
  it('of one transaction have the part before the colon in common', () => {
    expect([transactionKey('755:26991480'), transactionKey('755:26991760')]).toEqual(['755', '755']);
  });

  it('are contained in a position at or behind the end of their commit record', () => {
    expect(contains(at('7/1/0/1F'), end(0x20))).toBe(true);
    expect(contains(at('7/1/0/1E'), end(0x20))).toBe(false);
    expect(contains(at('7/1/0/1F@e2'), end(0x20))).toBe(false);
  });

  it('give each transaction the last byte of its commit record, and leave out repeats', () => {
    const tracker = new PostgresTracker(at('7/1/0/1F'));
    expect(tracker.end(end(0x20))).toEqual({ position: '7/1/0/1F', known: true, eventsKnown: 0 });
    expect(tracker.end(end(0x40))).toEqual({ position: '7/1/0/3F', known: false, eventsKnown: 0 });
    expect(tracker.end(end(0x40))).toEqual({ position: '7/1/0/3F', known: true, eventsKnown: 0 });
    expect(tracker.position()).toBe('7/1/0/3F');
  });

  it('go on inside of a transaction that was applied in part', () => {
    const part = new PostgresTracker(at('7/1/0/1F')).part(end(0x40), 3);
    expect(part).toBe('7/1/0/3F@e3');
    const tracker = new PostgresTracker(part);
    expect(tracker.end(end(0x20)).known).toBe(true);
    expect(tracker.end(end(0x40))).toEqual({ position: '7/1/0/3F', known: false, eventsKnown: 3 });
  });

  it('take over the history of a server that was promoted', () => {
    const tracker = new PostgresTracker(at('7/1/0/1F'));
    tracker.logEndedAt(at('7/2/0/5F'));
    expect(tracker.end(end(0x40)).position).toBe('7/2/0/3F');
  });

  it('cannot go on inside of a transaction that was cut otherwise', () => {
    expect(() => new PostgresTracker(at('7/1/0/18@3'))).toThrow(expect.objectContaining({ code: 'TD6040' }));
  });

  it.each(['', '750', '750:x', 'uuid:7:8'])('are refused where they are none: %s', (id) => {
    expect(() => contains(at('7/1/0/1F'), { id })).toThrow(expect.objectContaining({ code: 'TD6010' }));
  });
});
