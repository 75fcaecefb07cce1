import { accept } from '../../src/arbiter/custom.ts';
import type { Dispute } from '../../src/arbiter/dispute.ts';
import { settleByRule, succeed } from '../../src/arbiter/policy.ts';
import * as rules from '../../src/arbiter/rules.ts';
import type { LinkPlan } from '../../src/model/plan.ts';
import type { Decision, Policy } from '../../src/model/policy.ts';
import type { Column } from '../../src/model/schema.ts';
import type { Row } from '../../src/model/value.ts';

/** The production rules that the models drive. A mutation replaces one of them by a wrong one. */
export interface Rules {
  readonly decideRemote: typeof rules.decideRemote;
  readonly decideHome: typeof rules.decideHome;
  readonly auditHome: typeof rules.auditHome;
  readonly restartFloor: typeof rules.restartFloor;
  readonly hasRecovered: typeof rules.hasRecovered;
  readonly effectiveTime: typeof rules.effectiveTime;
}

export const productionRules: Rules = rules;

export type PolicyName = 'home' | 'remote' | 'newest' | 'custom';

/** In the models the left side is home. */
const policies: Readonly<Record<PolicyName, Policy>> = {
  home: { kind: 'side', side: 'left' },
  remote: { kind: 'side', side: 'right' },
  newest: { kind: 'newest' },
  custom: { kind: 'custom', name: 'merged', decide: () => 'left' },
};

/** A link of a table whose images are `width` integer columns, the first of which is the key. */
export function linkOf(policy: Policy, width: number): LinkPlan {
  const columns = Array.from({ length: width }, (_, at) => columnOf(`c${at}`));
  const ref = { schema: 'model', table: 'rows' };
  const side = { ref, columns, key: [0], constants: [], uniques: [], foreignKeys: [], where: null };
  return {
    id: 'rows',
    lane: 'rows',
    rank: 0,
    left: side,
    right: side,
    pairs: columns.map((column) => ({ left: column, right: column, codec: null, direction: 'both' })),
    direction: 'both',
    keys: 'shared',
    naturalKeys: [],
    parents: [],
    cascades: [],
    policy,
    deletes: 'sync',
    foreignKey: 'park',
    truncate: 'stop',
  };
}

function columnOf(name: string): Column {
  const numbers = { length: null, precision: null, scale: null, fraction: null, unsigned: false };
  const plain = { nullable: true, hasDefault: false, auto: false, generated: false, values: null, element: null };
  return { name, kind: 'int', native: 'int', ...plain, ...numbers, charset: null, collation: null };
}

/** Puts disputes to the production policies, without waiting: a custom function's answer is given at once. */
export class Judge {
  readonly #policy: Policy;
  readonly #link: LinkPlan;
  /** What the custom policy answers; its column names are those of the link. */
  readonly #verdict: Readonly<Record<string, number>>;

  constructor(policy: PolicyName, width: number, verdict: Readonly<Record<string, number>> = {}) {
    this.#policy = policies[policy];
    this.#link = linkOf(this.#policy, width);
    this.#verdict = verdict;
  }

  settle(about: Omit<Dispute, 'link' | 'home' | 'base'>): Decision {
    const dispute: Dispute = { link: this.#link, home: 'left', base: null, ...about };
    return this.#policy.kind === 'custom' ? accept(dispute, this.#verdict) : settleByRule(dispute);
  }

  succeed(current: Row | null, incoming: Row | null): Decision {
    const times = { currentAtUs: 0, incomingAtUs: 0 };
    return succeed({ link: this.#link, home: 'left', base: null, current, incoming, incomingOp: 'update', ...times });
  }
}
