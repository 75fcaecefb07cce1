import type { Decision } from '../../../src/model/policy.ts';
import type { Row } from '../../../src/model/value.ts';
import { Judge, type PolicyName } from '../rules.ts';
import { ABSENT } from './state.ts';

/** The value that the custom policy answers. */
export const MERGED = 9;

export interface Settled {
  readonly winner: Decision['winner'];
  readonly image: number;
}

/** The production policies over one-number rows. */
class RowJudge {
  readonly #judge: Judge;

  constructor(policy: PolicyName) {
    this.#judge = new Judge(policy, 2, { c0: 0, c1: MERGED });
  }

  settle(current: number, incoming: number, currentAtUs: number, incomingAtUs: number, op: Op): Settled {
    const about = { current: rowOf(current), incoming: rowOf(incoming), incomingOp: op, currentAtUs, incomingAtUs };
    return settled(this.#judge.settle(about));
  }

  succeed(current: number, incoming: number): Settled {
    return settled(this.#judge.succeed(rowOf(current), rowOf(incoming)));
  }
}

type Op = 'insert' | 'update' | 'delete';

function rowOf(image: number): Row | null {
  return image === ABSENT ? null : [0, image];
}

function settled({ winner, row }: { readonly winner: Settled['winner']; readonly row: Row | null }): Settled {
  return { winner, image: row === null ? ABSENT : Number(row[1]) };
}

const judges = new Map<PolicyName, RowJudge>();

export function judgeOf(policy: PolicyName): RowJudge {
  let judge = judges.get(policy);
  if (judge === undefined) {
    judge = new RowJudge(policy);
    judges.set(policy, judge);
  }
  return judge;
}
