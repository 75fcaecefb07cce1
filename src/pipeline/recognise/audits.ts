import { auditHome } from '../../arbiter/rules.ts';
import type { OpenEcho } from '../lane/echo.ts';
import { keyOf } from '../lane/linked.ts';
import type { OwnTransaction, Written } from './own.ts';
import type { Recognised } from './recognised.ts';

/**
 * Did our write pass over a change of home's that was not known? Then it is decided again, unless that is a decision,
 * which our next one would have waited for.
 */
export function audit(own: OwnTransaction, hash: number, row: Written, known: number, out: Recognised): void {
  const { lane, side, marker, ordinal } = own;
  const entry = auditHome(lane.sides[side].window, hash, known, ordinal);
  if (entry === null || entry.reasserted) return;
  const local = lane.sides[side].echoes.overlap(hash, entry.ordinal);
  // What a cascade or trigger of ours did there is nobody's will, but has been told to the remote side.
  if (local === null) return answerUnasked(own, hash, row, known, out);
  const { link, keyed, image: ours } = row;
  const { effectiveUs: oursAtUs, position: oursUpTo } = marker;
  const base = lane.sides[side].echoes.heldBefore(hash, known);
  const key = keyOf(link, keyed);
  out.tasks.push({ lane, task: { kind: 'audit', link, key, local, base, ours, oursAtUs, oursUpTo, at: ordinal } });
}

/**
 * The same where nothing is to be decided again, as policies need not be exact. But the remote side, which puts off
 * what our write has passed over, waits for an answer: it is told what stands.
 */
export function answerUnasked(
  { lane, side, ordinal }: OwnTransaction,
  hash: number,
  row: Written,
  known: number,
  out: Recognised,
): void {
  const { link, keyed } = row;
  if (auditHome(lane.sides[side].window, hash, known, ordinal) === null) return;
  out.tasks.push({ lane, task: { kind: 'restate', link, key: keyOf(link, keyed) } });
}

/**
 * A row that was to be deleted and was not there may have been made by an application in that moment. Then its change
 * stands, and the other side, which has deleted its own, stands aside for it: so the row's state is told. After a
 * restart nobody knows which rows these were; whatever was changed in that moment and not written may have been one,
 * if the transaction applied anything at all: else each start would tell again all that was written while nothing ran.
 */
export function restateAbsent(
  own: OwnTransaction,
  echo: OpenEcho | null,
  known: number,
  isTold: (hash: number) => boolean,
  out: Recognised,
): void {
  const { lane, side, ordinal, marker } = own;
  if (!marker.advanced) return;
  const { window, echoes } = lane.sides[side];
  const rows = echo === null ? echoes.overlapsBetween(known, ordinal) : echo.absent;
  for (const [hash, { link, key }] of rows) {
    if (isTold(hash) || window.newest(hash, known, ordinal) === null) continue;
    out.tasks.push({ lane, task: { kind: 'restate', link, key } });
  }
}
