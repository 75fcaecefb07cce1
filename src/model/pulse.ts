import type { Context } from './context.ts';

/** What a {@link Pulse} needs of the connection that it watches. */
export interface Pulsed {
  /** Statements that were sent and are not answered yet. */
  readonly outstanding: number;
  /** Answers that have come so far. */
  readonly answers: number;
  /** Sends something that changes nothing. */
  readonly beat: () => Promise<unknown>;
  /** Asks over another connection whether the server is at work for this one. */
  readonly isWorking: () => Promise<boolean>;
  /** Gives the connection up: whoever waits for an answer is told that it broke. */
  readonly drop: () => void;
}

const BEAT_MS = 4_000;
const QUIET_BEATS = 2;
const ASKING_MS = 5_000;

/**
 * Keeps a connection alive and finds out within half a minute when the other end is gone without a word: a host that
 * lost its power, or a firewall that forgot the connection. TCP alone takes from minutes to for ever, and a limit of
 * time for statements would end long ones that are well. So the server is asked over a second connection what it is
 * doing for the first: nothing, while an answer is outstanding, twice in a row, means that question or answer was
 * lost.
 *
 * Beats also tell the server that the engine lives: one that was stopped falls silent, and its locks are soon free.
 */
export async function keepPulse(pulsed: Pulsed, { sleep }: Pick<Context, 'sleep'>, over: AbortSignal): Promise<void> {
  let answers = -1;
  let quiet = 0;
  while (!over.aborted) {
    await sleep(BEAT_MS, over).catch(() => undefined);
    if (over.aborted) return;
    const moved = pulsed.answers !== answers;
    answers = pulsed.answers;
    quiet = pulsed.outstanding > 0 && !moved ? quiet + 1 : 0;
    // A failure is told to whoever uses the connection next.
    if (pulsed.outstanding === 0) void pulsed.beat().catch(() => undefined);
    if (quiet < QUIET_BEATS) continue;
    if (await withinTime(pulsed.isWorking(), sleep)) quiet = 0;
    else if (quiet > QUIET_BEATS && pulsed.answers === answers) return pulsed.drop();
  }
}

/** An answer that does not come in time is none. */
async function withinTime(answer: Promise<boolean>, sleep: Context['sleep']): Promise<boolean> {
  const done = new AbortController();
  const late = sleep(ASKING_MS, done.signal).then(
    () => false,
    () => false,
  );
  const outcome = await Promise.race([answer.catch(() => false), late]);
  done.abort();
  return outcome;
}
