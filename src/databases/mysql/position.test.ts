import { describe, expect, it } from 'vitest';
import type { Position } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import {
  formatPosition,
  formatWitness,
  mariadbPositions,
  mysqlPositions,
  parsePosition,
  positionOf,
  transactionsBetween,
} from './position.ts';

const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const at = (text: string) => text as Position;

describe('positions', () => {
  it('come back as they were written', () => {
    for (const text of [`gtid:${uuid}:1-5`, 'gtid:', `gtid:${uuid}:1-5@${uuid}:6:1000`, `gtid:@${uuid}:blue:6:10`]) {
      const { state, part } = parsePosition('mysql', at(text));
      expect(formatPosition(state, part)).toBe(text);
    }
    for (const text of [`gtid:${uuid}:1-5~${uuid}:5=17`, `gtid:${uuid}:1-5@${uuid}:6:10~${uuid}:blue:7=17`]) {
      const { state, part, witness } = parsePosition('mysql', at(text));
      expect(formatPosition(state, part, witness === null ? '' : formatWitness(witness))).toBe(text);
    }
    const witness = { gtid: '0-1-6', before: '0-2-5', committedAtUs: 1_700_000_000_000_000 };
    expect(parsePosition('mariadb', at(`gtid:0-1-6${formatWitness(witness)}`)).witness).toEqual(witness);
    const { state, part } = parsePosition('mariadb', at('gtid:0-1-5,2-1-1@0-1-6:12'));
    expect(part).toEqual({ gtid: '0-1-6', rows: 12 });
    expect(formatPosition(state)).toBe('gtid:0-1-5,2-1-1');
  });

  it('read what the server prints', () => {
    expect(positionOf('mysql', `${uuid}:1-5,\n${uuid.replace('3', '4')}:1`)).toBe(
      `gtid:${uuid}:1-5,${uuid.replace('3', '4')}:1`,
    );
    expect(transactionsBetween('mysql', at(`gtid:${uuid}:1-5`), at(`gtid:${uuid}:1-9:blue:1`))).toBe(5);
    expect(transactionsBetween('mariadb', at('gtid:0-1-5'), at('gtid:0-1-9'))).toBe(4);
  });

  it('of another engine are refused', () => {
    expect(() => parsePosition('mysql', at('gtid:0-1-5'))).toThrow(TandemError);
    expect(() => parsePosition('mariadb', at(`gtid:${uuid}:1`))).toThrow(TandemError);
    expect(() => parsePosition('mysql', at('0/16B3748'))).toThrow(expect.objectContaining({ code: 'TD6005' }));
  });

  it('form a chain, parts between whole transactions', () => {
    const chains = [
      [mysqlPositions, ['', `${uuid}:1-5`, `${uuid}:1-5@${uuid}:6:10`, `${uuid}:1-5@${uuid}:6:200`, `${uuid}:1-6`]],
      [mysqlPositions, [`${uuid}:1-5@${uuid}:blue:1:10`, `${uuid}:1-5:blue:1`, `${uuid}:1-6:blue:1`]],
      [mariadbPositions, ['', '0-1-5', '0-1-5@0-1-6:10', '0-1-5@0-1-6:200', '0-1-6', '0-1-6,1-1-1', '0-2-7,1-1-1']],
    ] as const;
    for (const [positions, chain] of chains) {
      for (const [low, lower] of chain.entries()) {
        for (const [high, higher] of chain.entries()) {
          expect(positions.covers(at(`gtid:${higher}`), at(`gtid:${lower}`)), `${higher} / ${lower}`).toBe(high >= low);
        }
      }
    }
  });
});
