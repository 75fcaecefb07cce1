import { hashImage } from '../arbiter/hash.ts';
import type { Position } from '../model/change.ts';
import type { Checkpoint, CheckpointMove, Target } from '../model/endpoint.ts';
import type { TableShape } from '../model/plan.ts';
import type { StateTableName } from '../model/state.ts';
import type { CarefulPass, Tally } from './careful.ts';
import { isExpected } from './lane.ts';
import { imageKinds, type LaneItem } from './linked.ts';
import type { Arena } from './ops.ts';
import type { Parked, ParkedRow } from './parked.ts';
import { StateWrites } from './state-writes.ts';
import type { Scope } from './write.ts';

/** One lane of one route, from decided rows to a committed transaction. */
export interface Applier {
  readonly arena: Arena;
  readonly stream: string;
  readonly target: Target;
  readonly shapes: Readonly<Record<StateTableName, TableShape>>;
  readonly parked: Parked;
  /** The checkpoint row as this engine last wrote it. */
  held: Checkpoint;
}

/** Changes of the parked rows that become true with the commit. */
export interface Settlement {
  readonly parked: ParkedRow[];
  readonly healed: ParkedRow[];
}

/** How far the target's own log was read before anything was decided: what the audit goes by. */
export function knownNow(applier: Applier): Position | null {
  const { arena, held } = applier;
  return arena.timelines[arena.target].lastPosition ?? held.known;
}

/** The checkpoint after these items; without items it stays where it is and only counts on. */
export function moveFor(applier: Applier, items: readonly LaneItem[], known: Position | null): CheckpointMove {
  const { held } = applier;
  const last = items.at(-1);
  return {
    position: last?.position ?? held.position,
    floor: last?.seen ?? held.floor,
    known,
    effectiveUs: items.reduce((newest, item) => Math.max(newest, item.effectiveUs), held.effectiveUs),
  };
}

/**
 * Runs `work` inside one target transaction that begins with the move of the checkpoint. What it means to write is
 * announced to the reader of the target's log; pairs and parked rows count only once the commit is confirmed.
 */
export async function transact(
  applier: Applier,
  move: CheckpointMove,
  work: (scope: Scope, pass: CarefulPass, settlement: Settlement) => Promise<void>,
): Promise<Tally> {
  const { arena, held, target } = applier;
  const seq = held.seq + 1;
  const { echoes } = arena.lane.sides[arena.target];
  echoes.begin(seq, arena.timelines[arena.target].ordinalOf(move.known));
  const transaction = await target.begin(held, move).catch((thrown: unknown) => {
    echoes.withdraw(seq);
    throw thrown;
  });
  try {
    const removed = new Set<number>();
    const scope: Scope = {
      transaction,
      target: arena.target,
      keys: arena.keys,
      states: new StateWrites(applier.shapes),
      fresh: new Map(),
      intend: (link, hash, image, hops) => {
        if (image === null) removed.add(hash);
        else if (removed.size > 0) removed.delete(hash);
        const intention =
          image === null || image.includes(undefined) ? image : hashImage(imageKinds(link, arena.target), image);
        echoes.announce(seq, hash, intention, hops);
      },
      isExpected: (link, hash) => !removed.has(hash) && isExpected(arena.lane.sides[arena.target], link, hash),
      emptied: new Set(),
      links: new Map(arena.lane.plan.links.map((link) => [link.id, link])),
    };
    const tally: Tally = { conflicts: 0, deferred: 0, reasserted: 0 };
    const pass: CarefulPass = {
      scope,
      arena,
      tally,
      idPrefix: `${applier.stream}:${held.epoch}:${seq}`,
      owed: [],
      deferred: new Set(),
      decided: new Map(),
      restated: 0,
    };
    const settlement: Settlement = { parked: [], healed: [] };
    await work(scope, pass, settlement);
    await scope.states.write(transaction);
    await transaction.commit();
    applier.held = { ...held, ...move, seq };
    settle(applier, scope, settlement);
    return tally;
  } catch (thrown) {
    echoes.withdraw(seq);
    await transaction.rollback();
    throw thrown;
  }
}

function settle(applier: Applier, scope: Scope, settlement: Settlement): void {
  for (const [id, targetKey] of scope.fresh) {
    const [link = '', sourceKey = ''] = id.split('\u0000');
    const [left, right] = scope.target === 'left' ? [targetKey, sourceKey] : [sourceKey, targetKey];
    applier.arena.keys.remember(link, left, right);
  }
  for (const row of settlement.healed) applier.parked.remove(row.link, row.sourceKey);
  for (const row of settlement.parked) applier.parked.add(row);
}
