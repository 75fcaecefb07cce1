import { hashImage } from '../../arbiter/hash.ts';
import type { Position } from '../../model/change.ts';
import type { Checkpoint, CheckpointMove, Target, TargetTransaction } from '../../model/endpoint.ts';
import { TandemError } from '../../model/error.ts';
import type { LinkPlan, TableShape } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import type { StateTableName } from '../../model/state.ts';
import type { Row } from '../../model/value.ts';
import type { Intention } from '../lane/intentions.ts';
import { isExpected } from '../lane/lane.ts';
import { imageKinds, rowHash, type LaneItem, type LinkedChange } from '../lane/linked.ts';
import { OwedRows, type Parked } from '../lane/parked.ts';
import type { Arena } from '../map/ops.ts';
import { Debts } from './debts.ts';
import { Ledger, type LedgerBook } from './ledger.ts';
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
  /** A commit whose answer has not come: what becomes true if it turns out to have happened. */
  unanswered: { readonly seq: number; readonly settle: () => void } | null;
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
  let isOpen = true;
  try {
    const removed = new Set<number>();
    const states = new StateWrites(applier.shapes);
    const idPrefix = `${applier.stream}:${held.epoch}:${seq}`;
    const scope: Scope = {
      transaction,
      target: arena.target,
      keys: arena.keys,
      states,
      fresh: new Map(),
      made: [],
      intend: (link, hash, image, hops) => {
        if (image === null) removed.add(hash);
        else if (removed.size > 0) removed.delete(hash);
        echoes.announce(seq, hash, intentionOf(link, arena.target, image), hops);
      },
      noteAbsent: (link, key) => echoes.announceAbsent(seq, rowHash(link, arena.target, key), { link, key }),
      recall: (link, key) => states.recall(idPrefix, arena, link, key),
      isExpected: (link, hash) => !removed.has(hash) && isExpected(arena.lane.sides[arena.target], link, hash),
      mayHide: mayHide(applier, transaction),
      emptied: new Set(),
      links: new Map(arena.lane.plan.links.map((link) => [link.id, link])),
    };
    const pass = passOf(applier, scope, { move, idPrefix, seq, checkDeferred });
    await work(scope, pass);
    pass.ledger.prune();
    pass.debts.write(applier.stream, scope.states);
    await scope.states.write(transaction);
    // From here on the log may show it, whatever becomes of the answer.
    isOpen = false;
    applier.unanswered = { seq, settle: () => settle(applier, pass) };
    await transaction.commit();
    applier.held = { ...held, ...move, seq };
    answered(applier, true);
    return pass.tally;
  } catch (thrown) {
    if (isOpen) echoes.withdraw(seq);
    await transaction.rollback();
    throw thrown;
  }
}

/**
 * Asks, once in a transaction, whether the server still hides what its log has shown: a row that has been to the other
 * side meanwhile, and back. True when it has just been asked, so that whoever found nothing looks again. Throws TD7014.
 */
function mayHide({ arena }: Applier, transaction: TargetTransaction): () => Promise<boolean> {
  let hasAsked = false;
  return async () => {
    if (hasAsked) return false;
    hasAsked = true;
    const unseen = await transaction.unseen();
    if (unseen === null) return false;
    if (!arena.lane.sides[arena.target].recent.hasAny(unseen)) return true;
    throw new TandemError('TD7014', 'a transaction is in the log but not visible yet', {
      at: { side: arena.target },
    });
  };
}

function passOf(
  applier: Applier,
  scope: Scope,
  of: {
    readonly move: CheckpointMove;
    readonly idPrefix: string;
    readonly seq: number;
    readonly checkDeferred: boolean;
  },
): CarefulPass {
  const { arena } = applier;
  return {
    scope,
    arena,
    tally: { conflicts: 0, deferred: 0, reasserted: 0 },
    timed: arena.timed,
    looked: applier.looked,
    owedRows: new OwedRows(applier.parked),
    debts: new Debts(arena.lane.sides[arena.target].dirty),
    ledger: new Ledger(applier.book, scope.states, ledgerPrefix(applier, of.seq)),
    stream: applier.stream,
    effectiveUs: of.move.effectiveUs,
    idPrefix: of.idPrefix,
    seq: of.seq,
    owed: [],
    checkDeferred: of.checkDeferred,
    nowMs: applier.nowMs,
    deferred: new Map(),
    known: arena.timelines[arena.target].ordinalOf(of.move.known),
    decided: new Map(),
    standing: new Map(),
  };
}

function intentionOf(link: LinkPlan, target: Side, image: Row | null): Intention {
  return image === null || image.includes(undefined) ? image : hashImage(imageKinds(link, target), image);
}

/** Ids of conflicts are short, because people type them; `seq` is never used twice for a lane and a direction. */
function ledgerPrefix({ arena }: Applier, seq: number): string {
  return `${arena.lane.plan.id}-${arena.target === arena.lane.home ? '' : 'r'}${seq}`;
}

/** The outcome of the last commit is known. */
export function answered(applier: Applier, committed: boolean): void {
  if (committed) applier.unanswered?.settle();
  applier.unanswered = null;
}

function settle(applier: Applier, { scope, owedRows, debts, ledger, deferred, seq }: CarefulPass): void {
  const { lane, target } = applier.arena;
  // The log may have shown it before the server has confirmed it.
  const isShown = (lane.sides[target].chain ?? -1) >= seq;
  for (const [hash, isOpen] of deferred) if (!isShown) lane.deferring.set(hash, { seq, isOpen });
  for (const [id, targetKey] of scope.fresh) {
    const [link = '', sourceKey = ''] = id.split('\u0000');
    const [left, right] = scope.target === 'left' ? [targetKey, sourceKey] : [sourceKey, targetKey];
    applier.arena.keys.remember(link, left, right);
  }
  owedRows.settle();
  ledger.settle();
  debts.settle();
}
