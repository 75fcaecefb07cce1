import type { ConnectionOptions } from 'mysql2';
import type { Context } from '../../model/context.ts';
import { keepPulse } from '../../model/pulse.ts';
import { Session } from './session.ts';

/**
 * Has the server end the session when it says nothing for `silenceS`, and keeps it from being silent as long as this
 * process lives.
 */
export async function startPulse(
  session: Session,
  connection: ConnectionOptions,
  silenceS: number,
  context: Context,
): Promise<void> {
  await session.execute(`SET SESSION wait_timeout = ${silenceS}`);
  const pulsed = {
    get outstanding() {
      return session.outstanding;
    },
    get answers() {
      return session.answers;
    },
    beat: () => session.execute('DO 0'),
    isWorking: () => isWorking(connection, session.threadId),
    drop: () => session.drop(),
  };
  void keepPulse(pulsed, context, session.over);
}

/** Everybody may see the connections of his own account. */
async function isWorking(connection: ConnectionOptions, threadId: number): Promise<boolean> {
  await using asking = await Session.open(connection);
  const threads = await asking.rows('SHOW PROCESSLIST');
  return threads.some(([id, , , , command]) => Number(id) === threadId && command !== 'Sleep');
}
