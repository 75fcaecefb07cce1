import {
  nextCommands,
  readStatus,
  type StoredDirection,
  type StoredLane,
  type StoredStatus,
} from '../../engine/status.ts';
import type { Stream } from '../../engine/sync-status.ts';
import { CODES, type Code } from '../../model/codes.ts';
import { exitCodes } from '../exit-codes.ts';
import { prepareOver } from '../../engine/prepare-run.ts';
import { needsAttention } from '../../engine/stored-groups.ts';
import { withRunnable } from '../open-sync.ts';
import type { Session } from '../session.ts';
import { ageText } from '../age-text.ts';
import { groupLines } from '../group-lines.ts';
import { alignColumns } from '../table.ts';
import type { Terminal } from '../terminal.ts';

const watchIntervalMs = 2000;

/**
 * Shows what both databases tell about the sync. Exit code 2 before `apply` and where a table group is stopped, 7 where
 * a log cannot be read on.
 */
export function status(session: Session, options: { readonly watch?: boolean }): Promise<number> {
  const { terminal, io } = session;
  return withRunnable(session, 'warn', async ({ prepared: first, declaration, context }) => {
    const stopped = new AbortController();
    const unsubscribe = options.watch === true ? io.onSignal(() => stopped.abort()) : () => {};
    try {
      for (let prepared = first; ; prepared = await prepareOver(first, declaration)) {
        const found = await readStatus(prepared);
        if (options.watch === true && io.stdout.isTTY) io.stdout.write('\u001B[2J\u001B[H');
        show(terminal, found, context.nowMs());
        if (options.watch !== true) return exitOfStatus(found);
        await context.sleep(watchIntervalMs, stopped.signal).catch(() => {});
        if (stopped.signal.aborted) return exitCodes.fine;
      }
    } finally {
      unsubscribe();
    }
  });
}

function show(terminal: Terminal, found: StoredStatus, nowMs: number): void {
  terminal.document('tandem.status/1', { ...found, next: nextCommands(found) });
  const { paint, print } = terminal;
  const { labels, servers } = found;
  const side = (name: 'left' | 'right') => `${labels[name]} (${servers[name].engine} ${servers[name].version})`;
  print(`${paint.bold(found.sync)}  ${side('left')} <-> ${side('right')}`);
  if (!found.applied) print(paint.yellow('not applied yet, or not for every link: tandem plan, then tandem apply'));
  for (const stream of ['left->right', 'right->left'] as const) {
    print('');
    printDirection(terminal, stream, found.directions[stream], nowMs);
  }
  for (const group of found.groups.filter((each) => each.state !== 'running' || each.misfit !== null)) {
    print('');
    const [head = '', ...lines] = groupLines(group, labels, nowMs);
    print(needsAttention(group) ? paint.red(head) : paint.yellow(head));
    lines.forEach(print);
  }
  print('');
  print(`key map: ${found.keyMap.left} rows in ${labels.left}, ${found.keyMap.right} in ${labels.right}`);
}

function printDirection(terminal: Terminal, stream: Stream, direction: StoredDirection, nowMs: number): void {
  const { paint, print } = terminal;
  const notes = [
    direction.paused ? paint.yellow('paused') : '',
    direction.deferred > 0 ? `${direction.deferred} deferred` : '',
  ];
  print([paint.bold(stream), ...notes.filter((note) => note !== '')].join('  '));
  if (direction.lanes.length === 0) return;
  const rows = direction.lanes.map((lane) => [
    lane.lane,
    lane.links.join(' '),
    behindText(lane),
    `${lane.seq}`,
    lastText(lane, nowMs),
    shortened(lane.position),
  ]);
  const [head = '', ...lines] = alignColumns(
    [['lane', 'links', 'log since', 'writes', 'last write', 'position'], ...rows],
    '  ',
  );
  print(paint.dim(head));
  lines.forEach((line, at) => print(direction.lanes[at]?.broken === null ? line : paint.red(line)));
}

/** A set of transaction ids can be very long; the JSON document holds all of it. */
function shortened(position: string): string {
  return position.length > 48 ? `${position.slice(0, 47)}…` : position;
}

function behindText({ behind, broken }: StoredLane): string {
  if (broken !== null) return `${broken.code} ${CODES[broken.code as Code].name}`;
  return behind === null ? '?' : `${behind.amount} ${behind.unit}`;
}

/** The hybrid time may be a little ahead of the clock. */
function lastText({ effectiveUs }: StoredLane, nowMs: number): string {
  return effectiveUs === 0 ? 'none yet' : `${ageText(effectiveUs, nowMs)} ago`;
}

function exitOfStatus(found: StoredStatus): number {
  const lanes = [...found.directions['left->right'].lanes, ...found.directions['right->left'].lanes];
  const broken = lanes.find((lane) => lane.broken !== null)?.broken;
  if (broken !== null && broken !== undefined) return CODES[broken.code as Code].exit;
  if (found.groups.some(needsAttention)) return exitCodes.attention;
  return found.applied ? exitCodes.fine : exitCodes.attention;
}
