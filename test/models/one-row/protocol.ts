import { productionRules, type PolicyName, type Rules } from '../rules.ts';

/**
 * What the pipeline does around the rules. `true` is what it should do; a mutation sets one to false, and the search
 * must then find a history that ends badly.
 */
export interface Habits {
  /** Every decision about a conflict goes through home's log, even where the row does not change. */
  readonly reasserts: boolean;
  /** At home, a row that we wrote is not touched again before our write was read back. */
  readonly waitsForEcho: boolean;
  /** A decision that found the row absent is restated where the row was made again meanwhile. */
  readonly restatesAbsent: boolean;
  /** Writes of decisions are audited like plain ones. */
  readonly auditsDecisions: boolean;
  /** After a restart nothing is applied before our own last transactions were read back. */
  readonly readsOwnFirst: boolean;
  /** What a decision in home's favour holds, and how new it is, is found out by the reader of home's log. */
  readonly looksBack: boolean;
  /** Every deferral counts until the row is written, also where another one follows. */
  readonly keepsDeferrals: boolean;
  /** An audit looks in the log for later changes of the row, not only at its value. */
  readonly asksTheLog: boolean;
  /** After a restart hybrid times go on from where the checkpoint left them. */
  readonly remembersTime: boolean;
  /** A change that comes after a decision about its row in the same batch is judged by that decision. */
  readonly meetsDecisions: boolean;
}

export const allHabits: Habits = {
  reasserts: true,
  waitsForEcho: true,
  restatesAbsent: true,
  auditsDecisions: true,
  readsOwnFirst: true,
  looksBack: true,
  keepsDeferrals: true,
  asksTheLog: true,
  remembersTime: true,
  meetsDecisions: true,
};

/** One configuration of the search. */
export interface Scope {
  readonly policy: PolicyName;
  /** Writes of applications at home and at the remote side. */
  readonly writes: readonly [number, number];
  readonly values: readonly number[];
  /** What the applications' wall clocks may show. */
  readonly clocks: readonly number[];
  readonly crashes: number;
  /** Changes that one transaction may hold. */
  readonly batch: number;
  readonly rules: Rules;
  readonly habits: Habits;
}

export function scope(given: Partial<Omit<Scope, 'rules' | 'habits'>>, wrong: Wrong = {}): Scope {
  return {
    policy: 'home',
    writes: [2, 2],
    values: [0, 1],
    clocks: [1],
    crashes: 0,
    batch: 1,
    ...given,
    rules: { ...productionRules, ...wrong.rules },
    habits: { ...allHabits, ...wrong.habits },
  };
}

/** What a mutation does wrong. */
export interface Wrong {
  readonly rules?: Partial<Rules>;
  readonly habits?: Partial<Habits>;
}
