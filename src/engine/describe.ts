import type { TandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import type { LaneRoute } from './route.ts';
import type { Running } from './running.ts';
import { STREAMS } from './stations.ts';
import type { DirectionStatus, Stream, SyncStatus } from './sync-status.ts';
import type { Watch } from './watch.ts';

/** A running engine as its status shows it. */
export function describeSync(
  running: Running,
  watch: Watch,
  { state, failure }: { readonly state: SyncStatus['state']; readonly failure: TandemError | null },
): SyncStatus {
  const of = (stream: Stream) => describeDirection(running, watch, stream);
  const directions = { 'left->right': of('left->right'), 'right->left': of('right->left') };
  const checks = watch.health(directions);
  return {
    state,
    lastError: shownError(failure),
    directions,
    sides: { left: watch.side('left'), right: watch.side('right') },
    healthy: state === 'running' && checks.every(({ ok }) => ok),
    checks,
  };
}

function describeDirection(running: Running, watch: Watch, stream: Stream): DirectionStatus {
  const routes = running.routes.filter((route) => route.stream === stream);
  const source: Side = stream === STREAMS[0] ? 'left' : 'right';
  const [first] = routes;
  const sum = (name: keyof LaneRoute['counters']) => routes.reduce((total, route) => total + route.counters[name], 0);
  const worst = routes.find((route) => route.stopped) ?? routes.find((route) => route.retrying) ?? first;
  const state =
    worst === undefined ? 'off' : (running.readers[source]?.failure ?? null) !== null ? 'retrying' : worst.state;
  const error =
    routes.find((route) => route.lastError !== null)?.lastError ?? running.readers[source]?.failure?.error ?? null;
  return {
    state,
    lagMs: state === 'off' ? null : watch.lagMs(stream),
    rows: sum('rows'),
    transactions: sum('transactions'),
    conflicts: sum('conflicts'),
    conflictCounts: routes.flatMap((route) => route.applier.book.counts),
    conflictsOpen: routes.reduce((total, route) => total + route.applier.book.openCount, 0),
    deferred: sum('deferred'),
    reasserted: sum('reasserted'),
    parked: routes.reduce((total, route) => total + route.applier.parked.size, 0),
    dropped: running.dropped[stream],
    sideEffects: running.sideEffects[stream],
    queuedRows: routes.reduce((total, route) => total + route.queue.rows, 0),
    queuedBytes: routes.reduce((total, route) => total + route.queue.bytes, 0),
    lastError: shownError(error),
  };
}

function shownError(error: TandemError | null): SyncStatus['lastError'] {
  return error === null ? null : { code: error.code, message: error.message };
}
