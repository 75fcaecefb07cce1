import { hashImage } from '../arbiter/hash.ts';
import type { Position } from '../model/change.ts';
import type { Checkpoint, CheckpointMove, Target } from '../model/endpoint.ts';
import type { TableShape } from '../model/plan.ts';
import type { StateTableName } from '../model/state.ts';
import { Ledger, type LedgerBook } from './ledger.ts';
import { isExpected } from './lane.ts';
import { imageKinds, type LaneItem, type LinkedChange } from './linked.ts';
import type { Arena } from './ops.ts';
import { OwedRows, type Parked } from './parked.ts';
import type { CarefulPass, Tally } from './pass.ts';
import { StateWrites } from './state-writes.ts';
import type { Scope } from './write.ts';

/** One lane of one route, from decided rows to a committed transaction. */
export interface Applier {
  readonly arena: Arena;
  readonly stream: string;
  readonly target: Target;
  readonly shapes: Readonly<Record<StateTableName, TableShape>>;
  readonly parked: Parked;
  /** Milliseconds since 1970, for when a parked row is to be tried again. */
  readonly nowMs: () => number;
  /** Batches that go apart from the start, because the last ones held rows that the target refused. */
  wary: number;
  /** The lane's ledger of conflicts, as the target has it. */
  readonly book: LedgerBook;
  /** Changes for which the target's log was read to its end already. */
  readonly looked: WeakSet<LinkedChange>;
  /** Requests for a decision about a conflict that are known to be done, by name. */
  readonly answered: Set<string>;
  /** Told when a batch has been mapped and goes on to be written, for whoever measures. */
  readonly onMapped: () => void;
  /** The checkpoint row as this engine last wrote it. */
  held: Checkpoint;
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
  work: (scope: Scope, pass: CarefulPass) => Promise<void>,
  checkDeferred = false,
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
      made: [],
      intend: (link, hash, image, hops) => {
        if (image === null) removed.add(hash);
        else if (removed.size > 0) removed.delete(hash);
        const intention =
          image === null || image.includes(undefined) ? image : hashImage(imageKinds(link, arena.target), image);
        echoes.announce(seq, hash, intention, hops);
      },
      isExpected: (link, hash) => !removed.has(hash) && isExpected(arena.lane.sides[arena.target], link, hash),
      admitAudit: (hash) => echoes.admitAudit(seq, hash),
      emptied: new Set(),
      links: new Map(arena.lane.plan.links.map((link) => [link.id, link])),
    };
    const tally: Tally = { conflicts: 0, deferred: 0, reasserted: 0 };
    const pass: CarefulPass = {
      scope,
      arena,
      tally,
      timed: arena.timed,
      looked: applier.looked,
      owedRows: new OwedRows(applier.parked),
      ledger: new Ledger(applier.book, scope.states, ledgerPrefix(applier, seq)),
      stream: applier.stream,
      effectiveUs: move.effectiveUs,
      idPrefix: `${applier.stream}:${held.epoch}:${seq}`,
      owed: [],
      checkDeferred,
      nowMs: applier.nowMs,
      deferred: new Set(),
      decided: new Map(),
      restated: 0,
    };
    await work(scope, pass);
    pass.ledger.prune();
    await scope.states.write(transaction);
    await transaction.commit();
    applier.held = { ...held, ...move, seq };
    settle(applier, pass);
    return tally;
  } catch (thrown) {
    echoes.withdraw(seq);
    await transaction.rollback();
    throw thrown;
  }
}

/** Ids of conflicts are short, because people type them; `seq` is never used twice for a lane and a direction. */
function ledgerPrefix({ arena }: Applier, seq: number): string {
  return `${arena.lane.plan.id}-${arena.target === arena.lane.home ? '' : 'r'}${seq}`;
}

function settle(applier: Applier, { scope, owedRows, ledger }: CarefulPass): void {
  for (const [id, targetKey] of scope.fresh) {
    const [link = '', sourceKey = ''] = id.split('\u0000');
    const [left, right] = scope.target === 'left' ? [targetKey, sourceKey] : [sourceKey, targetKey];
    applier.arena.keys.remember(link, left, right);
  }
  owedRows.settle();
  ledger.settle();
}
