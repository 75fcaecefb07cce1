import { park, perColumn } from '../../src/mapping/policies.ts';
import type { Conflict, Policy, Side, Verdict } from '../../src/model/policy.ts';
import type { Family } from './family.ts';
import { counters } from './families/counters.ts';
import { kinship } from './families/kinship.ts';
import { ledger } from './families/ledger.ts';
import { lens } from './families/lens.ts';
import { claims, people } from './families/people.ts';
import { register } from './families/register.ts';
import { swaps } from './families/swaps.ts';
import { toggles } from './families/toggles.ts';
import { transfers } from './families/transfers.ts';
import { tree } from './families/tree.ts';
import type { Misfortune } from './nemesis.ts';
import type { Random } from './random.ts';

export interface ServerOptions {
  readonly logsCascades: boolean;
  readonly countsGivenKeys: boolean;
  readonly tailSteps: number;
  /** Does the log come transaction by transaction? */
  readonly trickles: boolean;
  readonly slots: boolean;
  /** Does the log tell commit times in whole seconds only? */
  readonly wholeSeconds: boolean;
}

/** What one run is made of. */
export interface Scenario {
  readonly families: readonly Family[];
  readonly home: Side;
  readonly strict: boolean;
  readonly policy: Policy;
  readonly memory: Readonly<Record<Side, ServerOptions>>;
  readonly misfortune: Misfortune;
  /** Per writer. */
  readonly transactions: number;
  readonly changesMax: number;
  readonly thinkMs: number;
}

const FAMILIES: Readonly<Record<string, readonly Family[]>> = {
  register: [register],
  toggles: [toggles],
  ledger: [ledger],
  people: [people],
  claims: [claims],
  tree: [tree],
  swaps: [swaps],
  lens: [lens],
  transfers: [transfers],
  counters: [counters],
  /** Column by column: what one side alone changed is merged. */
  columns: [lens, register],
  /** Nobody decides but an operator, who does so now and then, and about everything in the end. */
  undecided: [lens, people],
  /** Everything at once, in one table group each. */
  mixed: [register, ledger, people, transfers, tree],
  /** Servers that remove and detach children without a word in their logs, as InnoDB does before 9.6. */
  unlogged: [people, tree],
  kinship: [kinship],
  /** Without the waiting and the second looks that make policies exact; both sides must end equal all the same. */
  relaxed: [register, toggles],
};

export const CONFIGS: readonly string[] = Object.keys(FAMILIES);

/** The scenario of a configuration and a seed. Throws RangeError for a configuration that there is not. */
export function scenarioOf(config: string, random: Random): Scenario {
  const families = FAMILIES[config];
  if (families === undefined)
    throw new RangeError(`there is no configuration ${config}; there are ${CONFIGS.join(', ')}`);
  const isRough = random.chance(0.75);
  return {
    families,
    home: random.pick(['left', 'right']),
    strict: config !== 'relaxed',
    policy: config === 'undecided' ? park() : config === 'columns' ? perColumn() : policyOf(random),
    memory: { left: serverOf(random, config !== 'unlogged'), right: serverOf(random, config !== 'unlogged') },
    misfortune: {
      crashes: isRough && random.chance(0.7),
      faults: isRough && random.chance(0.6),
      delays: random.chance(0.8),
      rivals: isRough && random.chance(0.3),
      clocks: random.chance(0.4),
      pauses: isRough && random.chance(0.3),
    },
    transactions: 6 + random.below(10),
    changesMax: random.pick([2, 5, 20]),
    thinkMs: random.pick([1, 20, 200]),
  };
}

function serverOf(random: Random, logsCascades: boolean): ServerOptions {
  return {
    logsCascades: logsCascades || random.chance(0.3),
    countsGivenKeys: random.chance(0.5),
    tailSteps: 1 + random.below(3),
    trickles: random.chance(0.5),
    slots: random.chance(0.5),
    wholeSeconds: random.chance(0.3),
  };
}

function policyOf(random: Random): Policy {
  const luck = random.next();
  if (luck < 0.5) return { kind: 'newest' };
  if (luck < 0.65) return { kind: 'side', side: 'left' };
  if (luck < 0.8) return { kind: 'side', side: 'right' };
  return { kind: 'custom', name: 'whim', decide: (conflict) => whim(conflict, random) };
}

/** No rule at all: even a policy that never answers the same twice must leave both sides equal. */
function whim({ left, right }: Conflict, random: Random): Verdict {
  if (left === null || right === null) return random.chance(0.5) ? null : random.pick(['left', 'right']);
  return random.pick(['left', 'right']);
}
