import { describe, expect, it } from 'vitest';
import type { Position } from '../../model/change.ts';
import { BinlogTracker, boundaryGtid } from './debezium-positions.ts';
import { mariadbFlavor, mysqlFlavor } from './flavor.ts';

const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const at = (text: string): Position => `gtid:${text}` as Position;
const mysql = (from: string) => new BinlogTracker(mysqlFlavor, at(from));
const mariadb = (from: string) => new BinlogTracker(mariadbFlavor, at(from));

describe("Debezium's records of a binary log", () => {
  it('let the position grow by their transactions, and leave out repeats', () => {
    const tracker = mysql(`${uuid}:1-5`);
    expect(tracker.end({ id: `${uuid}:5` })).toEqual({ position: at(`${uuid}:1-5`), known: true, eventsKnown: 0 });
    expect(tracker.end({ id: `${uuid}:6` })).toEqual({ position: at(`${uuid}:1-6`), known: false, eventsKnown: 0 });
    expect(tracker.end({ id: `${uuid}:6` }).known).toBe(true);
    expect(mariadb('0-1-5').end({ id: '0-2-6' }).position).toBe(at('0-2-6'));
  });

  it('count in what holds no rows once the log has gone on behind it', () => {
    const tracker = mysql(`${uuid}:1-5`);
    tracker.logEndedAt(at(`${uuid}:1-8`));
    tracker.logEndedAt(at(`${uuid}:1-11`));
    // 6 and 7 were told by nobody, but may still come.
    expect(tracker.end({ id: `${uuid}:8` }).position).toBe(at(`${uuid}:1-5:8`));
    expect(tracker.end({ id: `${uuid}:9` }).position).toBe(at(`${uuid}:1-9`));
    expect(tracker.end({ id: `${uuid}:12` }).position).toBe(at(`${uuid}:1-12`));
  });

  it('know the transactions of several servers, and of several domains', () => {
    const other = uuid.replace('3e', '4f');
    const tracker = mysql(`${uuid}:1-5`);
    tracker.logEndedAt(at(`${other}:1-2,${uuid}:1-6`));
    expect(tracker.end({ id: `${uuid}:7` }).position).toBe(at(`${uuid}:1-7,${other}:1-2`));
    const domains = mariadb('0-1-5');
    domains.logEndedAt(at('0-1-6,1-1-3'));
    expect(domains.end({ id: '0-1-9' }).position).toBe(at('0-1-9,1-1-3'));
  });

  it('go on inside of a transaction that was applied in part', () => {
    const part = mysql(`${uuid}:1-5`).part({ id: `${uuid}:6` }, 3);
    expect(part).toBe(at(`${uuid}:1-5@${uuid}:6:e3`));
    const tracker = new BinlogTracker(mysqlFlavor, part);
    expect(tracker.position()).toBe(part);
    expect(tracker.end({ id: `${uuid}:6` })).toEqual({ position: at(`${uuid}:1-6`), known: false, eventsKnown: 3 });
  });

  it('cannot go on inside of a transaction that was cut otherwise', () => {
    expect(() => mysql(`${uuid}:1-5@${uuid}:6:3`)).toThrow(expect.objectContaining({ code: 'TD6040' }));
  });

  it('are tagged where the transaction is', () => {
    expect(mysql('').end({ id: `${uuid}:tag:3` }).position).toBe(at(`${uuid}:tag:3`));
  });

  it.each(['', 'file=binlog.1,pos=4', '0-1-5', `${uuid}:x`])('are refused where they are none: %s', (id) => {
    expect(() => boundaryGtid(mysqlFlavor, { id })).toThrow(expect.objectContaining({ code: 'TD6010' }));
  });
});
