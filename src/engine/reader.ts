import type { Position, Positions, Transaction } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Source } from '../model/endpoint.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { Side } from '../model/policy.ts';
import type { Recogniser } from '../pipeline/recognise.ts';
import type { Recognised } from '../pipeline/recognised.ts';
import type { Timeline } from '../pipeline/timeline.ts';
import { Backoff, isWorthRetrying } from './backoff.ts';
import type { RetryDelays } from './limits.ts';

/** A marker of ours that the log must show by a certain place, or the state tables are hidden from it (self-test). */
export interface ExpectedMarker {
  readonly isSeen: () => boolean;
  readonly by: Position;
}

export interface ReaderOptions {
  readonly side: Side;
  readonly source: Source;
  readonly positions: Positions;
  readonly recogniser: Recogniser;
  readonly opposite: Timeline;
  readonly context: Context;
  readonly retries: RetryDelays;
  readonly start: Position;
  readonly markers: readonly ExpectedMarker[];
  /** Takes what a transaction turned out to be. Waits for the disk at most, never for an applier. */
  readonly deliver: (recognised: Recognised, transaction: Transaction) => Promise<void>;
}

/** One side's log, read from `start` to the end of the sync, across lost connections. */
export class Reader {
  readonly #options: ReaderOptions;
  /** Everything up to here was delivered. */
  #taken: Position;
  /** The same, but never in the middle of a transaction. */
  #whole: Position;
  #markers: readonly ExpectedMarker[];
  retrying = false;
  /** Until the first new transaction after a connection, what comes may have been taken already. */
  #mayRepeat = true;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#taken = options.start;
    this.#whole = options.start;
    this.#markers = options.markers;
  }

  /** Everything up to here has been read, also where the log held nothing of interest. */
  get position(): Position {
    const { positions, source } = this.#options;
    const silent = source.position();
    return positions.covers(silent, this.#taken) && this.#taken === this.#whole ? silent : this.#taken;
  }

  /** Runs until the signal fires. Throws TandemError of class history, schema, setup or internal. */
  async run(signal: AbortSignal): Promise<void> {
    const { context, side } = this.#options;
    const backoff = new Backoff(context, this.#options.retries, { side, stage: 'capture' });
    while (!signal.aborted) {
      try {
        await this.#readOn(signal, () => {
          this.retrying = false;
          backoff.reset();
        });
      } catch (thrown) {
        const error = asTandemError(thrown);
        if (signal.aborted) return;
        if (!isWorthRetrying(error)) throw error;
        this.retrying = true;
        await backoff.wait(error, signal).catch(() => undefined);
      }
    }
  }

  async #readOn(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const { source, positions, recogniser, opposite, deliver } = this.#options;
    this.#mayRepeat = true;
    for await (const transaction of source.read(this.#whole, signal)) {
      onProgress();
      // After a lost connection the parts of a giant transaction that were taken come again.
      if (this.#mayRepeat && positions.covers(this.#taken, transaction.position)) continue;
      this.#mayRepeat = false;
      this.#checkMarkers(transaction.position);
      const recognised = recogniser.take(transaction, opposite);
      this.#taken = transaction.position;
      if (transaction.last) this.#whole = transaction.position;
      await deliver(recognised, transaction);
    }
  }

  /** Also called when the log is silent: a marker may be missing without anything coming after it. */
  checkMarkers(): void {
    if (this.#markers.length > 0) this.#checkMarkers(this.position);
  }

  #checkMarkers(at: Position): void {
    if (this.#markers.length === 0) return;
    this.#markers = this.#markers.filter((marker) => !marker.isSeen());
    const { positions, side } = this.#options;
    const lost = this.#markers.find((marker) => positions.covers(at, marker.by) && at !== marker.by);
    if (lost === undefined) return;
    throw new TandemError('TD6008', `Tandem's own marker did not appear in the log of the ${side} side`, {
      expected: 'every write of tandem.checkpoint appears as a row change in the log',
      found: 'the log went past it without showing it',
      fix: 'Look for binlog_ignore_db, binlog_do_db, or a publication without the state tables (`tandem check`).',
      at: { side },
    });
  }
}
