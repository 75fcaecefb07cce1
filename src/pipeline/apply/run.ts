import type { Position } from '../../model/change.ts';
import type { Task } from '../lane/lane.ts';
import type { LaneItem } from '../lane/linked.ts';
import { TasksFirst } from '../map/ops.ts';
import { owe, type Owing } from '../write/owe.ts';
import { moveFor, transact, type Applier } from '../write/transact.ts';
import { applyItems, type Applied } from './apply.ts';
import { applyTasks } from './task.ts';

/** What there is to do next for one lane of one route. */
export type Turn =
  /** The protocol's own work comes first: changes may be waiting for its outcome. */
  | { readonly kind: 'tasks'; readonly tasks: readonly Task[] }
  /** Whatever has gathered while the target was busy, whole transactions in commit order. */
  | { readonly kind: 'items'; readonly items: readonly LaneItem[] }
  /** The table group is stopped: what changes is noted instead of being applied. */
  | { readonly kind: 'owe'; readonly owing: Owing; readonly rowsMax: number }
  /** Nothing to apply for a while: remember how far the log was read. */
  | { readonly kind: 'save'; readonly position: Position; readonly seen: Position | null }
  | { readonly kind: 'end' };

/** One lane of one route, as the engine feeds it. */
export interface Route {
  readonly applier: Applier;
  /** Resolves when this lane may go on (recovered, not paused) and something is there to do. */
  next(): Promise<Turn>;
  /** The turn is committed: count it, wake who waits for it, and let the source forget what nobody needs any more. */
  done(turn: Turn, applied: Applied | null): void;
}

/**
 * The line that every change walks: the source captured it and the recogniser found it foreign (both on the reader's
 * side); here it is mapped, batched, decided and applied together with its checkpoint, and then acknowledged.
 *
 * Ends when the route says so. Throws TandemError; after a transient one the caller takes over the checkpoint and runs
 * on.
 */
export async function run(route: Route): Promise<void> {
  for (;;) {
    const turn = await route.next();
    switch (turn.kind) {
      case 'end':
        return;
      case 'tasks':
        await tasks(route, turn);
        break;
      case 'items':
        await items(route, turn);
        break;
      case 'owe':
        await owe(route.applier, turn.owing, turn.rowsMax);
        route.done(turn, null);
        break;
      case 'save':
        await save(route.applier, turn);
        route.done(turn, null);
        break;
    }
  }
}

async function tasks(route: Route, turn: Turn & { readonly kind: 'tasks' }): Promise<void> {
  try {
    route.done(turn, { ...(await applyTasks(route.applier, turn.tasks)), rows: 0, transactions: 0, parked: [] });
  } catch (thrown) {
    // Then the next turn holds these tasks, too.
    if (!(thrown instanceof TasksFirst)) throw thrown;
  }
}

async function items(route: Route, turn: Turn & { readonly kind: 'items' }): Promise<void> {
  try {
    route.done(turn, await applyItems(route.applier, turn.items));
  } catch (thrown) {
    // Then the tasks are the next turn, and what is left of the items comes again after them.
    if (!(thrown instanceof TasksFirst)) throw thrown;
  }
}

async function save(applier: Applier, turn: Turn & { readonly kind: 'save' }): Promise<void> {
  const move = moveFor(applier, [], applier.held.known);
  const known = applier.arena.timelines[applier.arena.target].lastPosition ?? move.known;
  await transact(applier, { ...move, known, position: turn.position, floor: turn.seen ?? move.floor }, async () => {});
}
