import type { Position } from '../../model/change.ts';
import { hashKeyText } from '../lane/linked.ts';
import type { StateRow } from '../lane/marker.ts';
import type { OwnTransaction, Written } from './own.ts';

/** A change of home's was put off here. */
export function takeDeferred(own: OwnTransaction, row: StateRow): void {
  const link = own.lane.plan.links.find((candidate) => candidate.id === row['link']);
  if (link === undefined) return;
  const hash = hashKeyText(link, String(row['row_key']));
  const position = row['position'] as Position;
  const { deferrals } = own.lane.sides[own.side];
  const deferral = { position, from: own.ordinal, until: Infinity };
  const list = deferrals.get(hash);
  if (list === undefined) deferrals.set(hash, [deferral]);
  else list.push(deferral);
}

/** A decision about the row has arrived, whether it had to be written or stood there already. */
export function caughtUp(own: OwnTransaction, row: StateRow): void {
  const link = own.lane.plan.links.find((candidate) => candidate.id === row['link']);
  if (link !== undefined) closeDeferrals(own, hashKeyText(link, String(row['row_key'])));
}

function closeDeferrals(own: OwnTransaction, hash: number): void {
  for (const deferral of own.lane.sides[own.side].deferrals.get(hash) ?? []) {
    if (deferral.from <= own.ordinal) deferral.until = Math.min(deferral.until, own.ordinal);
  }
}

/** A row that was physically written here is no longer behind the home side. */
export function clearDeferrals(own: OwnTransaction, written: ReadonlyMap<number, Written>): void {
  if (own.lane.sides[own.side].deferrals.size === 0) return;
  for (const hash of written.keys()) closeDeferrals(own, hash);
}
