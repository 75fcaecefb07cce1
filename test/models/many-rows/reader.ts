import type { Provenance } from '../../../src/arbiter/rules.ts';
import type { OwnEntry, Reading, Restated, RowChange, SideIndex, World } from './world.ts';

/** One entry of a side's log is read: pipeline/recognise/recognise.ts and recognise-own.ts. */
export function readNext(world: World, side: SideIndex): void {
  const reading = world.readings[side];
  const ordinal = ++reading.at;
  const entry = world.sites[side].log[ordinal - 1];
  if (entry === undefined) return;
  // Hybrid time goes on from the checkpoint after a restart.
  if (ordinal > reading.checkpoint) reading.us = Math.max(reading.us, reading.usAtCheckpoint);
  if (entry.kind === 'own') return readOwn(world, side, ordinal, entry);
  reading.us = world.plan.rules.effectiveTime(entry.wall, reading.us);
  const { change } = entry;
  reading.window.add(change.id, ordinal, reading.us, { gone: change.after === null });
  deliver(reading, ordinal, [change]);
}

/** What a restart reads again is left out by its position. */
function deliver(reading: Reading, ordinal: number, changes: readonly RowChange[]): void {
  if (ordinal > reading.checkpoint) reading.items.push({ ordinal, seen: reading.seen, us: reading.us, changes });
}

function readOwn(world: World, side: SideIndex, ordinal: number, entry: OwnEntry): void {
  const reading = world.readings[side];
  reading.seen = entry.position;
  reading.us = Math.max(reading.us, entry.us);
  if (side === 0) for (const id of entry.wrote.keys()) audit(world, ordinal, entry, id);
  const sent = entry.restated.filter((each) => !isOutOfDate(world, side, ordinal, entry, each));
  noteDeferrals(world, side, ordinal, entry);
  if (sent.length === 0) return;
  reading.us = world.plan.rules.effectiveTime(0, reading.us);
  const changes = sent.map((each): RowChange => {
    const after = entry.wrote.has(each.id) ? (entry.wrote.get(each.id) ?? null) : each.image;
    if (each.purpose === 'refresh' && world.plan.habits.remembersRefreshes) {
      reading.window.add(each.id, ordinal, reading.us, { gone: after === null });
    }
    if (each.purpose === 'reassert') {
      reading.provenance.set(`${ordinal}:${each.id}`, provenanceOf(world, ordinal, each));
      reading.window.add(each.id, ordinal, timeOf(world, ordinal, each), { reasserted: true, gone: after === null });
    }
    return { op: each.purpose, id: each.id, after };
  });
  deliver(reading, ordinal, changes);
}

/** An absent row could not be locked: if it was made again since, it is looked at again. */
function isOutOfDate(world: World, side: SideIndex, ordinal: number, entry: OwnEntry, each: Restated): boolean {
  if (entry.wrote.has(each.id) || each.image !== null) return false;
  if (world.readings[side].window.newest(each.id, entry.known, ordinal) === null) return false;
  world.tasks[side].push({ kind: 'restate', id: each.id });
  return true;
}

function provenanceOf(world: World, ordinal: number, { id, home }: Restated): Provenance {
  if (home !== undefined) return { home: home ?? 0, remote: 0 };
  const { window, provenance } = world.readings[0];
  const before = window.newest(id, -1, ordinal);
  if (before === null) return { home: ordinal, remote: 0 };
  return provenance.get(`${before.ordinal}:${id}`) ?? { home: before.ordinal, remote: 0 };
}

/** A value of home's is as new as the newest write that is in it. */
function timeOf(world: World, ordinal: number, { id, home, us }: Restated): number {
  if (home === null) return us;
  return Math.max(us, world.readings[0].window.newest(id, -1, ordinal)?.effectiveUs ?? 0);
}

function audit(world: World, ordinal: number, entry: OwnEntry, id: number): void {
  const { window, born } = world.readings[0];
  const local = world.plan.rules.auditHome(window, id, entry.known, ordinal);
  if (local === null || local.reasserted || ordinal <= born) return;
  const passedOver = world.sites[0].log[local.ordinal - 1];
  if (passedOver?.kind !== 'local') return;
  const images = { local: passedOver.change.after, ours: entry.wrote.get(id) ?? null };
  world.tasks[0].push({
    kind: 'audit',
    id,
    ...images,
    localAt: local.ordinal,
    localUs: local.effectiveUs,
    oursUs: entry.us,
    at: ordinal,
  });
}

function noteDeferrals(world: World, side: SideIndex, ordinal: number, entry: OwnEntry): void {
  const { deferrals } = world.readings[side];
  for (const [id, position] of entry.deferred) {
    const list = deferrals.get(id) ?? [];
    list.push({ position, from: ordinal, until: Infinity });
    deferrals.set(id, list);
  }
  for (const id of entry.wrote.keys()) {
    for (const deferral of deferrals.get(id) ?? []) deferral.until = Math.min(deferral.until, ordinal);
  }
}
