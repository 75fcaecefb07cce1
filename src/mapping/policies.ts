import type { Conflict, Policy, Side, Verdict } from '../model/policy.ts';

/**
 * The later write wins, by a time derived from the logs; a tie goes to the home side. With a column (a linked one, by
 * its left name), that column is compared first.
 */
export function newestWins(column?: string): Policy {
  return column === undefined ? { kind: 'newest' } : { kind: 'newest', column };
}

/** One side wins every conflict. */
export function sideWins(side: Side): Policy {
  return { kind: 'side', side };
}

/** A function of your own decides; it runs once per conflict, at the home side only, and may be asynchronous. */
export function custom(decide: (conflict: Conflict) => Verdict | Promise<Verdict>): Policy {
  return { kind: 'custom', decide, name: decide.name === '' ? 'custom' : decide.name };
}
