import { otherSide, type Side } from '../model/policy.ts';
import type { Row } from '../model/value.ts';
import { keyOf, rowKeyText, type LinkedChange } from '../pipeline/lane/linked.ts';
import type { StateRow } from '../pipeline/lane/marker.ts';
import { entityOf, type ParkedRow } from '../pipeline/lane/parked.ts';
import type { Recognised } from '../pipeline/recognise/recognised.ts';
import { parkedRow } from './parked-state.ts';
import type { LaneRoute } from './route.ts';
import type { KeyMap } from '../pipeline/lane/keys.ts';

// What a log shows may be just what a parked row has waited for. Whoever is woken here is asked for soon after, by
// ParkedRetries.

/** A parent has got its counterpart. */
export function wakeChildren(routes: readonly LaneRoute[], pair: Recognised['pairs'][number]): void {
  for (const { applier, notice, target } of routes) {
    if (!applier.parked.hasWaiting) continue;
    if (applier.parked.wakeWaitingFor(pair.link, target === 'left' ? pair.rightKey : pair.leftKey) > 0) notice.ring();
  }
}

/** The target's own application has changed a row that holds a value which another one is waiting for. */
export function wakeByChanges(routes: readonly LaneRoute[], keys: KeyMap, side: Side, { items }: Recognised): void {
  for (const route of routes) {
    const { parked } = route.applier;
    if (route.target !== side || !parked.hasWaiting) continue;
    for (const { lane, item } of items) {
      if (lane !== route.lane) continue;
      for (const change of item.changes) {
        const key = sourceKeyOf(keys, side, change);
        if (key !== undefined) parked.wakeWaitingFor(change.link.id, key);
      }
    }
  }
}

/** The key at the route's source of a row that has changed at its target. */
function sourceKeyOf(keys: KeyMap, side: Side, { link, before, after }: LinkedChange): string | undefined {
  const text = rowKeyText(link, side, keyOf(link, (before ?? after) as Row));
  return link.keys === 'shared' ? text : keys.recall(link.id, side, text);
}

/** A parent may have got its counterpart while its child was being parked: then nobody would wake the child. */
export function wakeMissed(keys: KeyMap, route: LaneRoute, rows: readonly ParkedRow[]): void {
  const source = otherSide(route.target);
  for (const { link, sourceKey, code, blockedBy } of rows) {
    if (blockedBy === null || code !== 'TD7013') continue;
    const at = blockedBy.indexOf(' ');
    const [parent, key] = [blockedBy.slice(0, at), blockedBy.slice(at + 1)];
    if (keys.recall(parent, source, key) !== undefined) route.applier.parked.wake(entityOf(link, sourceKey));
  }
}

/** An operator has changed a row of the parked table. */
export function takeParked(routes: readonly LaneRoute[], side: Side, row: StateRow): void {
  for (const route of routes) {
    if (route.target !== side || route.stream !== row['stream']) continue;
    const asked = parkedRow(row, route.lane, otherSide(side));
    if (asked === null) continue;
    const { parked } = route.applier;
    const known = parked.get(entityOf(asked.link, asked.sourceKey));
    // Healed or tried again meanwhile: what the operator saw is no more.
    if (known === undefined || known.attempts > asked.attempts) continue;
    parked.add(asked);
    route.notice.ring();
  }
}
