import { TandemError, asTandemError } from '../model/error.ts';
import type { Position, Positions } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Vitals } from '../model/vitals.ts';

const INTERVAL_MS = 5_000;
/** Where the log stood at moments of the past: enough to tell how old a position is to about a hundredth. */
const SAMPLES_MAX = 400;

interface Sample {
  readonly end: Position;
  readonly atMs: number;
  /** The file of the log that was being written; null where it has none. */
  readonly file: string | null;
}

export interface VigilOptions {
  readonly endpoint: Endpoint;
  readonly context: Context;
  /** How far the log has been read; null where nobody reads it. */
  readonly read: () => Position | null;
  /** Nothing heard for so long means that nothing is known. */
  readonly silenceMs: number;
  /** Called after each question, answered or not. */
  readonly onRound: () => void;
}

/**
 * Asks one server every few seconds how it stands, without ever writing to it. From the answers follows what a silent
 * log cannot tell by itself: that there is nothing left to read ("caught up as of then"), how old a position is,
 * how far the clocks are apart, and how long the log will still be there.
 */
export class Vigil {
  readonly #options: VigilOptions;
  /** Older than what was read: where the log stood when. The first one is not read yet. */
  #samples: Sample[] = [];
  /** Everything committed until then has been read. */
  #readUntilMs: number | null = null;
  #answeredMs: number | null = null;
  #askedMs: number;
  vitals: Vitals | null = null;
  /** What the last question failed with. */
  failure: TandemError | null = null;
  /** The server's clock minus ours, within `skewErrorMs` either way. */
  skewMs: number | null = null;
  skewErrorMs = 0;

  constructor(options: VigilOptions) {
    this.#options = options;
    this.#askedMs = options.context.nowMs();
  }

  /** Asks until the signal fires; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { context, onRound, silenceMs } = this.#options;
    while (!signal.aborted) {
      await this.#ask(signal);
      if (!signal.aborted) onRound();
      await context.sleep(Math.min(INTERVAL_MS, silenceMs / 3), signal).catch(() => undefined);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { endpoint, context, silenceMs } = this.#options;
    const askedMs = context.nowMs();
    this.#askedMs = askedMs;
    const over = new AbortController();
    const giveUp = (): void => over.abort(signal.reason);
    signal.addEventListener('abort', giveUp);
    const late = new AbortController();
    void context.sleep(silenceMs, late.signal).then(
      () => over.abort(silent(silenceMs)),
      () => undefined,
    );
    try {
      this.#take(await endpoint.vitals(over.signal), askedMs);
    } catch (thrown) {
      this.failure = asTandemError(thrown);
    } finally {
      late.abort();
      signal.removeEventListener('abort', giveUp);
    }
  }

  #take(vitals: Vitals, askedMs: number): void {
    const nowMs = this.#options.context.nowMs();
    this.vitals = vitals;
    this.failure = null;
    this.#answeredMs = nowMs;
    this.skewErrorMs = (nowMs - askedMs) / 2;
    this.skewMs = vitals.clockMs - askedMs - this.skewErrorMs;
    // What is committed later than the question may be in the answer, never the other way round.
    const { kept } = vitals;
    const file = kept.kind === 'files' ? (kept.files.at(-1)?.name ?? null) : null;
    this.#samples.push({ end: vitals.logEnd, atMs: askedMs, file });
    if (this.#samples.length > SAMPLES_MAX) this.#samples = this.#samples.filter((_, at) => at % 2 === 0);
  }

  /** Milliseconds since the server last answered; since the first question where it never has. */
  silentMs(): number {
    return this.#options.context.nowMs() - (this.#answeredMs ?? this.#askedMs);
  }

  /**
   * Everything committed until then has been read: milliseconds since 1970, or null before the first proof. A proof
   * is an end of the log that the reader has reached.
   */
  readUntilMs(): number | null {
    const { read, endpoint } = this.#options;
    const at = read();
    if (at !== null) this.#readUntilMs = newestWithin(this.#samples, endpoint.positions, at) ?? this.#readUntilMs;
    return this.#readUntilMs;
  }

  /** How long ago the log went beyond this position, and in which file; age 0 where it still ends there. */
  since(position: Position): { readonly ageMs: number; readonly file: string | null } {
    const { positions } = this.#options.endpoint;
    const beyond = this.#samples.find((sample) => !positions.covers(position, sample.end));
    if (beyond === undefined) return { ageMs: 0, file: null };
    return { ageMs: Math.max(1, this.#options.context.nowMs() - beyond.atMs), file: beyond.file };
  }

  /** The past before this position is of no interest any more. */
  forget(position: Position): void {
    const { positions } = this.#options.endpoint;
    const beyond = this.#samples.findIndex((sample) => !positions.covers(position, sample.end));
    // The newest sample within the position stays: it is the proof that it was reached.
    const within = (beyond < 0 ? this.#samples.length : beyond) - 1;
    if (within > 0) this.#samples.splice(0, within);
  }
}

function newestWithin(samples: readonly Sample[], positions: Positions, at: Position): number | null {
  return samples.findLast((sample) => positions.covers(at, sample.end))?.atMs ?? null;
}

function silent(silenceMs: number): TandemError {
  return new TandemError('TD4005', 'the server does not answer', {
    expected: `an answer within ${silenceMs / 1000} s`,
  });
}
