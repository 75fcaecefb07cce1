import { decideHome } from '../../arbiter/rules.ts';
import type { Decision } from '../../model/policy.ts';
import { heldBefore } from '../lane/lane.ts';
import type { Restatement } from '../lane/restatement.ts';
import { arrivalOf, type Op } from '../map/ops.ts';
import type { CarefulPass, Decided } from '../write/pass.ts';

/** Remembers what was decided about the row, until the log shows it. Returns what the other side is told of it. */
export function noteDecided(
  pass: CarefulPass,
  op: Op,
  hash: number,
  what: Pick<Decided, 'effectiveUs' | 'gone'> & Pick<Decision, 'winner'>,
): Restatement['provenance'] {
  const { winner, effectiveUs, gone } = what;
  const before = pass.decided.get(hash);
  const provenance = provenanceOf(winner, op, before?.provenance ?? null);
  const home = winner === 'remote' ? 0 : (before?.home ?? newestOfHome(pass, op, hash));
  pass.decided.set(hash, { provenance, home, effectiveUs, gone });
  return provenance;
}

/** What home's own value holds, its log tells exactly, unless an earlier decision here has put another in its place. */
function provenanceOf(
  winner: Decision['winner'],
  { item }: Op,
  before: Restatement['provenance'],
): Restatement['provenance'] {
  switch (winner) {
    case 'remote':
      return { home: null, remote: item.position };
    case 'merged':
      return { home: before === null ? 'before' : before.home, remote: item.position };
    case 'home':
    case 'nobody':
      return before;
  }
}

function newestOfHome({ arena, known }: CarefulPass, { verdict }: Op, hash: number): number {
  // What changed while the group was stopped has left the window: nobody can have seen all of it.
  if (verdict.kind === 'conflict' && verdict.rival.ordinal < 0) return Infinity;
  return heldBefore(arena.lane.sides[arena.target], hash, known + 1).home;
}

/**
 * A change of a row that this very transaction has decided about meets the decision as it would meet it in the window,
 * had it come later: the rule is the same, and the entry is the one that the log is about to show.
 */
export function meetDecided({ arena, decided }: CarefulPass, op: Op): Op {
  const { hash } = op;
  if (hash === null || decided.size === 0 || op.change.op === 'recall') return op;
  const last = decided.get(hash);
  if (last === undefined) return op;
  const { home, effectiveUs, gone } = last;
  const entry = { ordinal: Infinity, effectiveUs, reasserted: true, gone };
  const verdict = decideHome({ newest: () => entry }, hash, arrivalOf(op, arena), () => ({ home, remote: 0 }));
  return { ...op, verdict };
}
