import { overlay } from '../../arbiter/dispute.ts';
import { sameImage } from '../../arbiter/same.ts';
import { asTandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Row } from '../../model/value.ts';
import type { Op } from '../map/ops.ts';
import type { CarefulPass } from '../write/pass.ts';
import { bare, updateRows, type Outgoing } from '../write/write.ts';

/** Thrown where a transaction must be done again, row by row and with a look at each. */
export class LookAgain extends Error {
  override readonly name = 'LookAgain';
}

/** Does the change need nothing but its own row, whichever way it is decided? */
export function mayStand({ verdict, change, targetKey, hash, keyChanged, after }: Op): boolean {
  if (verdict.kind === 'hold' || targetKey === null || hash === null) return false;
  if (after === null) return false;
  return (change.op === 'update' || change.op === 'reassert') && !keyChanged;
}

/** The entries from `from` on that may be done without another statement between them, as far as they go. */
export function runFrom(pass: CarefulPass, entries: readonly (Op | { readonly error: unknown })[], from: number): Op[] {
  const run: Op[] = [];
  for (let at = from; at < entries.length; at++) {
    const entry = entries[at] as Op;
    if ('error' in entry || !mayStand(entry) || isOwed(pass, entry)) break;
    run.push(entry);
  }
  return run;
}

function isOwed({ owedRows }: CarefulPass, { link, sourceKey }: Op): boolean {
  return owedRows.get(link.id, sourceKey) !== null;
}

/** Looks at all rows of these operations at once. Rows that are absent do not stand. */
export async function lockStanding(pass: CarefulPass, ops: readonly Op[]): Promise<void> {
  const { scope, standing } = pass;
  const byLink = new Map<LinkPlan, Map<number, Op>>();
  for (const op of ops) {
    if (op.verdict.kind === 'defer' && !pass.decided.has(op.hash as number)) continue;
    const rows = byLink.get(op.link) ?? new Map<number, Op>();
    byLink.set(op.link, rows.set(op.hash as number, op));
  }
  for (const [link, rows] of byLink) {
    const keys = [...rows.values()].map((op) => op.targetKey as Row);
    const images = await scope.transaction.lock(bare(link[scope.target]), keys);
    [...rows].forEach(([hash, { sourceKey }], at) => {
      const found = images[at] ?? null;
      if (found === null) return;
      standing.set(hash, { link, key: keys[at] as Row, sourceKey, hops: 0, found, row: found });
    });
  }
}

/** Does the operation go by rows that are locked already? Deferred changes touch none. */
export function stands(pass: CarefulPass, entry: Op | { readonly error: unknown }): boolean {
  if ('error' in entry || !mayStand(entry) || isOwed(pass, entry)) return false;
  return entry.verdict.kind === 'defer' || pass.standing.has(entry.hash as number);
}

/** The row as the operations so far leave it; null where it has to be looked for. */
export function standingRow({ standing }: CarefulPass, hash: number | null): Row | null {
  return hash === null ? null : (standing.get(hash)?.row ?? null);
}

/** The row is to hold this image, in keys of the target. False where it has to be written by a statement of its own. */
export function leaveStanding({ standing }: CarefulPass, hash: number, image: Row, hops: number): boolean {
  const known = standing.get(hash);
  if (known === undefined) return false;
  standing.set(hash, { ...known, hops, row: overlay(known.row, image) as Row });
  return true;
}

/** Writes what the rows have come to. Throws LookAgain where the target refuses it. */
export async function writeStanding(pass: CarefulPass): Promise<void> {
  const { scope, standing } = pass;
  const changed = new Map<LinkPlan, Outgoing[]>();
  for (const { link, row, found, ...rest } of standing.values()) {
    if (sameImage(link, scope.target, found, row)) continue;
    const rows = changed.get(link) ?? [];
    rows.push({ ...rest, link, image: row, before: found });
    changed.set(link, rows);
  }
  standing.clear();
  try {
    for (const [link, rows] of changed) await updateRows(scope, link, rows, 'own');
  } catch (thrown) {
    if (asTandemError(thrown).class === 'row') throw new LookAgain();
    throw thrown;
  }
}
