import { setPaused } from '../../engine/control.ts';
import { verifyOwner } from '../../engine/owner.ts';
import type { Stream } from '../../engine/sync-status.ts';
import { withEndpoints } from '../open-sync.ts';
import type { Session } from '../session.ts';

interface PauseOptions {
  readonly direction?: 'toRight' | 'toLeft';
}

/** Asks the sync to stop applying, wherever it runs; where none runs, the next one starts paused. */
export function pause(session: Session, options: PauseOptions): Promise<number> {
  return ask(session, options, true);
}

export function resume(session: Session, options: PauseOptions): Promise<number> {
  return ask(session, options, false);
}

function ask(session: Session, options: PauseOptions, paused: boolean): Promise<number> {
  const { terminal } = session;
  return withEndpoints(session, async ({ declaration, endpoints }) => {
    await verifyOwner(endpoints, declaration.name);
    const changed: Stream[] = [];
    for (const stream of streamsOf(options)) {
      if (await setPaused(endpoints.left, stream, paused)) changed.push(stream);
      terminal.say(`${stream} is asked to ${paused ? 'pause' : 'go on'}${changed.includes(stream) ? '' : ' already'}.`);
    }
    const next = [paused ? 'tandem resume' : 'tandem status'];
    terminal.document(`tandem.${paused ? 'pause' : 'resume'}/1`, { sync: declaration.name, changed, next });
    return 0;
  });
}

function streamsOf({ direction }: PauseOptions): readonly Stream[] {
  if (direction === 'toRight') return ['left->right'];
  if (direction === 'toLeft') return ['right->left'];
  return ['left->right', 'right->left'];
}
